"""The list at the head of the refusals is whole and in the words that callers see."""

from __future__ import annotations

import inspect

from kit.errors import Refusal
from services.members.domain import errors


def test_the_list_of_reasons_names_every_refusal_and_its_kind() -> None:
    refusals = [
        each
        for _, each in inspect.getmembers(errors, inspect.isclass)
        if issubclass(each, Refusal) and each.__module__ == errors.__name__
    ]
    listed = [line.split() for line in (errors.__doc__ or "").splitlines() if line.startswith("    ")]
    assert sorted(map(tuple, listed)) == sorted((each.reason, each.__mro__[1].__name__) for each in refusals)
