"""Purchases and returns as they are kept, with what they gave and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from loyalty.points.v1 import sales_pb2 as pb
from loyalty.points.v1 import tenders_pb2
from pydantic import Field

from gateway.openapi import Problem
from gateway.wire.base import ResponseModel, instant, known_instant
from gateway.wire.enums import word_of
from gateway.wire.points.accounts import Account, account_of
from gateway.wire.points.earnings import Earner, Earning, earner_of, earning_of
from gateway.wire.points.sales import TenderWord
from gateway.wire.rewards.redemptions import Voucher


class Receipt(ResponseModel):
    """The key of a receipt."""

    source: str
    store_id: str
    terminal_id: str
    business_day: str
    receipt_number: str


class Original(ResponseModel):
    """Where goods were bought that a sale takes back."""

    receipt: Receipt
    line_id: str


class Line(ResponseModel):
    """One line of a receipt."""

    line_id: str
    sku: str
    category: str | None
    quantity_milli: int
    unit_price_minor: int | None
    """Null where the till told none."""
    discount_minor: int
    amount_minor: int
    brand: str | None
    tax_minor: int
    price_includes_tax: bool | None
    """Null where the till did not say."""
    original: Original | None


class Tender(ResponseModel):
    """One way of paying."""

    kind: TenderWord
    amount_minor: int


class ReturnedLine(ResponseModel):
    """Goods of one line brought back."""

    line_id: str
    quantity_milli: int


MisfitReasonWord = Literal["line_unknown", "exceeds_purchase", "other_currency"]


class UnmatchedReturn(ResponseModel):
    """A return that named the receipt before it was recorded, and did not fit when it was."""

    return_id: str
    receipt: Receipt
    """The return's own."""
    reason: MisfitReasonWord


class PointsRefund(ResponseModel):
    """Points that a hold had spent on the goods."""

    hold_id: str
    amount: int


class Return(ResponseModel):
    """Goods brought back."""

    return_id: str
    receipt: Receipt
    original_receipt: Receipt | None
    matched: bool
    """False when no purchase of the original receipt is known; then nothing is taken until it is."""
    purchase_id: str | None
    member_id: str | None
    lines: list[ReturnedLine]
    points_returned: int
    shortfall: int
    """Of these, points that were no longer there and are owed."""
    refunds: list[PointsRefund]
    """What came back of what the goods were paid with in points."""
    points_restored: int
    """The sum of that."""
    points_lapsed: int
    """Of these, points that had expired meanwhile: they keep their date and expired again at once."""
    occurred_at: datetime
    recorded_at: datetime | None
    within_purchase_id: str | None
    """The purchase on whose receipt the goods were taken back; null for a return that was recorded by itself."""
    valued: list[Earning]
    """What each rule would have given for goods that a sale took back while no purchase of them was known."""
    sentence: str
    """What was taken back and why, in one sentence that a cashier can read out."""


class Purchase(ResponseModel):
    """A sale with what it gave."""

    purchase_id: str
    """Made from program and receipt key, so that a receipt has one id for good."""
    member_id: str | None
    """Null while anonymous."""
    receipt: Receipt
    occurred_at: datetime
    currency: str
    lines: list[Line]
    tenders: list[Tender]
    cashier_id: str | None
    cash_rounding_minor: int
    earnings: list[Earning]
    """What every rule in force made of it, those that gave nothing included."""
    earner: Earner | None
    """Whom the rules saw, when they were asked: returns of the goods are judged by this. Null while anonymous, and
    where no rule was in force."""
    sentence: str | None
    """Why nothing was earned, where no rule was asked: none was in force in the currency, or the purchase is anonymous.
    Null where the earnings say it."""
    points_earned: int
    points_returned: int
    returned_lines: list[ReturnedLine]
    unmatched_returns: list[UnmatchedReturn]
    recorded_at: datetime | None
    """Null in a preview."""
    claimed_at: datetime | None
    taken_back: list[Return]
    """What became of goods that the sale itself took back: a return for each purchase that they are of, and one for
    those of which none is known."""


class PurchaseAnswer(ResponseModel):
    """A purchase and the account after it."""

    purchase: Purchase
    account: Account | None
    """Null for an anonymous sale."""


class UploadResult(ResponseModel):
    """What came of one of many purchases: what a call with this one alone would have answered."""

    status: int
    """201 with a purchase, or the status of the problem."""
    replayed: bool
    """Whether this was said before: the key is known, or the receipt is recorded."""
    purchase: Purchase | None = None
    account: Account | None = None
    problem: Problem | None = None


class UploadAnswer(ResponseModel):
    """A result for each purchase, in their order."""

    results: list[UploadResult]


class ReturnedVoucher(ResponseModel):
    """What came of a voucher that the till named with a return."""

    code: str
    """As the till sent it."""
    voucher: Voucher | None
    """As it is now: good again, unless it was used since. Null where there is a problem."""
    problem: Problem | None
    """Why it was not made good again, where others changed it between the check and the return."""


