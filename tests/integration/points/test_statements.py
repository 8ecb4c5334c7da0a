"""Statements of a real history: any period, also a past one, adds up and says what the entries say."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from kit.page import Page, PageRequest
from services.points import handlers
from services.points.domain.ledger.accounts import AccountKey, Entry
from services.points.domain.ledger.statement import Period, Statement
from tests.factories import points as make
from tests.integration.points.busy import buy, live, started
from tests.integration.points.conftest import TILL, Points

ALL = PageRequest(200)
TICK = timedelta(microseconds=1)


@pytest.fixture
def points(databases: Callable[[str], str]) -> Iterator[Points]:
    """The service at the beginning of a busy day."""
    with started(databases("points")) as found:
        yield found


def stated(
    points: Points, member_id: uuid.UUID, period: Period, page: PageRequest = ALL
) -> tuple[Statement, Page[Entry]]:
    reports = handlers.ReportHandlers(points.storage)
    return reports.get_statement(AccountKey(make.PROGRAM, member_id, "points"), period, page)


def history(points: Points, member_id: uuid.UUID) -> list[Entry]:
    return list(reversed(points.accounts.list_entries(make.PROGRAM, member_id, "points", ALL).items))


def test_any_period_of_a_busy_history_adds_up(points: Points) -> None:
    day = live(points)
    for member_id in (day.amina, day.bilal, day.carla):
        entries = history(points, member_id)
        instants = sorted({entry.recorded_at + step for entry in entries for step in (-TICK, TICK * 0, TICK)})
        for start, end in itertools.combinations(instants, 2):
            statement, page = stated(points, member_id, Period(start, end))
            before, within = among(entries, start, end)
            assert list(page.items) == within
            assert statement.opening == sum(entry.amount for entry in before)
            assert statement.opening + sum(entry.amount for entry in page.items) == statement.closing
            assert statement.closing == [0, *(entry.balance_after for entry in [*before, *within])][-1]
            assert sum(total.entries for total in statement.totals) == len(within)


def among(entries: list[Entry], start: datetime, end: datetime) -> tuple[list[Entry], list[Entry]]:
    before = [entry for entry in entries if entry.recorded_at < start]
    return before, [entry for entry in entries if start <= entry.recorded_at < end]


def test_pages_hold_the_movements_in_order_and_the_figures_of_the_whole_period(points: Points) -> None:
    day = live(points)
    period = Period(make.LONG_AGO, points.clock.now() + TICK)
    whole, page = stated(points, day.amina, period)
    found: list[Entry] = []
    wanted = PageRequest(2)
    while True:
        statement, part = stated(points, day.amina, period, wanted)
        assert statement == whole
        found += part.items
        if not part.next_token:
            break
        wanted = PageRequest(2, (str(part.items[-1].version),))
    assert found == list(page.items)
    assert [entry.version for entry in found] == sorted(entry.version for entry in found)


def test_a_late_receipt_changes_no_statement_of_the_past(points: Points) -> None:
    points.rule()
    member_id = points.member()
    buy(points, member_id, 1000)
    points.clock.advance(hours=1)
    past = Period(points.clock.now() - timedelta(hours=2), points.clock.now())
    before, movements = stated(points, member_id, past)

    points.clock.advance(hours=1)
    sale = make.a_sale(make.a_line(700), occurred_at=past.start + timedelta(minutes=1))
    points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()

    after, movements_after = stated(points, member_id, past)
    assert (replace(after, read_at=before.read_at), movements_after) == (before, movements)
    assert stated(points, member_id, Period(past.end, points.clock.now() + TICK))[0].closing == 17


def test_an_account_that_nobody_has_is_an_account_of_zeros(points: Points) -> None:
    statement, page = stated(points, uuid.uuid4(), Period(make.LONG_AGO, points.clock.now()))
    assert (statement.opening, statement.totals, statement.closing, page) == (0, (), 0, Page(()))


def test_the_account_of_another_program_is_not_shown(points: Points) -> None:
    day = live(points)
    key = AccountKey(uuid.uuid4(), day.amina, "points")
    period = Period(make.LONG_AGO, points.clock.now() + TICK)
    statement, page = handlers.ReportHandlers(points.storage).get_statement(key, period, ALL)
    assert (statement.closing, page.items) == (0, ())
