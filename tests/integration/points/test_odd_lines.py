"""Lines as tills have them: without a price, without goods, with tax on top, taken back at a discount."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.points.domain.earning.terms import Effect, Trigger
from services.points.domain.errors import ReturnExceedsPurchase
from services.points.domain.sales.purchases import PreviewPurchase, PurchaseAnswer
from services.points.domain.sales.sale import PurchaseLine, Sale, Tender, TenderKind
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points


def line(amount_minor: int, line_id: str = "1", **parts: Any) -> PurchaseLine:
    return replace(make.a_line(amount_minor, line_id=line_id), **parts)


def recorded(points: Points, *lines: PurchaseLine, tenders: tuple[Tender, ...] = ()) -> PurchaseAnswer:
    """The purchase as it is read again, which is as the preview had told."""
    sale, member_id = make.a_sale(*lines, tenders=tenders), points.member()
    foretold = points.purchases.preview_purchase(TILL, PreviewPurchase(make.PROGRAM, member_id, sale))
    answer = points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    again = points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale))
    assert again.replayed
    assert again.unwrap() == answer
    assert [each.points for each in answer.purchase.earnings] == [each.points for each in foretold.purchase.earnings]
    return answer


def back(points: Points, sale: Sale, *lines: tuple[str, int]) -> int:
    """Points that a return of these lines takes back."""
    command = make.record_return(sale.receipt, *lines)
    return points.returns.record_return(TILL, command).unwrap().recorded.points_returned


def test_a_voided_line_earns_nothing_and_stands_in_nobodys_way(points: Points) -> None:
    for effect in ({}, {"effect": Effect.PER_UNIT}, {"effect": Effect.FIXED, "trigger": Trigger.LINE}):
        points.rule(**({"per_amount_minor": 0} | effect if effect else {}))
    voided = line(0, "2", quantity_milli=0, unit_price_minor=500)

    answer = recorded(points, line(1000), voided)

    assert [earning.points for earning in answer.purchase.earnings] == [10, 1, 1]
    with pytest.raises(ReturnExceedsPurchase):
        back(points, answer.purchase.sale, ("2", 1000))
    assert back(points, answer.purchase.sale, ("1", 1000)) == 12
    assert points.findings() == []


def test_a_fee_counts_by_its_amount_and_as_no_goods(points: Points) -> None:
    points.rule()
    points.rule(effect=Effect.PER_UNIT, per_amount_minor=0)
    fee = line(300, "2", quantity_milli=0, unit_price_minor=None, category="fee")

    answer = recorded(points, line(1000), fee)

    assert [earning.points for earning in answer.purchase.earnings] == [13, 1]
    assert back(points, answer.purchase.sale, ("1", 1000)) == 11
    assert points.findings() == []


def test_goods_without_a_price_earn_and_come_back_as_others_do(points: Points) -> None:
    points.rule(trigger=Trigger.LINE, condition="line.unit_price_minor > 1200")
    pack = line(7546, quantity_milli=6000, unit_price_minor=None)

    answer = recorded(points, pack, line(1000, "2", unit_price_minor=None))

    assert answer.purchase.sale.lines[0].unit_price_minor is None
    assert answer.purchase.points_earned == 75
    assert back(points, answer.purchase.sale, ("1", 4000)) == 75 - 25


def test_tax_on_top_is_left_out_by_rules_that_leave_tax_out(points: Points) -> None:
    points.rule(exclude_tax=True)
    points.rule()
    net = line(1508, quantity_milli=7000, unit_price_minor=199, tax_minor=115, price_includes_tax=False)
    gross = line(1180, "2", tax_minor=180, price_includes_tax=True)

    answer = recorded(points, net, gross)

    assert [earning.points for earning in answer.purchase.earnings] == [13 + 10, 15 + 11]
    assert back(points, answer.purchase.sale, ("1", 7000)) == 13 + 15


def test_discounted_goods_taken_back_within_a_sale_count_at_what_was_paid(points: Points) -> None:
    points.rule()
    taken_back = line(-900, "2", quantity_milli=-1000, unit_price_minor=1000, discount_minor=100)
    answer = recorded(points, line(2000), taken_back)
    assert answer.account is not None
    assert answer.account.posted == 11


def test_a_total_rounded_for_cash_leaves_nothing_that_was_not_paid_with_cash(points: Points) -> None:
    points.rule(excluded_tenders=(TenderKind.CASH,))
    answer = recorded(points, line(1997), tenders=(Tender(TenderKind.CASH, 1995),))
    (earning,) = answer.purchase.earnings
    assert (earning.points, earning.explanation.not_earning_minor) == (0, 1997)
