"""Batches and the queue before them, on the real database."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from kit.bounds import LINES_MAX
from kit.database import DatabaseContended
from kit.idempotency import Outcome
from services.points import tables
from services.points.batch import (
    BatchContext,
    DirectCommitter,
    GroupCommitter,
    Operation,
    Plan,
    Reads,
    Rulebook,
    ref_of,
)
from services.points.conditions import CelConditions
from services.points.domain.commands import AdjustmentAnswer, AdjustPoints
from services.points.domain.errors import InsufficientBalance, LedgerBusy
from services.points.handlers.ledger.accounts import AdjustPointsOperation
from services.points.handlers.ledger.holds import PlaceHoldOperation
from services.points.handlers.sales.purchases import RecordPurchaseOperation
from tests.factories import points as make
from tests.integration.points.batches import writer
from tests.integration.points.conftest import TILL, Points


class Failing(AdjustPointsOperation):
    """An operation with a fault of ours: it changes the book and then falls over."""

    def judge(self, context: BatchContext, plan: Plan) -> AdjustmentAnswer:
        super().judge(context, plan)
        raise ZeroDivisionError


class Gate:
    """An operation that keeps the writer busy until the test lets it go."""

    command = None
    answer_type = bool

    def __init__(self) -> None:
        self.reads = Reads(make.PROGRAM)
        self.reached, self.open = threading.Event(), threading.Event()

    def plan(self, context: BatchContext) -> Plan:
        self.reached.set()
        assert self.open.wait(60)
        return Plan(())

    def judge(self, context: BatchContext, plan: Plan) -> bool:
        return True


class Long:
    """An operation that judges so many lines, and keeps the context on which it did."""

    command = None
    answer_type = bool

    def __init__(self, member_id: uuid.UUID, lines: int) -> None:
        self.reads = Reads(make.PROGRAM, member_id, lines=lines)

    def plan(self, context: BatchContext) -> Plan:
        return Plan(())

    def judge(self, context: BatchContext, plan: Plan) -> bool:
        self.context = context
        return True


@contextmanager
def busy(grouped: GroupCommitter) -> Iterator[None]:
    """Keeps the writer busy, so that what is submitted in the block has to wait and then forms one batch."""
    gate = Gate()
    thread = threading.Thread(target=grouped.submit, args=(TILL, gate))
    thread.start()
    assert gate.reached.wait(60)
    try:
        yield
    finally:
        gate.open.set()
        thread.join()


def known(points: Points) -> uuid.UUID:
    """A member with a member already, since bare operations do not ask for one."""
    member_id = points.member()
    points.give(member_id, 1)
    return member_id


def give(member_id: uuid.UUID, amount: int) -> AdjustPoints:
    return make.adjust_points(member_id, amount)


def test_a_refused_operation_fails_alone(points: Points) -> None:
    one, other = known(points), known(points)
    operations = [
        AdjustPointsOperation(give(one, 5)),
        AdjustPointsOperation(give(other, -99)),
        AdjustPointsOperation(give(one, 7)),
    ]

    first, refused, last = points.committer.submit_all(TILL, operations)

    assert isinstance(first, Outcome)
    assert isinstance(last, Outcome)
    assert isinstance(refused, Outcome)
    with pytest.raises(InsufficientBalance):
        refused.unwrap()
    assert (points.account(one).posted, points.account(other).posted) == (13, 1)


def test_operations_of_a_batch_see_what_those_before_them_did(points: Points) -> None:
    member_id = known(points)
    wishes: list[Operation[Any, object]] = [
        AdjustPointsOperation(give(member_id, 10)),
        PlaceHoldOperation(make.place_hold(member_id, 11)),
        PlaceHoldOperation(make.place_hold(member_id, 1)),
    ]
    given, held, refused = points.committer.submit_all(TILL, wishes)

    assert isinstance(given, Outcome)
    assert isinstance(held, Outcome)
    assert held.refusal is None
    assert isinstance(refused, Outcome)
    assert isinstance(refused.refusal, InsufficientBalance)
    assert points.account(member_id).held == 11


def test_a_faulty_operation_does_not_take_its_neighbours_with_it(points: Points) -> None:
    one, other = known(points), known(points)

    good, bad = points.committer.submit_all(TILL, [AdjustPointsOperation(give(one, 5)), Failing(give(other, 5))])

    assert isinstance(good, Outcome)
    assert isinstance(bad, ZeroDivisionError)
    assert (points.account(one).posted, points.account(other).posted) == (6, 1)


def test_whoever_holds_a_lock_is_waited_for_twice_and_no_more(points: Points) -> None:
    free, *stuck = (known(points) for _ in range(4))
    begun = []

    @sa.event.listens_for(points.storage.engine, "begin")
    def begins(connection: sa.Connection) -> None:
        begun.append(connection)
        connection.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")

    operations = [AdjustPointsOperation(give(member_id, 5)) for member_id in (free, *stuck)]
    with points.engine.begin() as other:
        other.execute(sa.select(tables.accounts).where(tables.accounts.c.member_id.in_(stuck)).with_for_update())
        begun.clear()
        done, *failed = points.committer.submit_all(TILL, operations)
    sa.event.remove(points.storage.engine, "begin", begins)

    assert isinstance(done, Outcome)
    assert [type(result) for result in failed] == [DatabaseContended] * 3
    # The batch, the one that is free, and the first that is not: each of the others would have waited as long.
    assert len(begun) == 3
    assert [points.account(member_id).posted for member_id in (free, *stuck)] == [6, 1, 1, 1]


def test_one_receipt_twice_in_one_call_earns_once(points: Points) -> None:
    points.rule()
    member_id, sale = known(points), make.a_sale()
    wishes = [make.record_purchase(member_id, sale) for _ in range(2)]

    first, again = points.committer.submit_all(TILL, [RecordPurchaseOperation(wish, wish) for wish in wishes])

    assert isinstance(first, Outcome)
    assert isinstance(again, Outcome)
    assert [ref_of(each.unwrap()).recorded_before for each in (first, again)] == [False, True]
    assert points.account(member_id).posted == 11


def test_a_member_s_operations_keep_their_order_though_one_has_to_wait(points: Points) -> None:
    points.rule()
    member_id, sale = known(points), make.a_sale(make.a_line(500))
    first, again = (make.record_purchase(member_id, sale) for _ in range(2))
    spend = make.adjust_points(member_id, -6)

    results = points.committer.submit_all(
        TILL,
        [
            RecordPurchaseOperation(first, first),
            RecordPurchaseOperation(again, again),
            AdjustPointsOperation(spend),
            AdjustPointsOperation(give(member_id, 1)),
        ],
    )

    assert not any(isinstance(result, Exception) or result.refusal for result in results)
    assert points.account(member_id).posted == 1


def test_a_full_queue_turns_away_at_once(points: Points) -> None:
    member_id = known(points)
    with writer(points, queue_max=2) as grouped, busy(grouped):
        with pytest.raises(LedgerBusy) as refused:
            grouped.submit_all(TILL, [AdjustPointsOperation(give(member_id, 1)) for _ in range(3)])
        assert int(refused.value.metadata["retry_after_ms"]) > 0
    assert points.account(member_id).posted == 1


def test_the_queue_is_as_long_as_what_is_written_within_the_wait(points: Points) -> None:
    grouped = GroupCommitter(
        points.storage, Rulebook(10, CelConditions()), batch_max=4, queue_max=1_000, queue_wait_s=1.0
    )
    assert grouped._room() == 1_000
    for each_s, room in ((0.05, 20), (0.5, 8), (0.0, 9)):
        for _ in range(200):
            grouped._keep_pace(each_s)
        assert grouped._room() in range(room - 1, 1_001 if each_s == 0 else room + 2)


def test_who_stops_waiting_leaves_nothing_behind(points: Points) -> None:
    member_id = known(points)
    with writer(points) as impatient, busy(impatient), pytest.raises(LedgerBusy):
        impatient._queue_wait_s = 0
        impatient.submit(TILL, AdjustPointsOperation(give(member_id, 5)))
    assert points.account(member_id).posted == 1


def test_several_writers_and_single_ones_agree_on_one_hot_member(points: Points) -> None:
    points.rule()
    member_id, clients, rounds = known(points), 12, 5
    with writer(points) as one, writer(points) as other:
        committers = (one, other, DirectCommitter(points.storage, Rulebook(10, CelConditions())))

        def client(number: int) -> int:
            done = 0
            for _ in range(rounds):
                wish = make.record_purchase(member_id)
                outcome = committers[number % 3].submit(TILL, RecordPurchaseOperation(wish, wish))
                done += not ref_of(outcome.unwrap()).recorded_before
            return done

        with ThreadPoolExecutor(clients) as pool:
            assert sum(pool.map(client, range(clients))) == clients * rounds

    account = points.account(member_id)
    assert (account.posted, account.version) == (1 + 10 * clients * rounds, 1 + clients * rounds)


def test_two_writers_opening_the_same_accounts_do_not_wait_in_a_circle(points: Points) -> None:
    members = [known(points) for _ in range(20)]
    with writer(points) as one, writer(points) as other:

        def upwards(_: int) -> list[object]:
            return list(one.submit_all(TILL, [AdjustPointsOperation(give(member_id, 1)) for member_id in members]))

        def downwards(_: int) -> list[object]:
            return list(
                other.submit_all(TILL, [AdjustPointsOperation(give(member_id, 1)) for member_id in reversed(members)])
            )

        with ThreadPoolExecutor(8) as pool:
            for future in [pool.submit(way, 0) for _ in range(8) for way in (upwards, downwards)]:
                assert not any(isinstance(result, Exception) for result in future.result())
    assert {points.account(member_id).posted for member_id in members} == {17}


def test_an_account_that_is_new_to_two_writers_is_made_once(points: Points) -> None:
    newcomers = [known(points) for _ in range(8)]
    barrier = threading.Barrier(len(newcomers) * 2)
    singly = DirectCommitter(points.storage, Rulebook(10, CelConditions()))

    def first_in_miles(member_id: uuid.UUID) -> None:
        command = make.adjust_points(member_id, 3)
        barrier.wait()
        singly.submit(TILL, AdjustPointsOperation(replace(command, wallet="miles"))).unwrap()

    with ThreadPoolExecutor(len(newcomers) * 2) as pool:
        list(pool.map(first_in_miles, newcomers * 2))
    for member_id in newcomers:
        assert points.accounts.get_account(make.PROGRAM, member_id, "miles").posted == 6


def test_one_long_receipt_is_judged_at_a_time_and_short_ones_of_others_do_not_wait_for_two(points: Points) -> None:
    one, other, third = (known(points) for _ in range(3))
    first, second = Long(one, LINES_MAX), Long(other, LINES_MAX)
    behind, beside = Long(other, 5), Long(third, 5)
    with writer(points) as grouped, ThreadPoolExecutor(1) as pool:
        with busy(grouped):
            submitted = pool.submit(grouped.submit_all, TILL, [first, second, behind, beside])
            while len(grouped._queue) < 4:
                assert not submitted.done()
        results = submitted.result(60)
    assert [isinstance(result, Outcome) for result in results] == [True] * 4
    assert first.context is beside.context
    assert second.context is behind.context
    assert first.context is not second.context


def test_a_receipt_that_is_longer_than_a_batch_is_judged_all_the_same(points: Points) -> None:
    exchange = Long(known(points), LINES_MAX * 2)
    (result,) = points.committer.submit_all(TILL, [exchange])
    assert isinstance(result, Outcome)
