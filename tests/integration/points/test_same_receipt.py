"""A receipt that comes again is the same one however a till lists its parts; what says something else is a conflict."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kit.digests import digests_in_order
from kit.idempotency import IdempotencyKeyReused
from services.points import tables
from services.points.domain.earning.activities import RecordActivity
from services.points.domain.errors import ActivityConflict, ReceiptConflict
from services.points.domain.sales.exchanges import RecordExchange
from services.points.domain.sales.purchases import PreviewPurchase, RecordPurchase
from services.points.domain.sales.refunds import PointsRefund
from services.points.domain.sales.returns import RecordReturn
from services.points.domain.sales.sale import Sale, Tender, TenderKind
from tests.factories import points as make
from tests.fixtures.digests import digest_anew
from tests.integration.points.conftest import TILL, Points

CASH, CARD = TenderKind.CASH, TenderKind.PAYMENT_CARD
NAMED = ("program_id", "request_id", "receipt")


def a_sale() -> Sale:
    """Two lines of 10.00, paid with three tenders, of which two are equal."""
    tenders = (Tender(CASH, 500), Tender(CARD, 1000), Tender(CASH, 500))
    return make.a_sale(make.a_line(1000), make.a_line(1000, line_id="2"), tenders=tenders)


def retold(sale: Sale) -> Sale:
    """The same in another order, out of a table of whole seconds."""
    return replace(sale, lines=sale.lines[::-1], tenders=sale.tenders[1:] + sale.tenders[:1])


def with_milliseconds(sale: Sale) -> Sale:
    return replace(sale, occurred_at=sale.occurred_at + timedelta(milliseconds=420))


def anew(command: Any, **changes: Any) -> Any:
    """The same wish under another key."""
    return replace(command, request_id=f"key-{make.a_number()}", **changes)


def digest_as_before(
    points: Points, table: sa.Table, named: uuid.UUID, content: object, without: tuple[str, ...]
) -> None:
    """Gives the row the digests that it had when the order of lists and parts of a second counted."""
    key = next(iter(table.primary_key.columns))
    with points.engine.begin() as connection:
        digests = connection.scalar(sa.select(table.c.digests).where(key == named))
        assert digests is not None
        before = digests | digests_in_order(content, without=without)
        changed = connection.execute(sa.update(table).where(key == named).values(digests=before))
        digest_anew(connection, table)
        assert changed.rowcount == 1


@pytest.fixture
def bought(points: Points) -> RecordPurchase:
    """A purchase that is recorded, of an instant with parts of a second."""
    points.rule()
    command = make.record_purchase(points.member(), with_milliseconds(a_sale()))
    points.purchases.record_purchase(TILL, command).unwrap()
    return command


# ---- purchases


@pytest.mark.parametrize("same_key", [True, False])
def test_a_receipt_with_its_parts_in_another_order_is_the_same(
    points: Points, bought: RecordPurchase, same_key: bool
) -> None:
    again = replace(bought, sale=replace(retold(bought.sale), occurred_at=make.NOON))
    outcome = points.purchases.record_purchase(TILL, again if same_key else anew(again))
    assert outcome.replayed
    assert outcome.unwrap().purchase.sale == bought.sale
    assert bought.member_id is not None
    assert points.account(bought.member_id).posted == 20


def test_the_preview_of_a_recorded_receipt_does_not_care_for_order(points: Points, bought: RecordPurchase) -> None:
    asked = PreviewPurchase(bought.program_id, bought.member_id, retold(bought.sale))
    assert points.purchases.preview_purchase(TILL, asked).purchase.points_earned == 20


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("lines", lambda sale: replace(sale, lines=(replace(sale.lines[0], sku="JAM"), sale.lines[1]))),
        ("lines", lambda sale: replace(sale, lines=(sale.lines[0],), tenders=())),
        ("tenders", lambda sale: replace(sale, tenders=(Tender(CASH, 1000), Tender(CARD, 1000)))),
        ("tenders", lambda sale: replace(sale, tenders=(Tender(CARD, 500), Tender(CASH, 1000), Tender(CASH, 500)))),
        ("occurred_at", lambda sale: replace(sale, occurred_at=sale.occurred_at + timedelta(seconds=1))),
    ],
)
@pytest.mark.parametrize("as_before", [True, False])
def test_a_receipt_that_says_something_else_is_a_conflict(
    points: Points, bought: RecordPurchase, field: str, change: Callable[[Sale], Sale], as_before: bool
) -> None:
    if as_before:
        recorded_before(points, bought)
    with pytest.raises(ReceiptConflict) as refused:
        points.purchases.record_purchase(TILL, anew(bought, sale=change(retold(bought.sale)))).unwrap()
    assert field in refused.value.metadata["fields"].split(",")
    with pytest.raises(IdempotencyKeyReused, match="another sale"):
        points.purchases.record_purchase(TILL, replace(bought, sale=change(bought.sale))).unwrap()


def recorded_before(points: Points, bought: RecordPurchase) -> None:
    found = points.purchases.record_purchase(TILL, anew(bought)).unwrap()
    digest_as_before(points, tables.purchases, found.purchase.purchase_id, bought.sale, NAMED)


@pytest.mark.parametrize("retell", [retold, lambda sale: sale])
def test_a_receipt_recorded_when_order_counted_is_the_same_in_any(
    points: Points, bought: RecordPurchase, retell: Callable[[Sale], Sale]
) -> None:
    recorded_before(points, bought)
    again = anew(bought, sale=replace(retell(bought.sale), occurred_at=make.NOON))
    assert points.purchases.record_purchase(TILL, again).replayed


def test_an_answer_stored_when_order_counted_is_found_by_the_same_request(
    points: Points, bought: RecordPurchase
) -> None:
    table = tables.stored_answers
    before = digests_in_order(bought, without=("program_id", "request_id"))
    with points.engine.begin() as connection:
        named = table.c.request_id == bought.request_id
        assert connection.execute(sa.update(table).where(named).values(fingerprint=before)).rowcount == 1
        digest_anew(connection, table)
    assert points.purchases.record_purchase(TILL, bought).replayed
    with pytest.raises(IdempotencyKeyReused, match="another sale"):
        points.purchases.record_purchase(TILL, replace(bought, sale=a_sale())).unwrap()


# ---- returns and exchanges


def a_return(points: Points, bought: RecordPurchase) -> RecordReturn:
    """Both lines come back, one of them in two parts, and two holds' points with them."""
    assert bought.member_id is not None
    points.give(bought.member_id, 30)
    holds = [make.place_hold(bought.member_id, 10) for _ in range(2)]
    placed = [points.holds.place_hold(TILL, hold).unwrap().hold for hold in holds]
    for hold in placed:
        points.holds.capture_hold(TILL, make.capture_hold(bought.member_id, hold.hold_id)).unwrap()
    refunds = [PointsRefund(hold.hold_id, amount) for hold, amount in zip(placed, (0, 4), strict=True)]
    lines = (("1", 500), ("2", 1000), ("1", 500))
    return make.record_return(bought.sale.receipt, *lines, refunds=refunds)


