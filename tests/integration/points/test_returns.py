"""Returns against the real database: what goods earned goes back with them, exactly."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest

from kit.database import retrying
from kit.errors import Invalid, Refusal
from services.points.domain.errors import (
    InsufficientBalanceForReturn,
    ReceiptConflict,
    ReturnExceedsPurchase,
    ReturnLineUnknown,
)
from services.points.domain.program.policy import Shortfall
from services.points.domain.sales.purchases import GetPurchase
from services.points.domain.sales.sale import Sale
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points


def bought(points: Points, member_id: UUID | None, sale: Sale) -> Sale:
    points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    return sale


def test_a_full_return_takes_back_what_the_purchase_gave(points: Points) -> None:
    points.rule()
    member_id = points.member()
    sale = bought(points, member_id, make.a_sale())

    answer = points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()

    assert (answer.recorded.points_returned, answer.recorded.shortfall) == (10, 0)
    assert points.account(member_id).posted == 0


@pytest.mark.parametrize("order", list(itertools.permutations(["1", "2", "3"])), ids="".join)
def test_returns_in_any_order_take_back_in_all_what_was_given(points: Points, order: tuple[str, ...]) -> None:
    points.rule()
    member_id = points.member()
    lines = [make.a_line(amount, line_id=str(number)) for number, amount in enumerate((333, 333, 334), start=1)]
    sale = bought(points, member_id, make.a_sale(*lines))

    left = []
    for line_id in order:
        points.returns.record_return(TILL, make.record_return(sale.receipt, (line_id, 1000))).unwrap()
        left.append(points.account(member_id).posted)

    # 10.00 earned 10; what is kept earns what it alone would have earned: 6.66 or 6.67 earn 6, 3.33 or 3.34 earn 3.
    assert left == [6, 3, 0]


def test_a_part_of_a_line_leaves_what_the_rest_would_have_earned(points: Points) -> None:
    points.rule()
    member_id = points.member()
    sale = bought(points, member_id, make.a_sale(make.a_line(1000, quantity=4)))

    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()

    assert points.account(member_id).posted == 7


def test_the_same_return_receipt_takes_back_once(points: Points) -> None:
    points.rule()
    member_id, receipt = points.member(), make.a_receipt()
    sale = bought(points, member_id, make.a_sale(make.a_line(1000, quantity=2)))
    first = points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000), receipt=receipt))

    again = points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000), receipt=receipt))
    other = points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 2000), receipt=receipt))

    assert again.unwrap() == first.unwrap()
    assert again.replayed
    assert points.account(member_id).posted == 5
    with pytest.raises(ReceiptConflict):
        other.unwrap()


def test_more_than_was_bought_cannot_come_back(points: Points) -> None:
    points.rule()
    member_id = points.member()
    sale = bought(points, member_id, make.a_sale(make.a_line(1000, quantity=2)))
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()

    with pytest.raises(ReturnExceedsPurchase) as refused:
        points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1001))).unwrap()
    assert refused.value.metadata["returnable_milli"] == "1000"
    assert points.account(member_id).posted == 5


def test_a_line_that_was_not_bought_cannot_come_back(points: Points) -> None:
    sale = bought(points, None, make.a_sale())
    with pytest.raises(ReturnLineUnknown):
        points.returns.record_return(TILL, make.record_return(sale.receipt, ("9", 1000))).unwrap()


def test_two_tills_taking_back_one_line_at_once_take_it_once(points: Points) -> None:
    points.rule()
    member_id, clients = points.member(), 16
    sale = bought(points, member_id, make.a_sale())
    ready = threading.Barrier(clients)

    def take_back(_: int) -> bool:
        command = make.record_return(sale.receipt, ("1", 1000))
        ready.wait()
        try:
            retrying(lambda: points.returns.record_return(TILL, command)).unwrap()
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(clients) as pool:
        assert sum(pool.map(take_back, range(clients))) == 1
    assert points.account(member_id).posted == 0


def test_a_return_without_its_receipt_is_recorded_and_takes_nothing(points: Points) -> None:
    unknown = points.returns.record_return(TILL, make.record_return(make.a_receipt(), ("1", 1000))).unwrap()
    without = points.returns.record_return(TILL, make.record_return(None, ("1", 1000))).unwrap()

    for answer in (unknown, without):
        assert (answer.recorded.purchase_id, answer.recorded.points_returned, answer.account) == (None, 0, None)


def test_spent_points_are_owed_and_taken_from_the_next_earn(points: Points) -> None:
    points.rule()
    member_id = points.member()
    sale = bought(points, member_id, make.a_sale())
    spend(points, member_id, 8)

    answer = points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    assert (answer.recorded.points_returned, answer.recorded.shortfall) == (10, 8)
    assert (points.account(member_id).posted, points.account(member_id).owed) == (0, 8)

    bought(points, member_id, make.a_sale(make.a_line(1200)))
    assert (points.account(member_id).available, points.account(member_id).owed) == (4, 0)


def test_spent_points_go_below_zero_where_the_policy_says_so(points: Points) -> None:
    points.rule()
    points.policy(Shortfall.NEGATIVE)
    member_id = points.member()
    sale = bought(points, member_id, make.a_sale())
    spend(points, member_id, 8)

    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    assert (points.account(member_id).posted, points.account(member_id).available) == (-8, -8)

    bought(points, member_id, make.a_sale(make.a_line(1200)))
    assert (points.account(member_id).posted, points.account(member_id).available) == (4, 4)


def test_a_return_of_spent_points_is_refused_where_the_policy_says_so(points: Points) -> None:
    points.rule()
    points.policy(Shortfall.REFUSE)
    member_id = points.member()
    sale = bought(points, member_id, make.a_sale())
    spend(points, member_id, 8)

    with pytest.raises(InsufficientBalanceForReturn) as refused:
        points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    assert refused.value.metadata["missing"] == "8"
    assert points.account(member_id).posted == 2


def test_points_that_expired_meanwhile_are_not_taken_twice(points: Points) -> None:
    points.rule(expiry_days=10)
    member_id = points.member()
    sale = bought(points, member_id, make.a_sale())
    points.give(member_id, 5)
    points.clock.advance(days=11)

    answer = points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()

    assert (answer.recorded.points_returned, answer.recorded.shortfall) == (10, 0)
    assert points.account(member_id).available == 5


def test_a_claim_after_a_return_earns_for_the_goods_kept(points: Points) -> None:
    points.rule()
    member_id = points.member()
    sale = bought(points, None, make.a_sale(make.a_line(1000, quantity=4)))
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()

    claimed = points.purchases.claim_purchase(TILL, make.claim_purchase(member_id, sale.receipt)).unwrap()

    assert claimed.purchase.points_earned == 7
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 3000))).unwrap()
    assert points.account(member_id).posted == 0


def test_a_purchase_tells_what_has_come_back_of_it(points: Points) -> None:
    points.rule()
    sale = bought(points, points.member(), make.a_sale(make.a_line(1000, quantity=4)))
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 2000))).unwrap()

    found = points.purchases.get_purchase(GetPurchase(make.PROGRAM, None, sale.receipt))

    assert (found.returns.returned, found.returns.points_returned) == ({"1": 3000}, 8)


def test_a_return_in_another_currency_is_refused(points: Points) -> None:
    sale = bought(points, None, make.a_sale())
    with pytest.raises(Invalid) as refused:
        points.returns.record_return(TILL, replace(make.record_return(sale.receipt, ("1", 1000)), currency="EUR"))
    assert refused.value.field == "currency"


def spend(points: Points, member_id: UUID, amount: int) -> None:
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, amount)).unwrap().hold
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id)).unwrap()
