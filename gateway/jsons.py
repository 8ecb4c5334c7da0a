"""JSON as plain data, read strictly: RFC 8259 in UTF-8, within a depth, and each name once in an object (I-JSON).

A byte order mark before it is ignored, as RFC 8259 (8.1) lets a reader do: .NET and PowerShell put one there.
"""

from __future__ import annotations

import codecs
import json
from typing import Any

import orjson

from gateway import repeated
from gateway.refusals import MalformedJson

DEPTH_MAX = 32


def read(content: bytes) -> Any:
    """What the text says, or MALFORMED_JSON."""
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise MalformedJson("the body is not JSON in UTF-8") from None
    _refuse_depth(content, found)
    # The strict reader keeps the last of two equal names and the other one tells of both, so both read.
    _PAIRS.decode(content.decode())
    return found


def _refuse_depth(content: bytes, found: Any) -> None:
    """Refuses what goes too deep: readers after this one follow it by calling themselves."""
    if content.count(b"{") + content.count(b"[") <= DEPTH_MAX:
        return
    level = [found]
    for _ in range(DEPTH_MAX):
        level = [part for each in level for part in _parts(each) if isinstance(part, dict | list)]
        if not level:
            return
    raise MalformedJson(f"at most {DEPTH_MAX} levels are read", levels_max=DEPTH_MAX)


def _parts(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _object(pairs: list[tuple[str, Any]]) -> None:
    names = {name for name, _ in pairs}
    text = "".join(names)
    if len(names) == len(pairs) and text.isascii() and text.isprintable() and " " not in text:
        return
    seen: set[str] = set()
    for name, _ in pairs:
        key = repeated.canonical(name)
        if key in seen:
            raise MalformedJson(repeated.sentence(name))
        seen.add(key)


_PAIRS = json.JSONDecoder(object_pairs_hook=_object)
