"""Receipts, rules and commands for tests of `points`, each with what the test at hand does not care about filled in."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from services.points.domain.commands import AdjustPoints
from services.points.domain.earning.activities import ActivityKind, ActivityReport, RecordActivity
from services.points.domain.earning.rules import EarningRule, RuleState
from services.points.domain.earning.terms import Accrual, EarningTerms, Effect, Rounding, Trigger
from services.points.domain.ledger.adjustments import ApproveAdjustment, RejectAdjustment, RequestAdjustment
from services.points.domain.ledger.holds import CaptureHold, PlaceHold, ReleaseHold, ReverseCapture
from services.points.domain.ledger.transfers import TransferPoints
from services.points.domain.sales.exchanges import RecordExchange
from services.points.domain.sales.purchases import ClaimPurchase, RecordPurchase
from services.points.domain.sales.refunds import PointsRefund
from services.points.domain.sales.returns import RecordReturn, ReturnLine
from services.points.domain.sales.sale import PurchaseLine, ReceiptKey, Sale, Tender

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)
PROGRAM = uuid.UUID("11111111-1111-4111-8111-111111111111")

_numbers = itertools.count(1)


def a_number() -> int:
    """A number that no other call has given in this process."""
    return next(_numbers)


def a_receipt(**parts: Any) -> ReceiptKey:
    """A receipt that nobody has seen."""
    return replace(ReceiptKey("pos", "S1", "T1", date(2026, 3, 2), f"R{a_number()}"), **parts)


def a_line(
    amount_minor: int, *, line_id: str = "1", quantity: int = 1, sku: str = "TEA", category: str = ""
) -> PurchaseLine:
    """A line of `quantity` pieces that cost `amount_minor` together."""
    return PurchaseLine(line_id, sku, category, quantity * 1000, amount_minor // quantity, 0, amount_minor)


def a_discount(off_minor: int, *, line_id: str = "discount") -> PurchaseLine:
    """A line that takes `off_minor` off the order."""
    return PurchaseLine(line_id, "ORDER-DISCOUNT", "", 1000, 0, off_minor, -off_minor)


def a_sale(
    *lines: PurchaseLine,
    receipt: ReceiptKey | None = None,
    occurred_at: datetime = NOON,
    tenders: tuple[Tender, ...] = (),
) -> Sale:
    """A receipt with these lines, or with one line of 10.00."""
    return Sale(receipt or a_receipt(), occurred_at, "GBP", lines or (a_line(1000),), tenders, "")


def terms(**changes: Any) -> EarningTerms:
    """One point for every 1.00, spendable at once, for good."""
    plain = EarningTerms(
        name="Everyday",
        points=1,
        per_amount_minor=100,
        currency="GBP",
        excluded_skus=(),
        excluded_categories=(),
        starts_at=LONG_AGO,
        ends_at=None,
        rounding=Rounding.DOWN,
        pending_days=0,
        expiry_days=0,
        wallet="points",
        accrual=Accrual.WHOLE_STEPS,
    )
    return replace(plain, **changes)


def activity_terms(kind: ActivityKind = ActivityKind.VISIT, **changes: Any) -> dict[str, Any]:
    """What terms say otherwise that give 50 points for an activity of this kind; an event is "app-installed"."""
    name = "app-installed" if kind is ActivityKind.EVENT else ""
    plain: dict[str, Any] = {
        "name": "Active",
        "points": 50,
        "per_amount_minor": 0,
        "currency": "",
        "effect": Effect.FIXED,
        "trigger": Trigger(kind.value),
        "activity_name": name,
    }
    return plain | changes


def an_activity_report(kind: ActivityKind = ActivityKind.VISIT, **parts: Any) -> ActivityReport:
    """An activity of this kind that nobody has told of; an event is "app-installed"."""
    name = "app-installed" if kind is ActivityKind.EVENT else ""
    return replace(ActivityReport(kind, name, NOON, "crm", f"A{a_number()}", "S1", "", {}), **parts)


def record_activity(member_id: uuid.UUID, report: ActivityReport | None = None, key: str = "") -> RecordActivity:
    """A caller's wish to record what a member did."""
    return RecordActivity(PROGRAM, key or f"key-{a_number()}", member_id, report or an_activity_report())


def a_rule(**changes: Any) -> EarningRule:
    """An active first version with `terms(**changes)`."""
    return EarningRule(
        uuid.uuid4(),
        PROGRAM,
        1,
        RuleState.ACTIVE,
        terms(**changes),
        LONG_AGO,
        activated_at=LONG_AGO,
        effective_from=LONG_AGO,
        effective_until=changes.get("ends_at"),
    )