@pytest.mark.parametrize("as_before", [True, False])
@pytest.mark.parametrize("same_key", [True, False])
def test_a_return_with_its_parts_in_another_order_is_the_same(
    points: Points, bought: RecordPurchase, same_key: bool, as_before: bool
) -> None:
    command = a_return(points, bought)
    command = replace(command, occurred_at=command.occurred_at + timedelta(milliseconds=7))
    first = points.returns.record_return(TILL, command).unwrap()
    if as_before:
        digest_as_before(points, tables.returns, first.recorded.return_id, command, NAMED)

    again = replace(command, lines=command.lines[::-1], refunds=command.refunds[::-1], occurred_at=make.NOON)
    outcome = points.returns.record_return(TILL, again if same_key else anew(again))

    assert (outcome.replayed, outcome.unwrap()) == (True, first)
    other = replace(again, lines=again.lines[:2], refunds=again.refunds[:1])
    with pytest.raises(ReceiptConflict) as refused:
        points.returns.record_return(TILL, anew(other)).unwrap()
    assert refused.value.metadata["fields"] == "lines,refunds"
    amounts = tuple(replace(refund, amount=refund.amount + 1) for refund in again.refunds)
    with pytest.raises(ReceiptConflict, match="another refunds"):
        points.returns.record_return(TILL, anew(again, refunds=amounts)).unwrap()


@pytest.mark.parametrize("same_key", [True, False])
def test_an_exchange_with_its_parts_in_another_order_is_the_same(
    points: Points, bought: RecordPurchase, same_key: bool
) -> None:
    command = make.record_exchange(bought.sale.receipt, ("1", 1000), ("2", 1000), sale=a_sale())
    first = points.exchanges.record_exchange(TILL, command).unwrap()
    back = replace(command.return_, lines=command.return_.lines[::-1])
    again = replace(command, return_=back, sale=retold(command.sale))
    if not same_key:
        again = anew_exchange(again)
    outcome = points.exchanges.record_exchange(TILL, again)
    assert (outcome.replayed, outcome.unwrap()) == (True, first)


def anew_exchange(command: RecordExchange) -> RecordExchange:
    key = f"key-{make.a_number()}"
    return replace(command, request_id=key, return_=replace(command.return_, request_id=key))


# ---- activities


@pytest.mark.parametrize("as_before", [True, False])
def test_an_activity_with_attributes_in_another_order_is_the_same(points: Points, as_before: bool) -> None:
    report = make.an_activity_report(attributes={"a": "1", "b": "2"}, occurred_at=make.NOON + timedelta(microseconds=9))
    command: RecordActivity = make.record_activity(points.member(), report)
    first = points.activities.record_activity(TILL, command).unwrap()
    if as_before:
        named, without = first.activity.activity_id, ("source", "activity_key")
        digest_as_before(points, tables.activities, named, report, without)
    told = replace(report, attributes={"b": "2", "a": "1"}, occurred_at=make.NOON)
    assert points.activities.record_activity(TILL, anew(command, report=told)).replayed
    with pytest.raises(ActivityConflict, match="another attributes, occurred_at"):
        other = replace(report, attributes={"a": "2", "b": "1"}, occurred_at=make.NOON + timedelta(seconds=1))
        points.activities.record_activity(TILL, anew(command, report=other)).unwrap()
