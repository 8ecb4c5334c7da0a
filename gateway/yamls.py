"""YAML as plain data, for those who keep a program beside their code.

What is read is what JSON could say, and no more: no anchors and aliases, which let a short text stand for a huge one,
no tags, which name types of a language, and words are words: only `true`, `false`, `null` and whole numbers are
something else (YAML 1.2, core schema), so that `no` stays the country and 12:30 the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from gateway import repeated
from gateway.refusals import MalformedYaml

YAML_TYPE = "application/yaml"
# RFC 9512 registers the first; the others were in use before.
YAML_TYPES = frozenset({YAML_TYPE, "application/x-yaml", "text/yaml", "text/x-yaml"})

DEPTH_MAX = 20
NODES_MAX = 100_000

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,30})")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}

# Both come with the library; that in C is many times as fast and not in every build of it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def read(content: bytes) -> Any:
    """What the only document in the text says, or MALFORMED_YAML."""
    try:
        return _Reader(yaml.parse(content.decode("utf-8-sig"), Loader=_LOADER)).document()
    except UnicodeDecodeError:
        raise MalformedYaml("the body is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        raise MalformedYaml(f"{_where(error.problem_mark)}{error.problem or 'is not YAML'}") from None
    except yaml.YAMLError:
        raise MalformedYaml("the body is not YAML") from None


def written(plain: Any, *, head: str = "") -> str:
    """The data as YAML, its fields in their order; `head` is a comment of one line."""
    text: str = yaml.dump(plain, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=120)
    return f"# {head}\n{text}" if head else text


class _Reader:
    """Builds data from the parser's events, within bounds."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._nodes = 0

    def document(self) -> Any:
        """The whole of the stream."""
        self._expect(yaml.StreamStartEvent)
        start = next(self._events)
        if isinstance(start, yaml.StreamEndEvent):
            return None
        value = self._node(next(self._events), 1)
        self._expect(yaml.DocumentEndEvent)
        self._expect(yaml.StreamEndEvent)
        return value

    def _expect(self, kind: type[Any]) -> None:
        event = next(self._events)
        if not isinstance(event, kind):
            raise MalformedYaml(f"{_where(event.start_mark)}only one document is read")

    def _node(self, event: Any, depth: int) -> Any:
        if depth > DEPTH_MAX:
            raise MalformedYaml(f"{_where(event.start_mark)}at most {DEPTH_MAX} levels are read")
        self._count(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(depth)
        return _scalar(event)

    def _count(self, event: Any) -> None:
        """Counts a value or a name among the nodes, and refuses what JSON could not say."""
        self._nodes += 1
        if self._nodes > NODES_MAX:
            raise MalformedYaml(f"at most {NODES_MAX:,} values are read")
        self._refuse_features(event)

    @staticmethod
    def _refuse_features(event: Any) -> None:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise MalformedYaml(f"{_where(event.start_mark)}anchors and aliases are not read")
        if event.tag is not None:
            raise MalformedYaml(f"{_where(event.start_mark)}tags are not read")

    def _mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        names: set[str] = set()
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            name = self._name(event, names)
            found[name] = self._node(next(self._events), depth + 1)
        return found

    def _name(self, event: Any, names: set[str]) -> str:
        """A field's name. Only a word is read at all: what is no word may go down for ever without being a value."""
        if isinstance(event, yaml.AliasEvent):
            self._refuse_features(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise MalformedYaml(f"{_where(event.start_mark)}a field's name must be a word")
        self._count(event)
        name: str = event.value
        if repeated.canonical(name) in names:
            raise MalformedYaml(f"{_where(event.start_mark)}{repeated.sentence(name)}")
        names.add(repeated.canonical(name))
        return name

    def _sequence(self, depth: int) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._node(event, depth + 1))
        return found


def _scalar(event: yaml.ScalarEvent) -> Any:
    text = event.value
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text


def _where(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
