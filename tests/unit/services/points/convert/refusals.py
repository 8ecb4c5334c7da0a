"""A request with one thing wrong is refused by the path of that thing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.message import Message

from kit.errors import Invalid

PART = re.compile(r"(\w+)(?:\[(\d+)\])?")

# What no field that must have a text takes: nothing, white space, a line end, what PostgreSQL cannot hold, what no one
# sees.
NOT_A_LINE = ["", "   ", "a\nb", "a\0b", "\u200b\ufeff"]
NOT_A_UUID = ["", "x", "{0b8f3c52-9c6e-4f5e-8a53-0d6a7f2f9d11}", "0b8f3c529c6e4f5e8a530d6a7f2f9d11"]
NOT_A_KEY = ["", "a b", "ü", "x" * 256]
NOT_A_CURRENCY = ["", "gbp", "XXZ", "£"]


def length(most: int, *, least: int = 1) -> list[str]:
    """Texts that a field of `least` to `most` characters does not take."""
    return ["x" * (most + 1), "a\0b", *(["", "   "] if least else [])]


def outside(least: int, most: int) -> list[int]:
    """Numbers just beyond both bounds."""
    return [least - 1, most + 1]


def changed(request: Message, path: str, value: Any) -> Message:
    """The request with `value` at `path`, written as refusals write it: `sale.lines[0].sku`."""
    *way, last = path.split(".")
    target: Any = request
    for part in way:
        name, index = parsed(part)
        target = getattr(target, name) if index is None else getattr(target, name)[index]
    name, index = parsed(last)
    if index is None:
        setattr(target, name, value)
    else:
        getattr(target, name)[index] = value
    return request


def parsed(part: str) -> tuple[str, int | None]:
    found = PART.fullmatch(part)
    assert found is not None
    return found[1], None if found[2] is None else int(found[2])


def expect_refused(convert: Callable[[Any], object], request: Message, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        convert(request)
    assert refused.value.field == field


def cases(bounds: dict[str, list[Any]]) -> list[Any]:
    """Every (path, value) as a parameter of a test."""
    return [
        pytest.param(path, value, id=f"{path}-{number}")
        for path, values in bounds.items()
        for number, value in enumerate(values)
    ]
