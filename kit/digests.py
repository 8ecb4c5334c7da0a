"""Digests of what requests say, to compare two of them without keeping either.

Two requests are the same when they say the same, however they say it. So a digest leaves out what says nothing:

* a field that says no more than its default, at any depth: what was digested before a field with a default was added
  has the digest that it has now, and a default, once given, stays;
* the order of a list, at any depth: lines, tenders and refunds of a receipt have none, nor have names that a rule
  includes. What a list holds twice counts twice;
* parts of a second: a till may send a receipt at once with them and again from a table that keeps whole seconds.

Digests that were made before the last two were left out are compared by `digests_in_order`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import orjson
from pydantic_core import to_jsonable_python

from kit.adapters import adapter_of

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


def field_digests(value: object, *, without: tuple[str, ...] = (), key: bytes = b"") -> dict[str, str]:
    """A short digest of each field of a dataclass of plain values."""
    content = adapter_of(type(value)).dump_python(value, exclude_defaults=True)
    return {name: _digest(_comparable(part), key) for name, part in content.items() if name not in without}


def digests_in_order(value: object, *, without: tuple[str, ...] = (), key: bytes = b"") -> dict[str, str]:
    """The same for which the order of lists and parts of a second count, as they once did for all digests."""
    content = adapter_of(type(value)).dump_python(value, mode="json", exclude_defaults=True)
    return {name: _digest(part, key) for name, part in content.items() if name not in without}


def differing_fields(one: dict[str, str], *spellings: dict[str, str]) -> list[str]:
    """The names of the fields whose digests in `one` are those of none of the spellings of the other, sorted."""
    names = one.keys() | {name for spelling in spellings for name in spelling}
    return sorted(name for name in names if all(one.get(name) != spelling.get(name) for spelling in spellings))


def _digest(part: object, key: bytes) -> str:
    return hashlib.blake2b(_text(part), digest_size=12, key=key).hexdigest()


def _text(part: object) -> bytes:
    return orjson.dumps(part, default=to_jsonable_python, option=_OPTIONS)


def _comparable(part: Any) -> Any:
    """The part in the one form that it has whatever order and which part of a second it came with."""
    if isinstance(part, dict):
        return {name: _comparable(each) for name, each in part.items()}
    if isinstance(part, (list, tuple, set, frozenset)):
        return sorted(map(_comparable, part), key=_text)
    if isinstance(part, datetime):
        return part.replace(microsecond=0)
    return part
