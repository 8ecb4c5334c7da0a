"""Two sorted streams side by side, and what stays in several readings."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wafa.checker.prove import CheckReport
from wafa.checker.snapshot import DatabaseSnapshot, SnapshotError, lasting, side_by_side


def pairs(left: Iterable[int], right: Iterable[int]) -> list[tuple[int | None, int | None]]:
    return list(side_by_side(left, right, lambda key: key, lambda key: key))


def test_rows_of_one_key_stand_side_by_side() -> None:
    assert pairs([1, 2, 4], [2, 3, 4, 5]) == [(1, None), (2, 2), (None, 3), (4, 4), (None, 5)]


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_no_row_is_left_out_and_none_comes_twice(left: set[int], right: set[int]) -> None:
    found = pairs(sorted(left), sorted(right))
    assert [one for one, _ in found if one is not None] == sorted(left)
    assert [other for _, other in found if other is not None] == sorted(right)
    assert all(one == other for one, other in found if one is not None and other is not None)


def test_what_time_mends_is_no_finding() -> None:
    pauses: list[int] = []
    readings = iter([frozenset("ab"), frozenset("bc"), frozenset("b")])
    assert lasting(readings, lambda: pauses.append(1)) == frozenset("b")
    assert lasting(iter([frozenset("a"), frozenset("b"), frozenset("a")]), lambda: None) == frozenset()


def test_nothing_found_is_not_looked_at_again() -> None:
    pauses: list[int] = []
    assert lasting(iter([frozenset[str](), frozenset("a")]), lambda: pauses.append(1)) == frozenset()
    assert pauses == []


def test_a_check_that_read_nothing_proves_nothing() -> None:
    assert not CheckReport({"members": 0}, {"points": ()}, behind=0).holds
    assert CheckReport({"members": 1}, {"points": ()}, behind=0).holds


def test_an_unreachable_database_is_reported_without_its_password() -> None:
    with pytest.raises(SnapshotError, match="The database of points cannot be reached") as refusal:
        DatabaseSnapshot({"points": "postgresql+psycopg://points:hush@127.0.0.1:1/points"}).__enter__()
    assert "hush" not in str(refusal.value)
