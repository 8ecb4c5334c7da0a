"""What people wrote stands where it was written for, and in no copy.

A field of a dataclass that is marked with `FREE_TEXT` is left out wherever a value is stored a second time, such as in
the answer that a retry is given: the copy would stay when the original is taken away with the person whom it is about.
The reader of a copy puts the text back from the original, or from the command, which says the same again.
"""

from __future__ import annotations

import dataclasses
import functools
import typing
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from kit.texts import FREE_TEXT

Value = TypeVar("Value")

_MARK = next(iter(FREE_TEXT))


def without_free_text(value: Value) -> Value:
    """The value with every marked text in it empty; the very same object where there is none."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    parts = _parts(type(value))
    if not parts:
        return value
    return dataclasses.replace(value, **{name: _left_out(value, name, marked) for name, marked in parts.items()})


def _left_out(value: Any, name: str, marked: bool) -> Any:
    part = getattr(value, name)
    if marked:
        return ""
    return tuple(map(without_free_text, part)) if isinstance(part, tuple) else without_free_text(part)


@functools.cache
def _parts(kind: Any) -> Mapping[str, bool]:
    """The fields of a dataclass that are marked (True), or whose own dataclass has such fields (False)."""
    hints = typing.get_type_hints(kind)
    found: dict[str, bool] = {}
    for field in dataclasses.fields(kind):
        if field.metadata.get(_MARK):
            found[field.name] = True
        elif any(_parts(each) for each in _dataclasses_in(hints[field.name])):
            found[field.name] = False
    return MappingProxyType(found)


def _dataclasses_in(hint: Any) -> list[Any]:
    """The dataclasses that a field holds, may hold (`X | None`), or holds many of (`tuple[X, ...]`)."""
    kinds = [hint, *typing.get_args(hint)]
    return [each for each in kinds if isinstance(each, type) and dataclasses.is_dataclass(each)]
