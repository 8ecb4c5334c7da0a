"""Receipts of several thousand lines: recorded, read again, returned in parts."""

from __future__ import annotations

from kit.bounds import LINES_MAX
from services.points.domain.sales.purchases import GetPurchase
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points


def test_the_longest_receipt_earns_for_each_line_and_gives_it_back(points: Points) -> None:
    for _ in range(2):
        points.rule()
    sale = make.a_sale(*(make.a_line(100, line_id=str(number), sku=f"SKU-{number}") for number in range(LINES_MAX)))
    member_id = points.member()

    answer = points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()

    assert answer.purchase.points_earned == LINES_MAX * 2
    read = points.purchases.get_purchase(GetPurchase(make.PROGRAM, answer.purchase.purchase_id, None))
    assert read.purchase == answer.purchase
    most = [(str(number), 1000) for number in range(1, LINES_MAX)]
    back = points.returns.record_return(TILL, make.record_return(sale.receipt, *most)).unwrap()
    assert back.recorded.points_returned == (LINES_MAX - 1) * 2
    assert points.account(member_id).posted == 2
    assert points.findings() == []
