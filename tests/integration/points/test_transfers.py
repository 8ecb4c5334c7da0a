"""Points that one member gives to another: two sides, each in its own transaction, and whatever dies in between."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import prometheus_client
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import exc

from kit.errors import Refusal
from kit.page import PageRequest
from services.points import handlers, jobs
from services.points.batch import DirectCommitter, Rulebook
from services.points.conditions import CelConditions
from services.points.domain.errors import (
    InsufficientBalance,
    MemberMayNotEarn,
    MemberMayNotSpend,
    TransferLimitExceeded,
    TransfersNotAllowed,
    TransferToSelf,
)
from services.points.domain.ledger.statement import Period
from services.points.domain.ledger.transfers import Transfer, TransferPolicy, TransferState
from services.points.domain.program.policy import MemberStatus
from services.points.handlers.ledger.transfers import ReceiveTransferOperation
from services.points.handlers.member_lookup import MemberLookup
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points

DAY = timedelta(days=1)


def allow(points: Points, **bounds: int) -> None:
    points.policy(transfers=TransferPolicy(**bounds))


def give(points: Points, sender: UUID, recipient: UUID, amount: int) -> Transfer:
    return points.transfers.transfer_points(TILL, make.transfer_points(sender, recipient, amount)).unwrap()


def two(points: Points, amount: int = 100) -> tuple[UUID, UUID]:
    """Somebody with points, and somebody without."""
    allow(points)
    sender, recipient = points.member(), points.member()
    points.give(sender, amount)
    return sender, recipient


def held(points: Points, *member_ids: UUID) -> list[int]:
    return [points.account(member_id).available for member_id in member_ids]


def stored(points: Points, transfer: Transfer) -> Transfer:
    return points.transfers.get_transfer(make.PROGRAM, transfer.transfer_id)


def another_process(points: Points) -> handlers.TransferHandlers:
    alone = DirectCommitter(points.storage, Rulebook(10, CelConditions()))
    return handlers.TransferHandlers(points.storage, alone, MemberLookup(points.storage, points.people))


# ---- The way


def test_points_go_from_one_to_the_other(points: Points) -> None:
    sender, recipient = two(points)
    done = give(points, sender, recipient, 30)
    assert (done.state, done.ended_at) == (TransferState.DONE, make.NOON)
    assert held(points, sender, recipient) == [70, 30]
    for member_id, amount in ((sender, -30), (recipient, 30)):
        entry = points.accounts.list_entries(make.PROGRAM, member_id, "points", PageRequest(1)).items[0]
        assert (entry.amount, entry.cause.transfer_id, entry.cause.reason) == (amount, done.transfer_id, "Eid")
        assert points.transfers.list_transfers(make.PROGRAM, member_id, PageRequest(9)).items == (done,)


def test_they_leave_in_spending_order_and_keep_their_expiry(points: Points) -> None:
    sender, recipient = two(points)
    points.give(sender, 20, expiry_days=5)
    points.give(sender, 20, expiry_days=2)
    give(points, sender, recipient, 50)
    assert held(points, sender, recipient) == [90, 50]
    for days, left in ((2, 30), (3, 10)):
        points.clock.advance(days=days)
        assert held(points, sender, recipient) == [90, left]


def test_a_transfer_asked_for_again_is_the_first_one(points: Points) -> None:
    sender, recipient = two(points)
    command = make.transfer_points(sender, recipient, 30)
    first, again = (points.transfers.transfer_points(TILL, command) for _ in range(2))
    assert (first.replayed, again.replayed) == (False, True)
    assert first.unwrap() == again.unwrap()
    assert held(points, sender, recipient) == [70, 30]


def test_what_arrives_pays_what_the_recipient_owes(points: Points) -> None:
    sender, recipient = two(points)
    points.rule()
    sale = make.a_sale()
    points.purchases.record_purchase(TILL, make.record_purchase(recipient, sale)).unwrap()
    give(points, recipient, sender, 10)
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    assert points.account(recipient).owed == 10

    give(points, sender, recipient, 25)

    assert (points.account(recipient).owed, points.account(recipient).available) == (0, 15)


# ---- Refused


def test_nobody_transfers_where_the_program_does_not_say_so(points: Points) -> None:
    sender, recipient = two(points)
    points.policy()
    with pytest.raises(TransfersNotAllowed):
        give(points, sender, recipient, 1)


def test_not_to_oneself_and_not_more_than_there_is(points: Points) -> None:
    sender, recipient = two(points)
    with pytest.raises(TransferToSelf):
        give(points, sender, sender, 1)
    with pytest.raises(InsufficientBalance):
        give(points, sender, recipient, 101)
    assert held(points, sender, recipient) == [100, 0]


@pytest.mark.parametrize("status", [each for each in MemberStatus if each is not MemberStatus.ACTIVE])
def test_the_sender_must_be_allowed_to_spend_and_the_recipient_to_earn(points: Points, status: MemberStatus) -> None:
    rich, _ = two(points)
    other = points.member(status)
    points.give(other, 5)
    with pytest.raises(MemberMayNotSpend):
        give(points, other, rich, 5)
    if status is MemberStatus.EARN_ONLY:
        assert give(points, rich, other, 5).state is TransferState.DONE
    else:
        with pytest.raises(MemberMayNotEarn):
            give(points, rich, other, 5)


def limit_hit(points: Points, sender: UUID, recipient: UUID, amount: int) -> str:
    with pytest.raises(TransferLimitExceeded) as heard:
        give(points, sender, recipient, amount)
    return heard.value.metadata["limit"]


def test_each_limit_holds_and_a_new_day_begins_anew(points: Points) -> None:
    (sender, one), other = two(points), points.member()
    allow(points, points_min=5, points_max=30, points_per_day_max=70, points_per_recipient_and_day_max=40)
    assert [limit_hit(points, sender, one, amount) for amount in (4, 31)] == ["points_min", "points_max"]
    give(points, sender, one, 30)
    assert limit_hit(points, sender, one, 11) == "points_per_recipient_and_day_max"
    give(points, sender, one, 10)
    give(points, sender, other, 30)
    assert limit_hit(points, sender, other, 5) == "points_per_day_max"
    points.clock.advance(days=1)
    give(points, sender, one, 30)

    allow(points, transfers_per_day_max=2)
    give(points, one, sender, 1)
    give(points, one, sender, 1)
    assert limit_hit(points, one, sender, 1) == "transfers_per_day_max"


# ---- Between the sides


def test_who_leaves_meanwhile_gets_nothing_and_the_sender_has_it_again(points: Points) -> None:
    sender, recipient = two(points, 10)
    points.give(sender, 20, expiry_days=5)
    lost = points.on_its_way(make.transfer_points(sender, recipient, 25))
    assert held(points, sender) == [5]
    points.leaves(recipient)

    assert points.transfers.finish(TILL, lost)

    assert stored(points, lost).state is TransferState.RETURNED
    assert held(points, sender, recipient) == [30, 0]
    # In the lots that they came from, with their expiry.
    points.clock.advance(days=5)
    assert held(points, sender) == [10]


def test_what_comes_back_does_not_count(points: Points) -> None:
    sender, recipient = two(points)
    allow(points, points_per_day_max=50)
    lost = points.on_its_way(make.transfer_points(sender, recipient, 50))
    assert limit_hit(points, sender, points.member(), 1) == "points_per_day_max"
    points.leaves(recipient)
    points.transfers.finish(TILL, lost)
    assert give(points, sender, points.member(), 50).state is TransferState.DONE


@pytest.mark.parametrize("leaves", [False, True])
def test_what_lapsed_on_the_way_lapses_where_it_ends(points: Points, leaves: bool) -> None:
    allow(points)
    sender, recipient = points.member(), points.member()
    points.give(sender, 10, expiry_days=1)
    late = points.on_its_way(make.transfer_points(sender, recipient, 10))
    if leaves:
        points.leaves(recipient)
    points.clock.advance(days=2)
    assert points.transfers.finish(TILL, late)
    assert held(points, sender, recipient) == [0, 0]


def test_the_sweeper_finishes_what_was_left_and_only_past_its_lease(points: Points) -> None:
    sender, recipient = two(points)
    left = [points.on_its_way(make.transfer_points(sender, recipient, amount)) for amount in (1, 2, 3)]
    assert jobs.finish_transfers(points.transfers, limit=5) is False
    assert held(points, sender, recipient) == [94, 0]
    points.clock.advance(seconds=31)
    assert jobs.finish_transfers(points.transfers, limit=2) is True
    assert jobs.finish_transfers(points.transfers, limit=2) is False
    assert held(points, sender, recipient) == [94, 6]
    assert {stored(points, each).state for each in left} == {TransferState.DONE}


def test_stuck_transfers_are_counted(points: Points) -> None:
    sender, recipient = two(points)
    late = [points.on_its_way(make.transfer_points(sender, recipient, 1)) for _ in range(2)]
    give(points, sender, recipient, 1)
    counts = []
    for seconds in (0, 700):
        points.clock.advance(seconds=seconds)
        jobs.watch_transfers(points.storage, stuck_after_s=600)
        counts.append(prometheus_client.REGISTRY.get_sample_value("transfers_stuck"))
    assert counts == [0, 2]
    assert all(points.transfers.finish(TILL, each) for each in late)
    jobs.watch_transfers(points.storage, stuck_after_s=600)
    assert prometheus_client.REGISTRY.get_sample_value("transfers_stuck") == 0


@pytest.mark.parametrize("leaves", [False, True])
def test_a_transfer_taken_to_its_end_many_times_at_once_ends_once(points: Points, leaves: bool) -> None:
    sender, recipient = two(points)
    sent = [points.on_its_way(make.transfer_points(sender, recipient, 1)) for _ in range(6)]
    if leaves:
        points.leaves(recipient)
    others = another_process(points)
    ways = [points.transfers, others] * 3

    def finish(index: int) -> None:
        for each in sent:
            ways[index].finish(TILL, each)

    together(6, finish)
    assert held(points, sender, recipient) == ([100, 0] if leaves else [94, 6])


def test_the_decision_of_the_recipients_side_is_final(points: Points) -> None:
    """Whoever goes on after a crash finds the credit, though the recipient has left since."""
    sender, recipient = two(points)
    sent = points.on_its_way(make.transfer_points(sender, recipient, 10))
    assert points.committer.submit(TILL, ReceiveTransferOperation(sent)).unwrap().is_credited
    points.leaves(recipient)
    points.clock.advance(seconds=31)
    jobs.finish_transfers(points.transfers, limit=5)
    assert stored(points, sent).state is TransferState.DONE
    assert held(points, sender, recipient) == [90, 10]


def test_the_liability_tells_of_what_is_on_its_way(points: Points) -> None:
    sender, recipient = two(points)
    give(points, sender, recipient, 10)
    points.on_its_way(make.transfer_points(sender, recipient, 15))
    reports = handlers.ReportHandlers(points.storage)
    period = Period(make.NOON - DAY, make.NOON + DAY)
    liability = reports.get_liability(make.PROGRAM, "points", period, 365, None)
    flow = liability.flow
    assert (flow.opening, flow.given, flow.sent, flow.received, flow.closing) == (0, 100, 25, 10, 85)
    assert sum(liability.outstanding.by_age) == flow.closing
    assert points.findings() == []


# ---- Many at once


def together(count: int, work: Callable[[int], Any]) -> list[Any]:
    barrier = threading.Barrier(count)

    def one(index: int) -> Any:
        barrier.wait()
        return work(index)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_two_who_give_each_other_points_never_wait_in_a_circle(points: Points) -> None:
    one, other = two(points)
    points.give(other, 100)
    pairs, ways = [(one, other), (other, one)], (points.transfers, another_process(points))

    def swap(index: int) -> None:
        for _ in range(25):
            command = make.transfer_points(*pairs[index % 2], 3)
            ways[index // 2].transfer_points(TILL, command).unwrap()

    together(4, swap)
    assert held(points, one, other) == [100, 100]


def test_sixty_four_at_once_keep_the_days_limit(points: Points) -> None:
    sender, _ = two(points, 1_000)
    allow(points, points_per_day_max=50, transfers_per_day_max=9)
    recipients, ways = [points.member() for _ in range(64)], (points.transfers, another_process(points))

    def send(index: int) -> str:
        outcome = ways[index % 2].transfer_points(TILL, make.transfer_points(sender, recipients[index], 7))
        return outcome.refusal.reason if outcome.refusal else "done"

    outcomes = together(64, send)
    assert (outcomes.count("done"), outcomes.count("TRANSFER_LIMIT_EXCEEDED")) == (7, 57)
    assert held(points, sender) == [1_000 - 49]


# ---- Against a model


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_happens_the_sum_is_kept(points: Points, data: st.DataObject) -> None:
    allow(points, points_per_day_max=60)
    people = [points.member() for _ in range(3)]
    for person in people:
        points.give(person, 50)
    has, sent = dict.fromkeys(people, 50), dict.fromkeys(people, 0)
    waiting: list[Transfer] = []
    for sender, recipient in data.draw(st.lists(st.sampled_from(list(itertools.permutations(people, 2))), max_size=12)):
        amount, dies = data.draw(st.integers(1, 40)), data.draw(st.booleans())
        command = make.transfer_points(sender, recipient, amount)
        try:
            if dies:
                waiting.append(points.on_its_way(command))
            else:
                points.transfers.transfer_points(TILL, command).unwrap()
        except Refusal as refusal:
            is_over = sent[sender] + amount > 60
            assert refusal.reason == ("TRANSFER_LIMIT_EXCEEDED" if is_over else "INSUFFICIENT_BALANCE")
            assert is_over or has[sender] < amount
            continue
        has[sender] -= amount
        sent[sender] += amount
        has[recipient] += 0 if dies else amount
        assert held(points, *people) == list(has.values())
    for each in waiting:
        points.transfers.finish(TILL, each)
        has[each.recipient_id] += each.amount
    assert held(points, *people) == list(has.values())
    assert sum(has.values()) == 150


# ---- The database keeps it, too


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE transfers SET recipient_id = member_id",
        "UPDATE transfers SET amount = 0",
        "UPDATE transfers SET state = 'sent'",
        "UPDATE transfers SET state = 'returned'",
        "UPDATE transfers SET lease_until = now()",
        "UPDATE transfer_arrivals SET sender_id = member_id",
        "INSERT INTO transfer_arrivals SELECT * FROM transfer_arrivals",
        "UPDATE entries SET transfer_id = NULL WHERE kind = 'transfer_in'",
        "UPDATE entries SET contra = 'spent' WHERE kind = 'transfer_out'",
        "UPDATE entries SET hold_id = transfer_id WHERE kind = 'transfer_in'",
    ],
)
def test_the_database_keeps_what_a_transfer_is(points: Points, change: str) -> None:
    sender, recipient = two(points)
    give(points, sender, recipient, 5)
    with pytest.raises(exc.IntegrityError), points.engine.begin() as connection:
        connection.execute(sa.text(change))
