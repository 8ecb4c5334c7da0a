"""A receipt as a till sends it, held against the gateway's own models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.wire.members import EnrolBody
from gateway.wire.points.sales import PurchaseBody, ReturnBody
from wafa.demo import wire
from wafa.demo.matching import BroughtBack, ReturnPart
from wafa.demo.receipts import Line, Receipt, read_receipts
from wafa.demo.story import example_purchase

SHIFT = timedelta(weeks=800)
SALE = Receipt(
    "536365", datetime(2010, 12, 1, 8, 26, tzinfo=UTC), "17850", (Line("1", "MUG", 6, 255), Line("2", "POST", 1, 1_800))
)
BACK = Receipt("C536366", datetime(2010, 12, 2, 8, 26, tzinfo=UTC), "17850", (Line("1", "MUG", -2, 255),))


def test_every_receipt_passes_the_gateways_models() -> None:
    for receipt in read_receipts():
        if not receipt.is_return:
            PurchaseBody.model_validate(wire.purchase(receipt, SHIFT, ""))
        if receipt.customer:
            EnrolBody.model_validate(wire.enrolment(receipt.customer))


def test_a_line_without_goods_says_so() -> None:
    body = wire.purchase(SALE, SHIFT, "3f0a7a9e-6b1a-4b3e-9a58-5c8a6a1d2f10")
    assert [line["category"] for line in body["lines"]] == ["gifts", "service"]
    assert [line["amount_minor"] for line in body["lines"]] == [1_530, 1_800]
    assert body["member"] == {"member_id": "3f0a7a9e-6b1a-4b3e-9a58-5c8a6a1d2f10"}


def test_an_anonymous_sale_names_no_member() -> None:
    assert "member" not in wire.purchase(SALE, SHIFT, "")


def test_a_receipt_moves_as_a_whole() -> None:
    body = wire.purchase(SALE, SHIFT, "")
    assert body["occurred_at"] == "2026-04-01T08:26:00Z"
    assert body["receipt"]["business_day"] == "2026-04-01"


def test_a_matched_part_names_the_original_and_has_a_number_of_its_own() -> None:
    body = wire.return_part(BACK, ReturnPart(SALE, (BroughtBack("1", 2),)), SHIFT)
    ReturnBody.model_validate(body)
    assert body["receipt"]["receipt_number"] == "C536366/536365"
    assert body["original_receipt"] == wire.purchase(SALE, SHIFT, "")["receipt"]
    assert body["lines"] == [{"line_id": "1", "quantity_milli": 2_000}]


def test_an_unmatched_part_names_no_original() -> None:
    body = wire.return_part(BACK, ReturnPart(None, (BroughtBack("1", 2),)), SHIFT)
    ReturnBody.model_validate(body)
    assert body["receipt"]["receipt_number"] == "C536366"
    assert "original_receipt" not in body


@pytest.mark.parametrize("customer", ["1", "17850", "12346"])
def test_a_card_number_bears_luhns_check(customer: str) -> None:
    digits = [int(digit) for digit in wire.card_number(customer)]
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[-2::-2]]
    assert len(digits) == 16
    assert (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def test_cards_differ_as_customers_do() -> None:
    customers = {receipt.customer for receipt in read_receipts() if receipt.customer}
    assert len({wire.card_number(customer) for customer in customers}) == len(customers)


def test_the_example_for_pasting_is_a_purchase() -> None:
    PurchaseBody.model_validate(example_purchase(wire.card_number("1")))
