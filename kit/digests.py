"""Digests of what requests say, to compare two of them without keeping either.

Two requests are the same when they say the same, however they say it. So a digest omits what carries no meaning:

* a field that says no more than its default, at any depth: what was digested before a field with a default was added
  has the digest that it has now, and a default, once given, stays;
* the order of a list, at any depth: lines, tenders and refunds of a receipt have none, nor have names that a rule
  includes. What a list holds twice counts twice;
* parts of a second: a till may send a receipt at once with them and again from a table that keeps whole seconds.

Digests that were made before the last two were left out are compared by `digests_in_order`.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

import orjson

from kit.adapters import adapter_of

# Brings a value as it is dumped into the one form in which it is compared; None where it has one form only.
_Form: TypeAlias = Callable[[Any], Any] | None

_PART_OF_A_SECOND = re.compile(r"\.[0-9]+")


def field_digests(value: object, *, without: tuple[str, ...] = (), key: bytes = b"") -> dict[str, str]:
    """A short digest of each field of a dataclass of plain values."""
    kind: Any = type(value)
    form = _form_of(kind)
    content = _content(value)
    return _digests(form(content) if form else content, without, key)


def digests_in_order(value: object, *, without: tuple[str, ...] = (), key: bytes = b"") -> dict[str, str]:
    """The same for which the order of lists and parts of a second count, as they once did for all digests."""
    return _digests(_content(value), without, key)


def differing_fields(one: dict[str, str], *spellings: dict[str, str]) -> list[str]:
    """The names of the fields whose digests in `one` are those of none of the spellings of the other, sorted."""
    names = one.keys() | {name for spelling in spellings for name in spelling}
    return sorted(name for name in names if all(one.get(name) != spelling.get(name) for spelling in spellings))


def _content(value: object) -> dict[str, Any]:
    content: dict[str, Any] = adapter_of(type(value)).dump_python(value, mode="json", exclude_defaults=True)
    return content


def _digests(content: dict[str, Any], without: tuple[str, ...], key: bytes) -> dict[str, str]:
    return {
        name: hashlib.blake2b(_text(part), digest_size=12, key=key).hexdigest()
        for name, part in content.items()
        if name not in without
    }


def _text(part: object) -> bytes:
    return orjson.dumps(part, option=orjson.OPT_SORT_KEYS)


# ---- The one form of what has several --------------------------------------------------------------------------------


@functools.cache
def _form_of(kind: Any) -> _Form:
    """Found from the type, once: long receipts have tens of thousands of values."""
    if kind is datetime:
        return _whole_seconds
    if dataclasses.is_dataclass(kind):
        return _form_of_fields((kind,))
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (list, set, frozenset, Sequence) or (origin is tuple and arguments[-1] is Ellipsis):
        return functools.partial(_in_any_order, _form_of(arguments[0]))
    if origin in (dict, Mapping):
        each = _form_of(arguments[1])
        return each and functools.partial(_of_values, each)
    if origin in (Union, types.UnionType):
        return _form_of_any(tuple(each for each in arguments if each is not types.NoneType))
    return None


def _form_of_any(kinds: tuple[Any, ...]) -> _Form:
    form = _form_of(kinds[0]) if len(kinds) == 1 else _form_of_fields(tuple(filter(dataclasses.is_dataclass, kinds)))
    return form and functools.partial(_if_there, form)


def _form_of_fields(kinds: tuple[Any, ...]) -> _Form:
    forms = {name: form for kind in kinds for name, of in get_type_hints(kind).items() if (form := _form_of(of))}
    return functools.partial(_of_fields, forms) if forms else None


def _whole_seconds(instant: str) -> str:
    return _PART_OF_A_SECOND.sub("", instant)


def _in_any_order(form: _Form, items: list[Any]) -> list[Any]:
    formed = list(map(form, items)) if form else items
    return sorted(formed, key=_text) if len(formed) > 1 else formed


def _of_values(form: Callable[[Any], Any], values: dict[str, Any]) -> dict[str, Any]:
    return {name: form(value) for name, value in values.items()}


def _of_fields(forms: dict[str, Callable[[Any], Any]], content: dict[str, Any]) -> dict[str, Any]:
    return content | {name: form(content[name]) for name, form in forms.items() if name in content}


def _if_there(form: Callable[[Any], Any], value: Any) -> Any:
    return None if value is None else form(value)
