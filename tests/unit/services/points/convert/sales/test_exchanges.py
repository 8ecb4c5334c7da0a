"""An exchange is read as its parts are, and what is wrong is named by its part."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from loyalty.points.v1 import sales_pb2 as pb

from kit.errors import Invalid
from services.points.convert.sales import exchanges as convert
from services.points.convert.sales import purchases
from tests.unit.services.points import requests
from tests.unit.services.points.convert.refusals import (
    NOT_A_CURRENCY,
    NOT_A_KEY,
    NOT_A_LINE,
    NOT_A_UUID,
    cases,
    changed,
    expect_refused,
    length,
    outside,
)


@pytest.mark.parametrize(
    ("path", "value"),
    cases(
        {
            "program_id": NOT_A_UUID,
            "request_id": NOT_A_KEY,
            "member_id": NOT_A_UUID[1:],
            "return.receipt.source": length(50),
            "return.original_receipt.business_day": ["", "tomorrow"],
            "return.currency": NOT_A_CURRENCY,
            "return.cashier_id": length(100, least=0),
            "return.lines[0].line_id": NOT_A_LINE,
            "return.lines[0].quantity_milli": outside(1, purchases.QUANTITY_MILLI_MAX),
            "return.refunds[0].hold_id": NOT_A_UUID,
            "sale.receipt.receipt_number": length(100),
            "sale.lines[0].quantity_milli": outside(-purchases.QUANTITY_MILLI_MAX, purchases.QUANTITY_MILLI_MAX),
        }
    ),
)
def test_what_is_wrong_is_named(path: str, value: Any) -> None:
    request = requests.record_exchange()
    getattr(request, "return").refunds.add(hold_id=requests.new_id())
    expect_refused(convert.record_exchange, changed(request, path, value), path)


def test_both_parts_are_given_and_the_purchase_is_named() -> None:
    for missing in ("original_receipt", "occurred_at", "lines"):
        request = requests.record_exchange()
        getattr(request, "return").ClearField(missing)
        with pytest.raises(Invalid, match=rf"^return\.{missing}"):
            convert.record_exchange(request)
    for part, field in (("return", "return.lines"), ("sale", "sale.lines")):
        request = requests.record_exchange()
        request.ClearField(part)  # type: ignore[arg-type]  # a loop's name is no literal, as the stub wants it
        expect_refused(convert.record_exchange, request, field)


def test_the_parts_are_what_they_would_be_alone() -> None:
    request = requests.record_exchange(member_id=str(uuid.uuid4()))
    back: pb.ReturnToRecord = getattr(request, "return")
    alone = requests.record_return(back.original_receipt)
    alone.program_id, alone.request_id = request.program_id, request.request_id
    alone.receipt.CopyFrom(back.receipt)
    sale = requests.record_purchase(request.member_id, request.sale)

    command = convert.record_exchange(request)

    assert command.return_ == purchases.record_return(alone)
    assert command.sale == purchases.record_purchase(sale).sale
    assert str(command.member_id) == request.member_id
