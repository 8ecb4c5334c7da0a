"""What is announced of a purchase."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from services.points import announces
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.sale import Sale, Tender, TenderKind
from tests.factories import points as make


def told(sale: Sale, member_id: uuid.UUID | None = None) -> dict[str, Any]:
    purchase = Purchase(uuid.uuid4(), make.PROGRAM, member_id, sale, (), make.NOON)
    return announces.purchase_recorded(purchase).payload


def test_a_purchase_is_told_as_the_till_told_it() -> None:
    line = replace(make.a_line(900, category="DRINKS"), brand="Halo", tax_minor=150, discount_minor=100)
    member_id, receipt = uuid.uuid4(), make.a_receipt()
    sale = make.a_sale(line, receipt=receipt, tenders=(Tender(TenderKind.PAYMENT_CARD, 900),))
    assert told(sale, member_id) == {
        "member_id": str(member_id),
        "store_id": "S1",
        "total_minor": 900,
        "currency": "GBP",
        "points_earned": 0,
        "source": "pos",
        "terminal_id": "T1",
        "business_day": "2026-03-02",
        "discount_minor": 100,
        "lines": [
            {
                "line_id": "1",
                "sku": "TEA",
                "category": "DRINKS",
                "brand": "Halo",
                "quantity_milli": 1_000,
                "amount_minor": 900,
                "tax_minor": 150,
                "discount_minor": 100,
            }
        ],
        "tenders": [{"kind": "payment_card", "amount_minor": 900}],
    }


def test_an_anonymous_purchase_names_nobody() -> None:
    assert "member_id" not in told(make.a_sale())


def test_cash_rounding_is_told_where_there_was_some() -> None:
    assert "cash_rounding_minor" not in told(make.a_sale())
    assert told(replace(make.a_sale(), cash_rounding_minor=-2))["cash_rounding_minor"] == -2


def test_discounts_of_lines_and_of_the_order_are_told_once_and_less_those_of_goods_taken_back() -> None:
    sold = replace(make.a_line(900), discount_minor=100)
    back = replace(make.a_line(450, line_id="2"), quantity_milli=-1_000, discount_minor=50, amount_minor=-450)
    assert told(make.a_sale(sold, make.a_discount(200), back))["discount_minor"] == 250