class ReturnAnswer(ResponseModel):
    """A return and the account after it."""

    return_: Return = Field(serialization_alias="return")
    account: Account | None
    """Null when the return moved no account."""
    vouchers: list[ReturnedVoucher] = Field(default=[])
    """One for each that was sent, in their order."""


def receipt_of(receipt: pb.ReceiptKey) -> Receipt:
    """The key as answered."""
    return Receipt(
        source=receipt.source,
        store_id=receipt.store_id,
        terminal_id=receipt.terminal_id,
        business_day=receipt.business_day,
        receipt_number=receipt.receipt_number,
    )


def purchase_of(purchase: pb.Purchase) -> Purchase:
    """The purchase as answered."""
    sale = purchase.sale
    return Purchase(
        purchase_id=purchase.purchase_id,
        member_id=purchase.member_id or None,
        receipt=receipt_of(sale.receipt),
        occurred_at=known_instant(sale, "occurred_at"),
        currency=sale.currency,
        lines=[_line_of(line) for line in sale.lines],
        tenders=[_tender_of(tender) for tender in sale.tenders],
        cashier_id=sale.cashier_id or None,
        cash_rounding_minor=sale.cash_rounding_minor,
        earnings=[earning_of(earning) for earning in purchase.earnings],
        earner=earner_of(purchase),
        sentence=purchase.sentence or None,
        points_earned=purchase.points_earned,
        points_returned=purchase.points_returned,
        returned_lines=[_returned_line_of(line) for line in purchase.returned_lines],
        unmatched_returns=[_unmatched_return_of(back) for back in purchase.unmatched_returns],
        recorded_at=instant(purchase, "recorded_at"),
        claimed_at=instant(purchase, "claimed_at"),
        taken_back=[_return_of(back) for back in purchase.taken_back],
    )


def purchase_answer_of(
    answer: pb.RecordPurchaseResponse | pb.PreviewPurchaseResponse | pb.ClaimPurchaseResponse,
) -> PurchaseAnswer:
    """A purchase and the account after it, as answered."""
    return PurchaseAnswer(purchase=purchase_of(answer.purchase), account=account_or_none(answer))


def account_or_none(
    answer: pb.RecordPurchaseResponse | pb.PreviewPurchaseResponse | pb.ClaimPurchaseResponse,
) -> Account | None:
    """The account after a purchase, as answered."""
    return account_of(answer.account) if answer.HasField("account") else None


def return_answer_of(answer: pb.RecordReturnResponse, vouchers: Sequence[ReturnedVoucher] = ()) -> ReturnAnswer:
    """A return and the account after it, as answered, with the vouchers that came back with it."""
    account = account_of(answer.account) if answer.HasField("account") else None
    return ReturnAnswer(return_=_return_of(getattr(answer, "return")), account=account, vouchers=list(vouchers))


def _line_of(line: pb.PurchaseLine) -> Line:
    return Line(
        line_id=line.line_id,
        sku=line.sku,
        category=line.category or None,
        quantity_milli=line.quantity_milli,
        unit_price_minor=line.unit_price_minor if line.HasField("unit_price_minor") else None,
        discount_minor=line.discount_minor,
        amount_minor=line.amount_minor,
        brand=line.brand or None,
        tax_minor=line.tax_minor,
        price_includes_tax=line.price_includes_tax if line.HasField("price_includes_tax") else None,
        original=_original_of(line.original) if line.HasField("original") else None,
    )


def _original_of(original: pb.OriginalLine) -> Original:
    return Original(receipt=receipt_of(original.receipt), line_id=original.line_id)


def _tender_of(tender: tenders_pb2.Tender) -> Tender:
    return Tender(kind=word_of(tenders_pb2.TenderKind, tender.kind), amount_minor=tender.amount_minor)


def _returned_line_of(line: pb.ReturnLine) -> ReturnedLine:
    return ReturnedLine(line_id=line.line_id, quantity_milli=line.quantity_milli)


def _unmatched_return_of(back: pb.UnmatchedReturn) -> UnmatchedReturn:
    reason = word_of(pb.MisfitReason, back.reason)
    return UnmatchedReturn(return_id=back.return_id, receipt=receipt_of(back.receipt), reason=reason)


def _return_of(found: pb.Return) -> Return:
    return Return(
        return_id=found.return_id,
        receipt=receipt_of(found.receipt),
        original_receipt=receipt_of(found.original_receipt) if found.HasField("original_receipt") else None,
        matched=found.matched,
        purchase_id=found.purchase_id or None,
        member_id=found.member_id or None,
        lines=[_returned_line_of(line) for line in found.lines],
        points_returned=found.points_returned,
        shortfall=found.shortfall,
        refunds=[PointsRefund(hold_id=refund.hold_id, amount=refund.amount) for refund in found.refunds],
        points_restored=found.points_restored,
        points_lapsed=found.points_lapsed,
        occurred_at=known_instant(found, "occurred_at"),
        recorded_at=instant(found, "recorded_at"),
        within_purchase_id=found.within_purchase_id or None,
        valued=[earning_of(earning) for earning in found.valued],
        sentence=found.sentence,
    )
