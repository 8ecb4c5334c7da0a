"""Purchases and returns on the wire: what is refused, by which path, and what comes through unchanged."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from loyalty.points.v1 import explanations_pb2, tenders_pb2
from loyalty.points.v1 import sales_pb2 as pb

from kit.bounds import LINES_MAX, PURCHASES_MAX, REFUNDS_MAX, TENDERS_MAX
from kit.convert import timestamp_of
from kit.errors import Invalid
from services.points.convert.common import AMOUNT_MAX, MONEY_MINOR_MAX
from services.points.convert.sales import purchases as convert
from services.points.convert.sales.purchases import QUANTITY_MILLI_MAX
from services.points.domain.earning.earners import Earner
from services.points.domain.earning.evaluation import evaluate
from services.points.domain.earning.rule_sets import rule_set
from services.points.domain.ledger.accounts import AccountView
from services.points.domain.sales.purchases import Purchase, PurchaseAnswer, RecordPurchase
from services.points.domain.sales.refunds import Refunded
from services.points.domain.sales.returns import PurchaseReturns, Return, ReturnAnswer, ReturnLine
from services.points.domain.sales.sale import TenderKind
from tests.factories import points as make
from tests.factories.texts import NAMES
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


def receipt_bounds(path: str) -> dict[str, list[Any]]:
    return {
        f"{path}.source": [*NOT_A_LINE, *length(50)],
        f"{path}.store_id": [*NOT_A_LINE, *length(100)],
        f"{path}.terminal_id": [*NOT_A_LINE, *length(100)],
        f"{path}.business_day": ["", "2026-02-30", "20260102", "2026-01-02T00:00", "yesterday"],
        f"{path}.receipt_number": [*NOT_A_LINE, *length(100)],
    }


SALE_BOUNDS: dict[str, list[Any]] = {
    **receipt_bounds("sale.receipt"),
    "sale.currency": NOT_A_CURRENCY,
    "sale.cashier_id": length(100, least=0),
    "sale.lines[1].line_id": [*NOT_A_LINE, *length(50)],
    "sale.lines[1].sku": [*NOT_A_LINE, *length(100)],
    "sale.lines[1].category": length(100, least=0),
    "sale.lines[1].quantity_milli": outside(-QUANTITY_MILLI_MAX, QUANTITY_MILLI_MAX),
    "sale.lines[1].unit_price_minor": outside(-MONEY_MINOR_MAX, MONEY_MINOR_MAX),
    "sale.lines[1].discount_minor": outside(-MONEY_MINOR_MAX, MONEY_MINOR_MAX),
    "sale.lines[1].amount_minor": outside(-MONEY_MINOR_MAX, MONEY_MINOR_MAX),
    "sale.lines[1].brand": length(100, least=0),
    "sale.lines[1].tax_minor": outside(-MONEY_MINOR_MAX, MONEY_MINOR_MAX),
    "sale.tenders[0].kind": [0, 99],
    "sale.tenders[0].amount_minor": outside(-MONEY_MINOR_MAX, MONEY_MINOR_MAX),
    "sale.cash_rounding_minor": outside(-MONEY_MINOR_MAX, MONEY_MINOR_MAX),
}

RECORD_PURCHASE_BOUNDS = {
    "program_id": NOT_A_UUID,
    "request_id": NOT_A_KEY,
    "member_id": NOT_A_UUID[1:],
    **SALE_BOUNDS,
}


def two_lines() -> pb.Sale:
    return requests.sale(requests.line(), requests.line(500, line_id="2"))


@pytest.mark.parametrize(("path", "value"), cases(RECORD_PURCHASE_BOUNDS))
def test_record_purchase_names_what_is_wrong(path: str, value: Any) -> None:
    request = changed(requests.record_purchase(requests.new_id(), two_lines()), path, value)
    expect_refused(convert.record_purchase, request, path)


def test_record_purchases_finds_what_is_wrong_with_one_for_that_one_alone() -> None:
    malformed = requests.record_purchase()
    malformed.sale.lines[0].quantity_milli = QUANTITY_MILLI_MAX + 1
    nameless = requests.record_purchase()
    nameless.request_id = ""

    command = convert.record_purchases(requests.record_purchases(requests.record_purchase(), malformed, nameless))

    good, *bad = command.items
    assert isinstance(good, RecordPurchase)
    assert good.program_id == command.program_id
    assert [isinstance(each, Invalid) and each.field for each in bad] == ["sale.lines[0].quantity_milli", "request_id"]


@pytest.mark.parametrize("count", [0, PURCHASES_MAX + 1])
def test_record_purchases_takes_one_to_five_hundred(count: int) -> None:
    request = requests.record_purchases()
    item = request.items.pop()
    request.items.extend([item] * count)
    expect_refused(convert.record_purchases, request, "items")


@pytest.mark.parametrize(
    ("path", "value"), cases({"program_id": NOT_A_UUID, "member_id": NOT_A_UUID[1:], **SALE_BOUNDS})
)
def test_preview_purchase_names_what_is_wrong(path: str, value: Any) -> None:
    request = changed(requests.preview_purchase(requests.new_id(), two_lines()), path, value)
    expect_refused(convert.preview_purchase, request, path)


def test_a_sale_is_not_left_out() -> None:
    expect_refused(
        convert.record_purchase,
        pb.RecordPurchaseRequest(program_id=requests.new_id(), request_id="k"),
        "sale.lines",
    )


def test_a_sale_says_when_it_was() -> None:
    request = requests.record_purchase()
    request.sale.ClearField("occurred_at")
    expect_refused(convert.record_purchase, request, "sale.occurred_at")
    request.sale.occurred_at.CopyFrom(Timestamp(seconds=253_402_300_800))
    expect_refused(convert.record_purchase, request, "sale.occurred_at")


@pytest.mark.parametrize("count", [0, LINES_MAX + 1])
def test_a_sale_has_one_to_a_thousand_lines(count: int) -> None:
    request = requests.record_purchase()
    del request.sale.lines[:]
    request.sale.lines.extend([requests.line()] * count)
    expect_refused(convert.record_purchase, request, "sale.lines")


def test_a_sale_of_five_thousand_lines_and_fifty_tenders_is_read() -> None:
    request = requests.record_purchase(told=requests.sale(*[requests.line()] * LINES_MAX))
    request.sale.tenders.extend([tenders_pb2.Tender(kind=tenders_pb2.TENDER_KIND_CASH)] * (TENDERS_MAX - 1))
    assert len(convert.record_purchase(request).sale.lines) == LINES_MAX
    request.sale.tenders.add(kind=tenders_pb2.TENDER_KIND_CASH)
    expect_refused(convert.record_purchase, request, "sale.tenders")


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("sale.lines[0].quantity_milli", [-QUANTITY_MILLI_MAX, -1, 0, 1, QUANTITY_MILLI_MAX]),
        ("sale.lines[0].unit_price_minor", [-MONEY_MINOR_MAX, 0, MONEY_MINOR_MAX]),
        ("sale.lines[0].discount_minor", [-MONEY_MINOR_MAX, 0, MONEY_MINOR_MAX]),
        ("sale.lines[0].amount_minor", [-MONEY_MINOR_MAX, 0, MONEY_MINOR_MAX]),
        ("sale.lines[0].line_id", ["x", "x" * 50]),
        ("sale.lines[0].category", ["", "x" * 100]),
        ("sale.lines[0].brand", ["", "x" * 100]),
        ("sale.lines[0].tax_minor", [-MONEY_MINOR_MAX, 0, MONEY_MINOR_MAX]),
        ("sale.receipt.source", ["x" * 50]),
        ("sale.cashier_id", ["", "x" * 100]),
        ("request_id", ["x" * 255]),
        ("member_id", [""]),
    ],
)
def test_the_bounds_themselves_are_within(path: str, values: list[Any]) -> None:
    for value in values:
        convert.record_purchase(pb_request(path, value))


def pb_request(path: str, value: Any) -> pb.RecordPurchaseRequest:
    request = requests.record_purchase()
    changed(request, path, value)
    return request


def test_white_space_around_a_receipt_number_is_not_meant() -> None:
    request = requests.record_purchase()
    request.sale.receipt.receipt_number = "  A1 "
    assert convert.record_purchase(request).sale.receipt.receipt_number == "A1"


# ---- get, claim, return


def test_a_purchase_is_read_by_one_of_its_two_names() -> None:
    by_id = convert.get_purchase(requests.get_purchase(requests.new_id()))
    assert (by_id.purchase_id is None, by_id.receipt) == (False, None)
    by_receipt = convert.get_purchase(requests.get_purchase(key=requests.receipt()))
    assert (by_receipt.purchase_id, by_receipt.receipt is None) == (None, False)
    for request in (requests.get_purchase(), requests.get_purchase(requests.new_id(), requests.receipt())):
        expect_refused(convert.get_purchase, request, "purchase_id")


@pytest.mark.parametrize(("path", "value"), cases({"program_id": NOT_A_UUID, **receipt_bounds("receipt")}))
def test_get_purchase_names_what_is_wrong(path: str, value: Any) -> None:
    request = changed(requests.get_purchase(key=requests.receipt()), path, value)
    expect_refused(convert.get_purchase, request, path)


def test_get_purchase_refuses_an_id_that_is_none() -> None:
    expect_refused(convert.get_purchase, requests.get_purchase("R1"), "purchase_id")


@pytest.mark.parametrize(
    ("path", "value"),
    cases(
        {
            "program_id": NOT_A_UUID,
            "request_id": NOT_A_KEY,
            "member_id": NOT_A_UUID,
            **receipt_bounds("receipt"),
        }
    ),
)
def test_claim_purchase_names_what_is_wrong(path: str, value: Any) -> None:
    expect_refused(convert.claim_purchase, changed(requests.claim_purchase(), path, value), path)


@pytest.mark.parametrize(
    ("path", "value"),
    cases(
        {
            "program_id": NOT_A_UUID,
            "request_id": NOT_A_KEY,
            **receipt_bounds("receipt"),
            **receipt_bounds("original_receipt"),
            "currency": NOT_A_CURRENCY,
            "cashier_id": length(100, least=0),
            "lines[1].line_id": [*NOT_A_LINE, *length(50)],
            "lines[1].quantity_milli": outside(1, QUANTITY_MILLI_MAX),
            "refunds[1].hold_id": NOT_A_UUID,
            "refunds[1].amount": outside(0, AMOUNT_MAX),
        }
    ),
)
def test_record_return_names_what_is_wrong(path: str, value: Any) -> None:
    refunds = {requests.new_id(): 0, requests.new_id(): 7}
    request = requests.record_return(None, ("1", 1000), ("2", 1000), refunds=refunds)
    expect_refused(convert.record_return, changed(request, path, value), path)


def test_a_return_says_when_it_was_and_what_came_back() -> None:
    request = requests.record_return()
    request.ClearField("occurred_at")
    expect_refused(convert.record_return, request, "occurred_at")
    request = requests.record_return()
    request.lines.extend(list(request.lines) * LINES_MAX)
    expect_refused(convert.record_return, request, "lines")
    request.ClearField("lines")
    expect_refused(convert.record_return, request, "lines")


def test_a_return_names_each_hold_once_and_not_too_many() -> None:
    twice = requests.record_return(refunds={requests.new_id(): 0, requests.new_id(): 1})
    twice.refunds[1].hold_id = twice.refunds[0].hold_id.upper()
    expect_refused(convert.record_return, twice, "refunds[1].hold_id")
    many = requests.record_return(refunds={requests.new_id(): 0 for _ in range(REFUNDS_MAX + 1)})
    expect_refused(convert.record_return, many, "refunds")
    del many.refunds[0]
    assert len(convert.record_return(many).refunds) == REFUNDS_MAX


def test_a_return_may_come_without_its_receipt() -> None:
    request = requests.record_return()
    request.ClearField("original_receipt")
    assert convert.record_return(request).original_receipt is None


# ---- there and back

MONEY = st.integers(0, MONEY_MINOR_MAX)


@st.composite
def sales(draw: st.DrawFn) -> pb.Sale:
    lines = [
        pb.PurchaseLine(
            line_id=draw(NAMES),
            sku=draw(NAMES),
            category=draw(NAMES | st.just("")),
            quantity_milli=draw(st.integers(-QUANTITY_MILLI_MAX, QUANTITY_MILLI_MAX)),
            unit_price_minor=draw(st.none() | MONEY),
            discount_minor=draw(MONEY),
            amount_minor=draw(MONEY) * draw(st.sampled_from([-1, 1])),
            brand=draw(NAMES | st.just("")),
            tax_minor=draw(MONEY),
            price_includes_tax=draw(st.none() | st.booleans()),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]
    tenders = [
        tenders_pb2.Tender(kind=kind, amount_minor=draw(MONEY))
        for kind in draw(st.lists(st.sampled_from([number for number in tenders_pb2.TenderKind.values() if number])))
    ]
    receipt = pb.ReceiptKey(
        source=draw(NAMES),
        store_id=draw(NAMES),
        terminal_id=draw(NAMES),
        business_day=draw(st.dates()).isoformat(),
        receipt_number=draw(NAMES),
    )
    seconds = draw(st.integers(-62_135_596_800, 253_402_300_799))
    return pb.Sale(
        receipt=receipt,
        occurred_at=Timestamp(seconds=seconds, nanos=draw(st.integers(0, 999_999)) * 1_000),
        currency="PKR",
        lines=lines,
        tenders=tenders,
        cashier_id=draw(NAMES | st.just("")),
        cash_rounding_minor=draw(MONEY),
    )


@given(sales(), st.none() | st.uuids())
def test_a_sale_comes_back_as_it_was_told(told: pb.Sale, member_id: uuid.UUID | None) -> None:
    request = requests.record_purchase("" if member_id is None else str(member_id), told)

    command = convert.record_purchase(request)
    purchase = Purchase(uuid.uuid4(), command.program_id, command.member_id, command.sale, (), make.NOON)
    answered = convert.to_purchase(PurchaseAnswer(purchase, PurchaseReturns({}, 0), None))

    assert answered.sale == told
    assert (answered.program_id, answered.member_id) == (request.program_id, request.member_id)
    assert command.request_id == request.request_id


def test_every_tender_has_its_kind() -> None:
    request = requests.record_purchase()
    kinds = [number for number in tenders_pb2.TenderKind.values() if number]
    del request.sale.tenders[:]
    request.sale.tenders.extend(tenders_pb2.Tender(kind=kind) for kind in kinds)
    assert [tender.kind for tender in convert.record_purchase(request).sale.tenders] == list(TenderKind)


ACCOUNT = AccountView(uuid.uuid4(), "points", posted=9, held=1, pending=2, available=6, owed=3, version=4)


def test_a_purchase_is_answered_with_what_came_back_and_the_account_after_it() -> None:
    sale = make.a_sale(make.a_line(1000, quantity=4))
    claimed_at = make.NOON + timedelta(days=1)
    purchase = Purchase(
        uuid.uuid4(),
        make.PROGRAM,
        uuid.uuid4(),
        sale,
        evaluate(rule_set(make.a_rule()), sale, {}, Earner("active", "gold", ("vip",), {"city": "Lahore"})),
        make.NOON,
        claimed_at,
    )

    answered = convert.claim_purchase_response(PurchaseAnswer(purchase, PurchaseReturns({"1": 1000}, 3), ACCOUNT))

    assert (answered.purchase.points_earned, answered.purchase.points_returned) == (10, 3)
    assert [(line.line_id, line.quantity_milli) for line in answered.purchase.returned_lines] == [("1", 1000)]
    assert answered.purchase.recorded_at == timestamp_of(make.NOON)
    assert answered.purchase.claimed_at == timestamp_of(claimed_at)
    assert answered.purchase.earnings[0].points == 10
    told = explanations_pb2.Earner(status="active", tier="gold", segments=["vip"], attributes={"city": "Lahore"})
    assert answered.purchase.earner == told
    assert answered.account.available == 6


@pytest.mark.parametrize(
    "respond",
    [
        convert.record_purchase_response,
        convert.preview_purchase_response,
        convert.claim_purchase_response,
        convert.get_purchase_response,
    ],
)
def test_an_anonymous_purchase_has_no_member_no_claim_and_no_account(respond: Any) -> None:
    purchase = Purchase(uuid.uuid4(), make.PROGRAM, None, make.a_sale(), (), make.NOON)
    answered = respond(PurchaseAnswer(purchase, PurchaseReturns({}, 0), None))
    assert answered.purchase.member_id == ""
    assert not answered.purchase.HasField("claimed_at")
    assert not answered.purchase.HasField("earner")
    assert "account" not in [field.name for field, _ in answered.ListFields()]


def test_a_return_comes_back_as_it_was_told() -> None:
    request = requests.record_return(None, ("1", 500), ("2", 1000))
    command = convert.record_return(request)
    back = Return(
        return_id=uuid.uuid4(),
        program_id=command.program_id,
        receipt=command.receipt,
        original_receipt=command.original_receipt,
        purchase_id=uuid.uuid4(),
        member_id=uuid.uuid4(),
        lines=command.lines,
        points_returned=10,
        shortfall=4,
        occurred_at=command.occurred_at,
        recorded_at=make.NOON,
        refunds=(Refunded(uuid.uuid4(), "points", 5, 2), Refunded(uuid.uuid4(), "stars", 6, 9)),
    )

    answered = getattr(convert.record_return_response(ReturnAnswer(back, ACCOUNT)), "return")

    assert (answered.receipt, answered.original_receipt) == (request.receipt, request.original_receipt)
    assert (answered.lines, answered.occurred_at) == (request.lines, request.occurred_at)
    assert (answered.points_returned, answered.shortfall, answered.matched) == (10, 4, True)
    assert (answered.purchase_id, answered.member_id) == (str(back.purchase_id), str(back.member_id))
    assert [(each.hold_id, each.amount) for each in answered.refunds] == [
        (str(each.hold_id), each.points) for each in back.refunds
    ]
    assert answered.points_restored == 11
    assert command.lines[0] == ReturnLine("1", 500)
    assert command.receipt.business_day == date(2026, 1, 2)

    unmatched = replace(back, original_receipt=None, purchase_id=None, member_id=None)
    answer = convert.record_return_response(ReturnAnswer(unmatched, None))
    answered = getattr(answer, "return")
    assert (answered.matched, answered.purchase_id, answered.member_id) == (False, "", "")
    assert not answered.HasField("original_receipt")
    assert not answer.HasField("account")
