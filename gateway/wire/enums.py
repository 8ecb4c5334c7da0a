"""Proto enums as words: MEMBER_STATUS_EARN_ONLY is "earn_only"; the zero value is no word at all."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    # The generic name exists for type checkers alone.
    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper

Number = TypeVar("Number", bound=int)


def word_of(enum: _EnumTypeWrapper[Number], number: int) -> Any:
    """The word for a number; raises KeyError for one that this version of the contract does not know.

    The type is open because each model spells its words out as a Literal; a test holds them against the enums.
    """
    return _words(enum)[number]


def number_of(enum: _EnumTypeWrapper[Number], word: str) -> Number:
    """The number for a word."""
    number: Number = _numbers(enum)[word]
    return number


@functools.cache
def _words(enum: _EnumTypeWrapper[Number]) -> dict[int, str]:
    return {number: word for word, number in _numbers(enum).items()}


@functools.cache
def _numbers(enum: _EnumTypeWrapper[Number]) -> dict[str, Number]:
    prefix = enum.Name(enum.values()[0]).removesuffix("UNSPECIFIED")
    return {name.removeprefix(prefix).lower(): number for name, number in enum.items() if number != 0}
