"""Opening balance and movements are the closing balance, for any history and any cut in time."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given

from services.points.domain.ledger.accounts import Entry, EntryKind
from services.points.domain.ledger.statement import KindTotal, Period, Statement, statement_of
from tests.unit.services.points.domain.histories import entries_of, histories, periods, sums_of
from tests.unit.services.points.domain.opened import KEY, NOW

HOUR = timedelta(hours=1)


def stated(entries: list[Entry], period: Period) -> Statement:
    return statement_of(KEY, period, sums_of(entries, period), NOW)


@given(entries=histories, period=periods)
def test_opening_and_movements_are_closing(entries: list[Entry], period: Period) -> None:
    statement = stated(entries, period)
    movements = [entry.amount for entry in entries if period.holds(entry.recorded_at)]
    assert statement.opening + sum(movements) == statement.closing
    assert statement.closing == sum(entry.amount for entry in entries if entry.recorded_at < period.end)
    assert sum(total.entries for total in statement.totals) == len(movements)


@given(entries=histories, period=periods, cut=periods)
def test_a_period_cut_in_two_says_the_same(entries: list[Entry], period: Period, cut: Period) -> None:
    if not period.start < cut.start < period.end:
        cut = Period(period.start + (period.end - period.start) / 2, cut.end)
    whole = stated(entries, period)
    first = stated(entries, Period(period.start, cut.start))
    second = stated(entries, Period(cut.start, period.end))
    assert (first.opening, first.closing, second.closing) == (whole.opening, second.opening, whole.closing)


def test_an_entry_of_the_first_instant_is_in_and_one_of_the_last_is_not() -> None:
    moves = [((EntryKind.EARN, 5), NOW), ((EntryKind.SPEND, -2), NOW + HOUR), ((EntryKind.EARN, 7), NOW + 2 * HOUR)]
    statement = stated(entries_of(moves), Period(NOW + HOUR, NOW + 2 * HOUR))
    assert (statement.opening, statement.closing) == (5, 3)
    assert statement.totals == (KindTotal(EntryKind.SPEND, 1, 0, 2),)


def test_totals_tell_what_was_given_from_what_was_taken() -> None:
    moves = [((EntryKind.ADJUSTMENT, 5), NOW), ((EntryKind.ADJUSTMENT, -2), NOW), ((EntryKind.EARN, 1), NOW)]
    statement = stated(entries_of(moves), Period(NOW, NOW + HOUR))
    assert statement.totals == (KindTotal(EntryKind.EARN, 1, 1, 0), KindTotal(EntryKind.ADJUSTMENT, 2, 5, 2))


def test_an_account_without_entries_has_an_empty_statement() -> None:
    statement = stated([], Period(NOW, NOW + HOUR))
    assert (statement.opening, statement.totals, statement.closing) == (0, (), 0)
