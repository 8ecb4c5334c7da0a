"""What users of other systems complain of in public, one test each: none of it can happen here.

The neighbours of these tests prove the mechanisms one by one; these tell the whole story as the person met it.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from kit.errors import Refusal
from kit.page import PageRequest
from services.points.domain.errors import HoldNotOpen, InsufficientBalance, PurchaseAlreadyClaimed
from services.points.domain.program.policy import MemberStatus
from services.points.domain.sales.sale import Sale
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.counting import counts


def buy(points: Points, member_id: UUID, sale: Sale) -> int:
    command = make.record_purchase(member_id, sale)
    return points.purchases.record_purchase(TILL, command).unwrap().purchase.points_earned


def bring_back(points: Points, sale: Sale, *lines: tuple[str, int]) -> int:
    return (
        points.returns.record_return(TILL, make.record_return(sale.receipt, *lines)).unwrap().recorded.points_returned
    )


def spend(points: Points, member_id: UUID, amount: int) -> UUID:
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, amount)).unwrap().hold
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id)).unwrap()
    return hold.hold_id


def test_a_refund_at_the_till_takes_the_points_along(points: Points) -> None:
    """The customer kept the points after a refund at the till."""
    points.rule()
    member_id, sale = points.member(), make.a_sale()
    buy(points, member_id, sale)

    assert bring_back(points, sale, ("1", 1000)) == 10
    assert points.account(member_id).posted == 0


def test_redeemed_points_are_not_deducted_a_second_time_by_a_refund(points: Points) -> None:
    """A refund deducted redeemed points again, and partial refunds computed wrong points."""
    points.rule()
    member_id = points.member()
    sale = make.a_sale(make.a_line(1000, quantity=4), make.a_line(500, line_id="2"))
    buy(points, member_id, sale)
    spend(points, member_id, 5)

    bring_back(points, sale, ("1", 2000))
    assert points.account(member_id).available == 5  # 10.00 kept, 10 earned, 5 of them spent
    bring_back(points, sale, ("1", 2000), ("2", 1000))
    assert (points.account(member_id).posted, points.account(member_id).owed) == (0, 5)


def test_confirming_again_or_uploading_twice_counts_once(points: Points) -> None:
    """A repeated confirm counted points twice; so did a till that synchronised after it had been offline."""
    points.rule()
    member_id, sale = points.member(), make.a_sale()
    online = make.record_purchase(member_id, sale)

    for command in (online, online, replace(online, request_id="upload-1"), replace(online, request_id="upload-2")):
        points.purchases.record_purchase(TILL, command).unwrap()

    assert (points.account(member_id).posted, points.account(member_id).version) == (10, 1)


def test_a_change_of_status_awards_nothing_again(points: Points) -> None:
    """Points were awarded again when a status changed."""
    points.rule()
    member_id, sale = points.member(), make.a_sale()
    buy(points, member_id, sale)
    for version, status in enumerate((MemberStatus.SUSPENDED, MemberStatus.ACTIVE), start=2):
        with points.storage.transaction() as tx:
            tx.known_members.put(replace(points.people.standings[member_id], status=status, member_version=version))

    buy(points, member_id, sale)
    assert points.account(member_id).posted == 10


def test_of_sixty_four_who_claim_at_once_one_gets_it(points: Points) -> None:
    """Of sixty-four parallel claims on one thing nine succeeded. Here: one receipt, shown by sixty-four members."""
    points.rule()
    sale, members = make.a_sale(), [points.member() for _ in range(64)]
    points.purchases.record_purchase(TILL, make.record_purchase(None, sale)).unwrap()
    barrier = threading.Barrier(len(members))

    def claim(member_id: UUID) -> bool:
        barrier.wait()
        try:
            points.purchases.claim_purchase(TILL, make.claim_purchase(member_id, sale.receipt)).unwrap()
        except PurchaseAlreadyClaimed:
            return False
        return True

    with ThreadPoolExecutor(len(members)) as pool:
        assert sum(pool.map(claim, members)) == 1
    assert sorted(points.account(member_id).posted for member_id in members) == [0] * 63 + [10]


def test_what_is_checked_is_what_is_deducted_from(points: Points) -> None:
    """Redeeming checked one balance and deducted from another, so that it never came to an end."""
    points.rule(pending_days=10)
    member_id = points.member()
    buy(points, member_id, make.a_sale())
    points.give(member_id, 3)

    with pytest.raises(InsufficientBalance):
        spend(points, member_id, 4)
    spend(points, member_id, 3)
    with pytest.raises(InsufficientBalance):
        spend(points, member_id, 1)


def test_expiry_takes_what_is_left_of_its_own_lot(points: Points) -> None:
    """The balance collapsed because expiry did not match debits to credits."""
    member_id = points.member()
    points.give(member_id, 100, expiry_days=10)
    points.give(member_id, 100, expiry_days=20)
    spend(points, member_id, 70)

    points.clock.advance(days=10)
    assert points.account(member_id).available == 100
    points.clock.advance(days=10)
    assert points.account(member_id).available == 0


def test_spending_demotes_nobody(points: Points) -> None:
    """The level followed the balance, so that whoever spent their points lost it."""
    points.rule(qualifying=True, expiry_days=30)
    member_id, kept, returned = points.member(), make.a_sale(), make.a_sale(make.a_line(3000, quantity=3))
    buy(points, member_id, kept)
    buy(points, member_id, returned)
    assert counts(points, member_id) == 40

    spend(points, member_id, 25)
    assert counts(points, member_id) == 40
    points.clock.advance(days=31)
    assert (points.account(member_id).available, counts(points, member_id)) == (0, 40)

    # Goods that come back are goods that were not bought, though their points are spent or have lapsed.
    bring_back(points, returned, ("1", 2000))
    assert counts(points, member_id, make.NOON, make.NOON + timedelta(days=1)) == 20
    bring_back(points, returned, ("1", 1000))
    assert (counts(points, member_id), points.account(member_id).owed) == (10, 15)


def test_six_holds_of_a_thousand_do_not_fit_into_five_thousand(points: Points) -> None:
    """Six holds fitted; a refused hold was captured later; one hold was captured twice."""
    member_id = points.member()
    points.give(member_id, 5_000)
    barrier = threading.Barrier(6)

    def hold(_: int) -> UUID | None:
        barrier.wait()
        try:
            return points.holds.place_hold(TILL, make.place_hold(member_id, 1_000)).unwrap().hold.hold_id
        except InsufficientBalance:
            return None

    with ThreadPoolExecutor(6) as pool:
        placed = [hold_id for hold_id in pool.map(hold, range(6)) if hold_id]
    assert len(placed) == 5

    captures = [placed[0]] * 4
    barrier = threading.Barrier(len(captures))

    def capture(hold_id: UUID) -> bool:
        barrier.wait()
        try:
            points.holds.capture_hold(TILL, make.capture_hold(member_id, hold_id)).unwrap()
        except HoldNotOpen:
            return False
        return True

    with ThreadPoolExecutor(len(captures)) as pool:
        assert sum(pool.map(capture, captures)) == 1
    assert points.account(member_id).posted == 4_000


def test_giving_back_restores_no_snapshot(points: Points) -> None:
    """Compensation wrote back the balance of before and so over-credited."""
    member_id = points.member()
    points.give(member_id, 100)
    hold_id = spend(points, member_id, 60)
    points.give(member_id, 5)
    spend(points, member_id, 40)

    points.holds.reverse_capture(TILL, make.reverse_capture(member_id, hold_id)).unwrap()

    assert points.account(member_id).available == 65
    page = points.accounts.list_entries(make.PROGRAM, member_id, "points", PageRequest(1))
    assert page.items[0].cause.corrects_version == 2


def test_calls_that_fail_leave_no_connection_behind(points: Points) -> None:
    """A slow call leaked its connection until every call failed."""
    member_id = points.member()
    for _ in range(80):
        with pytest.raises(Refusal):
            spend(points, member_id, 1)
    pool = points.engine.pool
    assert isinstance(pool, sa.QueuePool)
    assert pool.checkedout() == 0
