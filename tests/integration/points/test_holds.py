"""Holds, adjustments and entries against the real database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from kit.database import retrying
from kit.errors import Invalid, Precondition, Refusal
from kit.page import PageRequest
from services.points import check, jobs, tables
from services.points.domain.errors import (
    HoldExists,
    HoldNotCaptured,
    HoldNotFound,
    HoldNotOpen,
    InsufficientBalance,
    MemberMayNotSpend,
    ReversalExceedsCapture,
)
from services.points.domain.ledger.accounts import EntryKind, HoldState
from services.points.domain.ledger.holds import RestoreCapture
from services.points.domain.program.policy import MemberStatus
from tests.factories import points as make
from tests.fixtures.digests import digest_anew
from tests.integration.points.conftest import TILL, Points


def test_held_points_leave_the_available_ones_at_once(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 100)

    answer = points.holds.place_hold(TILL, make.place_hold(member_id, 60)).unwrap()

    assert answer.hold.state is HoldState.OPEN
    account = points.account(member_id)
    assert (account.posted, account.held, account.available) == (100, 60, 40)
    with pytest.raises(InsufficientBalance) as refused:
        points.holds.place_hold(TILL, make.place_hold(member_id, 41)).unwrap()
    assert refused.value.metadata == {"required": "41", "available": "40", "missing": "1"}


def test_six_holds_of_a_thousand_on_five_thousand_are_five(points: Points) -> None:
    member_id, clients = points.member(), 6
    points.give(member_id, 5_000)
    ready = threading.Barrier(clients)

    def hold(_: int) -> bool:
        command = make.place_hold(member_id, 1_000)
        ready.wait()
        try:
            retrying(lambda: points.holds.place_hold(TILL, command)).unwrap()
        except InsufficientBalance:
            return False
        return True

    with ThreadPoolExecutor(clients) as pool:
        assert sum(pool.map(hold, range(clients))) == 5
    assert points.account(member_id).available == 0


def test_a_capture_spends_and_frees_the_rest(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 100)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 60)).unwrap().hold

    captured = points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id, 25)).unwrap()

    assert (captured.hold.state, captured.hold.captured) == (HoldState.CAPTURED, 25)
    account = points.account(member_id)
    assert (account.posted, account.held, account.available) == (75, 0, 75)


def test_a_hold_ends_once_whoever_asks_first(points: Points) -> None:
    member_id, clients = points.member(), 16
    points.give(member_id, 100)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 60)).unwrap().hold
    ready = threading.Barrier(clients)

    def end(number: int) -> bool:
        ready.wait()
        try:
            if number % 2:
                capture = make.capture_hold(member_id, hold.hold_id)
                retrying(lambda: points.holds.capture_hold(TILL, capture)).unwrap()
            else:
                release = make.release_hold(member_id, hold.hold_id)
                retrying(lambda: points.holds.release_hold(TILL, release)).unwrap()
        except HoldNotOpen:
            return False
        return True

    with ThreadPoolExecutor(clients) as pool:
        assert sum(pool.map(end, range(clients))) == 1
    assert points.account(member_id).available in (40, 100)


def test_a_hold_past_its_time_is_over_without_anybody_passing_by(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 100)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 60, timeout_s=30)).unwrap().hold

    points.clock.advance(seconds=30)

    assert points.account(member_id).available == 100
    assert points.holds.get_hold(make.PROGRAM, member_id, hold.hold_id).state is HoldState.EXPIRED
    with pytest.raises(HoldNotOpen) as refused:
        points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id)).unwrap()
    assert refused.value.metadata["state"] == "expired"


def test_held_points_do_not_expire_before_they_are_spent(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 100, expiry_days=1)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 60, timeout_s=7 * 86_400)).unwrap().hold

    points.clock.advance(days=2)
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id, 50)).unwrap()

    assert kinds(points, member_id) == [
        (EntryKind.EXPIRY, -10),
        (EntryKind.SPEND, -50),
        (EntryKind.EXPIRY, -40),
        (EntryKind.ADJUSTMENT, 100),
    ]


def test_spending_takes_the_lot_that_expires_first(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 10)
    points.give(member_id, 10, expiry_days=20)
    points.give(member_id, 10, expiry_days=10)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 15)).unwrap().hold
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id)).unwrap()

    points.clock.advance(days=10)
    assert points.account(member_id).available == 15
    points.clock.advance(days=10)
    assert points.account(member_id).available == 10


def test_a_reversed_capture_returns_points_to_their_lots_and_their_expiry(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 10, expiry_days=5)
    points.give(member_id, 10, expiry_days=50)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 15)).unwrap().hold
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id)).unwrap()
    points.clock.advance(days=6)

    answer = points.holds.reverse_capture(TILL, make.reverse_capture(member_id, hold.hold_id)).unwrap()

    assert answer.hold.state is HoldState.CAPTURED
    assert points.account(member_id).available == 10
    with pytest.raises(HoldNotCaptured):
        points.holds.reverse_capture(TILL, make.reverse_capture(member_id, hold.hold_id)).unwrap()


def test_a_capture_comes_back_in_parts_with_the_expiry_of_their_lots(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 10, expiry_days=5)
    points.give(member_id, 10, expiry_days=50)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 15)).unwrap().hold
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id)).unwrap()

    def give_back(amount: int) -> tuple[int, bool]:
        command = make.reverse_capture(member_id, hold.hold_id, amount)
        told = points.holds.reverse_capture(TILL, command).unwrap().hold
        return told.reversed, told.reversed_at is not None

    assert give_back(4) == (4, False)
    with pytest.raises(ReversalExceedsCapture):
        give_back(12)
    assert give_back(3) == (7, False)
    assert points.account(member_id).available == 5 + 7
    assert points.holds.get_hold(make.PROGRAM, member_id, hold.hold_id).reversed == 7
    points.clock.advance(days=6)
    # Of the seven, five were of the lot that lasts; the rest comes back to the one that is over.
    assert points.account(member_id).available == 10
    assert give_back(0) == (15, True)
    assert points.account(member_id).available == 10
    with pytest.raises(HoldNotCaptured):
        give_back(1)


def test_two_tills_giving_back_parts_at_once_give_back_no_more_than_was_spent(points: Points) -> None:
    member_id, clients = points.member(), 12
    points.give(member_id, 10)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 10)).unwrap().hold
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id)).unwrap()
    ready = threading.Barrier(clients)

    def give_back(_: int) -> int:
        command = make.reverse_capture(member_id, hold.hold_id, 3)
        ready.wait()
        try:
            retrying(lambda: points.holds.reverse_capture(TILL, command)).unwrap()
        except Refusal:
            return 0
        return 3

    with ThreadPoolExecutor(clients) as pool:
        assert sum(pool.map(give_back, range(clients))) == 9
    assert points.account(member_id).available == 9


def test_a_capture_reversed_by_code_of_before_is_reversed_whole(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 10)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 10)).unwrap().hold
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id)).unwrap()
    points.holds.reverse_capture(TILL, make.reverse_capture(member_id, hold.hold_id)).unwrap()
    with points.engine.begin() as connection:
        connection.execute(sa.update(tables.holds).values(reversed=0))
        connection.execute(sa.update(tables.hold_parts).values(reversed=0))
        digest_anew(connection, tables.holds, tables.hold_parts)

    assert points.holds.get_hold(make.PROGRAM, member_id, hold.hold_id).reversed == 10
    with pytest.raises(HoldNotCaptured):
        points.holds.reverse_capture(TILL, make.reverse_capture(member_id, hold.hold_id, 1)).unwrap()


def test_who_earns_only_or_is_suspended_does_not_spend(points: Points) -> None:
    for status in (MemberStatus.EARN_ONLY, MemberStatus.SUSPENDED, MemberStatus.TERMINATED):
        member_id = points.member(status)
        points.give(member_id, 10)
        with pytest.raises(MemberMayNotSpend):
            points.holds.place_hold(TILL, make.place_hold(member_id, 1)).unwrap()


def test_a_refusal_is_replayed_though_the_balance_has_grown(points: Points) -> None:
    member_id = points.member()
    command = make.place_hold(member_id, 10)
    with pytest.raises(InsufficientBalance):
        points.holds.place_hold(TILL, command).unwrap()
    points.give(member_id, 10)

    again = points.holds.place_hold(TILL, command)

    assert again.replayed
    with pytest.raises(Precondition) as refused:
        again.unwrap()
    assert refused.value.reason == InsufficientBalance.reason


def test_a_hold_of_somebody_else_is_not_found(points: Points) -> None:
    owner, other = points.member(), points.member()
    points.give(owner, 10)
    hold = points.holds.place_hold(TILL, make.place_hold(owner, 10)).unwrap().hold

    for member_id, hold_id in ((other, hold.hold_id), (owner, uuid4())):
        with pytest.raises(HoldNotFound):
            points.holds.capture_hold(TILL, make.capture_hold(member_id, hold_id)).unwrap()


def test_more_than_was_held_cannot_be_captured(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 10)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 5)).unwrap().hold
    with pytest.raises(Invalid) as refused:
        points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id, 6))
    assert refused.value.field == "amount"


def test_taking_by_hand_stops_at_what_is_available(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 10)
    points.holds.place_hold(TILL, make.place_hold(member_id, 4)).unwrap()

    with pytest.raises(InsufficientBalance):
        points.accounts.adjust_points(TILL, make.adjust_points(member_id, -7)).unwrap()
    points.accounts.adjust_points(TILL, make.adjust_points(member_id, -6)).unwrap()
    assert points.account(member_id).available == 0


def test_the_job_writes_down_what_time_has_done(points: Points) -> None:
    lapsing, holding = points.member(), points.member()
    points.give(lapsing, 10, expiry_days=1)
    points.give(holding, 10)
    hold = points.holds.place_hold(TILL, make.place_hold(holding, 10, timeout_s=60)).unwrap().hold
    points.clock.advance(days=1)

    assert jobs.settle_overdue_accounts(points.storage, points.committer, limit=100) is False

    assert kinds(points, lapsing) == [(EntryKind.EXPIRY, -10), (EntryKind.ADJUSTMENT, 10)]
    assert points.account(lapsing).posted == 0
    assert points.holds.get_hold(make.PROGRAM, holding, hold.hold_id).ended_at == hold.expires_at
    assert jobs.settle_overdue_accounts(points.storage, points.committer, limit=100) is False


def test_entries_come_in_pages_newest_first(points: Points) -> None:
    member_id = points.member()
    for amount in (1, 2, 3):
        points.give(member_id, amount)

    first = points.accounts.list_entries(make.PROGRAM, member_id, "points", PageRequest(2))
    rest = points.accounts.list_entries(
        make.PROGRAM, member_id, "points", PageRequest(2, (str(first.items[-1].version),))
    )

    assert [entry.amount for entry in first.items + rest.items] == [3, 2, 1]
    assert first.next_token
    assert not rest.next_token


def kinds(points: Points, member_id: UUID) -> list[tuple[EntryKind, int]]:
    page = points.accounts.list_entries(make.PROGRAM, member_id, "points", PageRequest(50))
    return [(entry.kind, entry.amount) for entry in page.items]


def restore_capture(member_id: UUID, hold_id: UUID, amount: int = 60) -> RestoreCapture:
    key = f"key-{make.a_number()}"
    return RestoreCapture(make.PROGRAM, key, member_id, "points", amount, hold_id, "redemption 1")


@pytest.mark.parametrize("status", list(MemberStatus))
def test_a_capture_that_was_lost_is_restored_under_its_id_whatever_the_member_may_do_now(
    points: Points, status: MemberStatus
) -> None:
    member_id, hold_id = points.member(status), uuid4()
    points.give(member_id, 100)

    answer = points.holds.restore_capture(TILL, restore_capture(member_id, hold_id)).unwrap()

    assert (answer.hold.hold_id, answer.hold.state, answer.hold.captured) == (hold_id, HoldState.CAPTURED, 60)
    assert points.account(member_id).available == 40
    points.holds.reverse_capture(TILL, make.reverse_capture(member_id, hold_id)).unwrap()
    assert points.account(member_id).available == 100
    assert list(check.check(points.engine)) == []


def test_a_capture_is_restored_once_and_only_where_the_ledger_lacks_it(points: Points) -> None:
    member_id, hold_id = points.member(), uuid4()
    points.give(member_id, 100)
    command = restore_capture(member_id, hold_id, 30)
    first = points.holds.restore_capture(TILL, command)
    assert points.holds.restore_capture(TILL, command).unwrap() == first.unwrap()
    with pytest.raises(HoldExists):
        points.holds.restore_capture(TILL, restore_capture(member_id, hold_id, 30)).unwrap()
    open_hold = points.holds.place_hold(TILL, make.place_hold(member_id, 10)).unwrap().hold
    with pytest.raises(HoldExists):
        points.holds.restore_capture(TILL, restore_capture(member_id, open_hold.hold_id, 10)).unwrap()
    with pytest.raises(InsufficientBalance):
        points.holds.restore_capture(TILL, restore_capture(member_id, uuid4(), 61)).unwrap()
    assert points.account(member_id).available == 60


def test_two_who_restore_one_capture_spend_the_points_once(points: Points) -> None:
    member_id, hold_id = points.member(), uuid4()
    points.give(member_id, 100)
    ready = threading.Barrier(2)

    def restore(_: int) -> bool:
        command = restore_capture(member_id, hold_id)
        ready.wait()
        try:
            retrying(lambda: points.holds.restore_capture(TILL, command)).unwrap()
        except HoldExists:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(restore, range(2))) == [False, True]
    assert points.account(member_id).available == 40