def record_purchase(member_id: uuid.UUID | None, sale: Sale | None = None, key: str = "") -> RecordPurchase:
    """A till's wish to record the sale."""
    return RecordPurchase(PROGRAM, key or f"key-{a_number()}", member_id, sale or a_sale())


def record_return(
    original: ReceiptKey | None,
    *lines: tuple[str, int],
    key: str = "",
    receipt: ReceiptKey | None = None,
    refunds: Iterable[uuid.UUID | PointsRefund] = (),
) -> RecordReturn:
    """A till's wish to take back (line, thousandths), and to give back what these holds spent."""
    back = tuple(ReturnLine(line_id, quantity_milli) for line_id, quantity_milli in lines)
    spent = tuple(each if isinstance(each, PointsRefund) else PointsRefund(each, 0) for each in refunds)
    return RecordReturn(
        PROGRAM, key or f"key-{a_number()}", receipt or a_receipt(), original, NOON, "GBP", back, "", spent
    )


def record_exchange(
    original: ReceiptKey,
    *lines: tuple[str, int],
    sale: Sale | None = None,
    member_id: uuid.UUID | None = None,
    key: str = "",
    receipt: ReceiptKey | None = None,
    refunds: Iterable[uuid.UUID | PointsRefund] = (),
) -> RecordExchange:
    """A till's wish to take back (line, thousandths) and to sell something else instead."""
    back = record_return(original, *lines, key=key, receipt=receipt, refunds=refunds)
    return RecordExchange(PROGRAM, back.request_id, member_id, back, sale or a_sale())


def claim_purchase(member_id: uuid.UUID, receipt: ReceiptKey, key: str = "") -> ClaimPurchase:
    """A member's wish to have a purchase counted."""
    return ClaimPurchase(PROGRAM, key or f"key-{a_number()}", member_id, receipt)


def place_hold(
    member_id: uuid.UUID,
    amount: int,
    *,
    timeout_s: int = 900,
    key: str = "",
    wallet: str = "points",
    reference: str = "",
) -> PlaceHold:
    """A wish to set points aside."""
    return PlaceHold(PROGRAM, key or f"key-{a_number()}", member_id, wallet, amount, timeout_s, reference)


def capture_hold(member_id: uuid.UUID, hold_id: uuid.UUID, amount: int = 0, key: str = "") -> CaptureHold:
    """A wish to spend a hold."""
    return CaptureHold(PROGRAM, key or f"key-{a_number()}", member_id, hold_id, amount)


def release_hold(member_id: uuid.UUID, hold_id: uuid.UUID, key: str = "") -> ReleaseHold:
    """A wish to give a hold back."""
    return ReleaseHold(PROGRAM, key or f"key-{a_number()}", member_id, hold_id)


def reverse_capture(member_id: uuid.UUID, hold_id: uuid.UUID, amount: int = 0, key: str = "") -> ReverseCapture:
    """A wish to return what a hold spent."""
    return ReverseCapture(PROGRAM, key or f"key-{a_number()}", member_id, hold_id, "changed their mind", amount)


def request_adjustment(
    member_id: uuid.UUID, amount: int, *, actor: str = "Amina", expiry_days: int = 0
) -> RequestAdjustment:
    """A wish to have points given or taken by hand."""
    return RequestAdjustment(PROGRAM, f"key-{a_number()}", member_id, "points", amount, "goodwill", actor, expiry_days)


def approve_adjustment(adjustment_id: uuid.UUID, *, actor: str = "Bashir") -> ApproveAdjustment:
    """An approval."""
    return ApproveAdjustment(PROGRAM, f"key-{a_number()}", adjustment_id, actor)


def reject_adjustment(adjustment_id: uuid.UUID, *, actor: str = "Bashir") -> RejectAdjustment:
    """A rejection."""
    return RejectAdjustment(PROGRAM, f"key-{a_number()}", adjustment_id, actor, "asked for twice")


def transfer_points(member_id: uuid.UUID, recipient_id: uuid.UUID, amount: int) -> TransferPoints:
    """A wish to give points to another."""
    return TransferPoints(PROGRAM, f"key-{a_number()}", member_id, recipient_id, "points", amount, "Eid")


def adjust_points(member_id: uuid.UUID, amount: int, *, expiry_days: int = 0, key: str = "") -> AdjustPoints:
    """A wish to give or take points by hand."""
    return AdjustPoints(
        PROGRAM, key or f"key-{a_number()}", member_id, "points", amount, "goodwill", "Amina", expiry_days
    )
