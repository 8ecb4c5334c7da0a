"""Goods that were paid with points come back, and the points with them: where they were spent from, and once."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from kit.database import retrying
from kit.errors import Refusal
from services.points.domain.earning.limits import Limit, LimitScope, LimitSpan, LimitUnit
from services.points.domain.errors import (
    HoldNotCaptured,
    HoldNotFound,
    HoldOfRedemption,
    InsufficientBalanceForReturn,
    ReceiptConflict,
    ReversalExceedsCapture,
)
from services.points.domain.program.policy import Shortfall
from services.points.domain.sales.refunds import PointsRefund
from services.points.domain.sales.returns import RecordReturn, Return, ReturnAnswer
from services.points.domain.sales.sale import Sale
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.refunding import rows, spent


def bought(points: Points, member_id: uuid.UUID | None, sale: Sale | None = None) -> Sale:
    """A sale of 10.00, which earns 10 points, that is recorded."""
    sale = sale or make.a_sale()
    points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    return sale


def brought_back(points: Points, command: RecordReturn) -> Return:
    return points.returns.record_return(TILL, command).unwrap().recorded


def refused(points: Points, command: RecordReturn, error: type[Refusal]) -> Refusal:
    """The refusal, which has changed nothing."""
    before = rows(points)
    with pytest.raises(error) as no:
        points.returns.record_return(TILL, command).unwrap()
    assert rows(points) == before
    return no.value


def test_what_was_spent_comes_back_to_its_lots_with_their_expiry(points: Points) -> None:
    points.rule()
    member_id = points.member()
    points.give(member_id, 5, expiry_days=3)
    points.give(member_id, 5, expiry_days=9)
    sale = bought(points, member_id)
    hold_id = spent(points, member_id, 12)

    answer = points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000), refunds=[hold_id]))
    back = answer.unwrap().recorded

    assert [(each.hold_id, each.points) for each in back.refunds] == [(hold_id, 12)]
    assert (back.points_restored, back.points_returned, back.shortfall) == (12, 10, 0)
    assert (points.account(member_id).available, points.account(member_id).owed) == (10, 0)
    points.clock.advance(days=3)
    assert points.account(member_id).available == 5
    points.clock.advance(days=6)
    assert points.account(member_id).available == 0


@pytest.mark.parametrize("shortfall", Shortfall)
def test_what_comes_back_is_there_for_what_is_taken(points: Points, shortfall: Shortfall) -> None:
    points.rule()
    points.policy(shortfall)
    member_id = points.member()
    sale = bought(points, member_id)
    hold_id = spent(points, member_id, 10)

    back = brought_back(points, make.record_return(sale.receipt, ("1", 1000), refunds=[hold_id]))

    assert (back.points_restored, back.points_returned, back.shortfall) == (10, 10, 0)
    account = points.account(member_id)
    assert (account.posted, account.available, account.owed) == (0, 0, 0)


def test_what_comes_back_pays_for_the_goods_before_it_pays_older_debts(points: Points) -> None:
    points.rule()
    member_id = points.member()
    first, second = bought(points, member_id), bought(points, member_id)
    hold_id = spent(points, member_id, 20)
    assert brought_back(points, make.record_return(first.receipt, ("1", 1000))).shortfall == 10
    points.policy(Shortfall.REFUSE)

    back = brought_back(points, make.record_return(second.receipt, ("1", 1000), refunds=[PointsRefund(hold_id, 10)]))

    assert back.shortfall == 0
    assert (points.account(member_id).posted, points.account(member_id).owed) == (0, 10)
    back = brought_back(points, make.record_return(None, ("1", 1000), refunds=[hold_id]))
    assert back.points_restored == 10
    assert (points.account(member_id).posted, points.account(member_id).owed) == (0, 0)


def test_what_lapsed_while_it_was_spent_lapses_once_nobody_takes_it(points: Points) -> None:
    points.rule()
    member_id = points.member()
    points.give(member_id, 15, expiry_days=1)
    hold_id = spent(points, member_id, 15)
    sale = bought(points, member_id)
    kept = spent(points, member_id, 10)
    points.clock.advance(days=2)

    back = brought_back(points, make.record_return(sale.receipt, ("1", 1000), refunds=[hold_id]))

    assert (back.points_restored, back.points_lapsed, back.shortfall) == (15, 5, 0)
    assert points.account(member_id).posted == 0
    assert points.holds.get_hold(make.PROGRAM, member_id, kept).reversed == 0


def test_a_part_comes_back_and_no_more_than_was_spent_in_all(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 10)
    hold_id = spent(points, member_id, 8)

    brought_back(points, make.record_return(None, ("1", 1000), refunds=[PointsRefund(hold_id, 3)]))
    too_much = make.record_return(None, ("1", 1000), refunds=[PointsRefund(hold_id, 6)])
    no = refused(points, too_much, ReversalExceedsCapture)
    assert no.metadata == {"asked": "6", "left": "5", "field": "refunds[0].amount"}
    brought_back(points, make.record_return(None, ("1", 1000), refunds=[hold_id]))

    assert points.account(member_id).available == 10
    nothing = make.record_return(None, ("1", 1000), refunds=[hold_id])
    assert refused(points, nothing, HoldNotCaptured).metadata["field"] == "refunds[0].hold_id"


def test_the_same_receipt_gives_back_once_and_another_content_is_refused(points: Points) -> None:
    member_id, receipt = points.member(), make.a_receipt()
    points.give(member_id, 10)
    hold_id = spent(points, member_id, 8)
    first = points.returns.record_return(TILL, make.record_return(None, ("1", 1), receipt=receipt, refunds=[hold_id]))

    again = points.returns.record_return(TILL, make.record_return(None, ("1", 1), receipt=receipt, refunds=[hold_id]))

    assert (again.unwrap(), again.replayed) == (first.unwrap(), True)
    assert points.account(member_id).available == 10
    for refunds in ([], [PointsRefund(hold_id, 8)]):
        other = make.record_return(None, ("1", 1), receipt=receipt, refunds=refunds)
        assert refused(points, other, ReceiptConflict).metadata["fields"] == "refunds"


def test_a_return_that_is_recorded_gives_back_nothing_afterwards(points: Points) -> None:
    member_id, receipt = points.member(), make.a_receipt()
    points.give(member_id, 10)
    hold_id = spent(points, member_id, 8)
    brought_back(points, make.record_return(None, ("1", 1), receipt=receipt))

    more = make.record_return(None, ("1", 1), receipt=receipt, refunds=[hold_id])
    assert refused(points, more, ReceiptConflict).metadata["fields"] == "refunds"


def test_only_the_buyers_holds_come_back(points: Points) -> None:
    points.rule()
    member_id, other = points.member(), points.member()
    points.give(other, 10)
    mine, theirs = bought(points, member_id), spent(points, other, 5)
    hold_id = spent(points, member_id, 5)

    for stranger in (theirs, uuid.uuid4()):
        command = make.record_return(mine.receipt, ("1", 1000), refunds=[hold_id, stranger])
        no = refused(points, command, HoldNotFound)
        assert no.metadata == {"hold_id": str(stranger), "field": "refunds[1].hold_id"}


def test_without_its_purchase_the_holds_say_whose_the_points_are(points: Points) -> None:
    member_id, other = points.member(), points.member()
    points.give(member_id, 10)
    points.give(other, 10)
    one, two, theirs = spent(points, member_id, 3), spent(points, member_id, 4), spent(points, other, 5)

    no = refused(points, make.record_return(None, ("1", 1), refunds=[one, theirs]), HoldNotFound)
    assert no.metadata["field"] == "refunds[1].hold_id"
    answer: ReturnAnswer = points.returns.record_return(
        TILL, make.record_return(make.a_receipt(), ("1", 1), refunds=[one, two])
    ).unwrap()

    assert (answer.recorded.purchase_id, answer.recorded.member_id) == (None, member_id)
    assert answer.recorded.points_restored == 7
    assert answer.account == points.account(member_id)


def test_an_anonymous_purchase_may_have_been_paid_with_points(points: Points) -> None:
    points.rule()
    member_id, sale = points.member(), bought(points, None)
    points.give(member_id, 10)

    command = make.record_return(sale.receipt, ("1", 1000), refunds=[spent(points, member_id, 4)])
    answer = points.returns.record_return(TILL, command).unwrap()

    assert (answer.recorded.points_returned, answer.recorded.points_restored) == (0, 4)
    assert answer.account == points.account(member_id)


def test_points_come_back_to_the_wallet_they_were_spent_from(points: Points) -> None:
    points.rule(wallet="stars")
    member_id = points.member()
    sale = bought(points, member_id)
    points.give(member_id, 10)
    hold_ids = [spent(points, member_id, 6), spent(points, member_id, 7, wallet="stars")]

    back = brought_back(points, make.record_return(sale.receipt, ("1", 1000), refunds=hold_ids))

    assert [(each.wallet, each.points) for each in back.refunds] == [("points", 6), ("stars", 7)]
    assert (back.points_restored, back.points_returned, back.shortfall) == (13, 10, 0)
    assert points.account(member_id).available == 10


def test_what_a_redemption_spent_is_for_its_cancelling_to_give_back(points: Points) -> None:
    member_id, redemption_id = points.member(), uuid.uuid4()
    points.give(member_id, 10)
    hold_id = spent(points, member_id, 10, reference=f"redemption {redemption_id}")

    no = refused(points, make.record_return(None, ("1", 1), refunds=[hold_id]), HoldOfRedemption)

    assert no.metadata["redemption_id"] == str(redemption_id)
    assert no.metadata["field"] == "refunds[0].hold_id"


def test_a_return_that_is_refused_in_the_end_has_given_nothing_back(points: Points) -> None:
    """The points come back first; then it turns out that more is missing, and neither happens."""
    limit = Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.POINTS, 100)
    points.rule(limits=(limit,))
    points.policy(Shortfall.REFUSE)
    member_id = points.member()
    sale = bought(points, member_id)
    first, _ = spent(points, member_id, 4), spent(points, member_id, 6)

    command = make.record_return(sale.receipt, ("1", 1000), refunds=[first])
    no = refused(points, command, InsufficientBalanceForReturn)

    assert no.metadata["missing"] == "6"
    assert points.holds.get_hold(make.PROGRAM, member_id, first).reversed == 0
    assert points.account(member_id).posted == 0


def test_tills_that_refund_one_hold_at_once_refund_it_once(points: Points) -> None:
    member_id, clients = points.member(), 12
    points.give(member_id, 10)
    hold_id = spent(points, member_id, 10)
    ready = threading.Barrier(clients)

    def refund(number: int) -> int:
        command = make.record_return(None, ("1", 1), refunds=[PointsRefund(hold_id, 3)])
        ready.wait()
        try:
            if number % 3 == 0:
                reverse = make.reverse_capture(member_id, hold_id, 3)
                retrying(lambda: points.holds.reverse_capture(TILL, reverse)).unwrap()
            else:
                retrying(lambda: points.returns.record_return(TILL, command)).unwrap()
        except Refusal:
            return 0
        return 3

    with ThreadPoolExecutor(clients) as pool:
        assert sum(pool.map(refund, range(clients))) == 9
    assert points.account(member_id).available == 9


def test_an_overdue_hold_was_never_captured(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 10)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 10, timeout_s=60)).unwrap().hold
    points.clock.advance(seconds=timedelta(minutes=2).total_seconds())

    with pytest.raises(HoldNotCaptured) as no:
        points.returns.record_return(TILL, make.record_return(None, ("1", 1), refunds=[hold.hold_id])).unwrap()
    assert no.value.metadata["state"] == "expired"
    assert points.account(member_id).available == 10
