"""Limits hold however many tills sell at the same moment, through two processes' worth of writers on one database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg.errors
import pytest
import sqlalchemy as sa

from services.points.batch import BatchContext, ReferencedAnswer
from services.points.domain.earning.limits import Limit, LimitPolicy, LimitScope, LimitSpan, LimitUnit
from services.points.domain.sales.purchases import RecordPurchase
from services.points.handlers.sales.purchases import PurchaseFound, PurchasePlan, RecordPurchaseOperation
from tests.factories import points as make
from tests.fixtures.waiting import wait_until, waiting_for_locks
from tests.integration.points.batches import writer
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.counted import a_sale, buy, limit, total
from tests.integration.points.processes import Process, two_processes

CLIENTS = 64
PROGRAM, STORE = LimitScope.PROGRAM, LimitScope.STORE


class Deciding(RecordPurchaseOperation):
    """A purchase that stays between its decision and its writing until the test lets it go on."""

    def __init__(self, wish: RecordPurchase) -> None:
        super().__init__(wish, wish)
        self.decided, self.go_on = threading.Event(), threading.Event()

    def judge(self, context: BatchContext, plan: PurchasePlan) -> PurchaseFound:
        found = super().judge(context, plan)
        self.decided.set()
        assert self.go_on.wait(60)
        return found


def wait_until_somebody_waits(points: Points, *pending: Future[Any]) -> None:
    """Until a transaction waits for the lock of another; whoever has finished did not wait."""

    def somebody_waits() -> bool:
        found = waiting_for_locks(points.engine)
        assert found or not any(each.done() for each in pending), "the limit was decided on while another was deciding"
        return bool(found)

    wait_until(somebody_waits, what="a transaction waits for another's lock")


def at_once(points: Points, sell: Callable[[Process, int], tuple[int, str]]) -> list[int]:
    """What each of 64 clients gave, all starting at the same moment."""
    barrier = threading.Barrier(CLIENTS)
    with two_processes(points) as processes, ThreadPoolExecutor(CLIENTS) as pool:

        def client(number: int) -> int:
            barrier.wait()
            return sell(processes[number % 2], number)[0]

        return list(pool.map(client, range(CLIENTS)))


@pytest.fixture(autouse=True)
def _nobody_waits_in_a_circle(points: Points) -> Iterator[None]:
    deadlocks: list[BaseException] = []

    def note(context: sa.engine.ExceptionContext) -> None:
        if isinstance(context.original_exception, psycopg.errors.DeadlockDetected):
            deadlocks.append(context.original_exception)

    sa.event.listen(points.engine, "handle_error", note)
    yield
    assert deadlocks == []


@pytest.mark.parametrize("scope", [LimitScope.MEMBER, PROGRAM, STORE])
@pytest.mark.parametrize("unit", LimitUnit)
def test_who_decides_on_a_limit_decides_alone(points: Points, scope: LimitScope, unit: LimitUnit) -> None:
    points.rule(limits=(limit(25 if unit is LimitUnit.POINTS else 2, scope, unit=unit),))
    one = points.member()
    other = one if scope is LimitScope.MEMBER else points.member()
    for member_id in {one, other}:
        points.give(member_id, 1)
    buy(points, one, a_sale())
    first, second = (Deciding(make.record_purchase(member_id, a_sale())) for member_id in (one, other))
    second.go_on.set()
    with writer(points) as here, writer(points) as there, ThreadPoolExecutor(2) as pool:
        deciding = pool.submit(here.submit, TILL, first)
        assert first.decided.wait(60)
        waiting = pool.submit(there.submit, TILL, second)
        try:
            wait_until_somebody_waits(points, waiting)
        finally:
            first.go_on.set()
        found = [future.result(60).unwrap() for future in (deciding, waiting)]
    earned = [each.answer.purchase.points_earned for each in found if isinstance(each, ReferencedAnswer)]
    assert earned == [10, 5 if unit is LimitUnit.POINTS else 0]


def test_the_last_hundred_points_of_a_budget_are_given_once(points: Points) -> None:
    points.rule(limits=(limit(1_000, PROGRAM, LimitSpan.MONTH),))
    buy(points, points.member(), a_sale(900))
    members = [points.member() for _ in range(CLIENTS)]

    # Receipts of 7 do not divide 100: somebody is given what is left.
    given = at_once(points, lambda process, number: process.sell(members[number], 7))

    assert (sum(given), given.count(7), given.count(2)) == (100, 14, 1)
    assert total(points, PROGRAM) == 1_000


def test_a_budget_that_refuses_parts_is_never_exceeded(points: Points) -> None:
    points.rule(limits=(limit(100, PROGRAM, LimitSpan.YEAR),), limit_policy=LimitPolicy.REFUSE)
    members = [points.member() for _ in range(CLIENTS)]
    given = at_once(points, lambda process, number: process.sell(members[number], 7))
    assert (sum(given), total(points, PROGRAM)) == (98, 98)


def test_the_last_hundred_points_of_a_member_s_cap_are_given_once(points: Points) -> None:
    points.rule(limits=(limit(1_000),))
    member_id = points.member()
    buy(points, member_id, a_sale(900))

    given = at_once(points, lambda process, _: process.sell(member_id, 7))

    assert sum(given) == 100
    assert (points.account(member_id).posted, total(points, LimitScope.MEMBER)) == (1_000, 1_000)


def test_a_budget_of_ten_purchases_is_ten_purchases(points: Points) -> None:
    points.rule(limits=(Limit(PROGRAM, LimitSpan.EVER, LimitUnit.PURCHASES, 10),))
    members = [points.member() for _ in range(CLIENTS)]
    given = at_once(points, lambda process, number: process.sell(members[number], 7))
    assert (given.count(7), given.count(0), total(points, PROGRAM)) == (10, CLIENTS - 10, 10)


@pytest.mark.parametrize("unit", LimitUnit)
def test_goods_that_come_back_meanwhile_never_let_one_more_through(points: Points, unit: LimitUnit) -> None:
    points.rule(limits=(limit(100 if unit is LimitUnit.POINTS else 10, PROGRAM, unit=unit),))
    members = [points.member() for _ in range(CLIENTS)]

    # Every other client brings back at once what it bought; the database holds the limit at every moment.
    given = at_once(points, lambda process, number: process.sell(members[number], 7 + number % 2 * 2))

    left = sum(given) if unit is LimitUnit.POINTS else sum(1 for points_left in given if points_left)
    assert left == total(points, PROGRAM) <= 100
    assert sum(points.account(member_id).posted for member_id in members) == sum(given)


def test_counters_of_many_kinds_are_opened_in_one_order(points: Points) -> None:
    scopes = (LimitScope.MEMBER, LimitScope.MEMBER_AND_CASHIER, PROGRAM, STORE)
    for scope in scopes:
        points.rule(limits=(limit(60, scope), limit(90, scope, LimitSpan.EVER)))
    members = [points.member() for _ in range(8)]
    stores = ["S1", "S2", "S3", "S4"]

    given = at_once(
        points, lambda process, number: process.sell(members[number * 5 % 8], 7 + number % 3, stores[number % 4])
    )

    assert sum(points.account(member_id).posted for member_id in members) == sum(given)
    # Two limits of the rule count the same points, the day's being the tighter.
    assert 0 < total(points, PROGRAM) <= 2 * 60
