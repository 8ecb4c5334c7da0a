"""Purchases and returns as tills tell them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from loyalty.points.v1 import sales_pb2 as pb
from loyalty.points.v1 import tenders_pb2
from pydantic import Field, SkipValidation, StrictBool, StringConstraints

from gateway.wire.base import (
    BARE,
    Currency,
    Day,
    Id,
    Instant,
    Int64,
    MaybeText100,
    NaturalInt64,
    PositiveInt64,
    RequestModel,
    Text50,
    Text100,
    UrlModel,
    example,
)
from gateway.wire.enums import number_of
from gateway.wire.members import NewIdentifier
from kit.bounds import (
    LINES_MAX,
    PURCHASES_MAX,
    REFUNDS_MAX,
    RETURNED_VOUCHERS_MAX,
    TENDERS_MAX,
    VOUCHER_CODE_LENGTH_MAX,
)
from kit.call import KEY_LENGTH_MAX
from kit.convert import timestamp_of

TenderWord = Literal["cash", "payment_card", "gift_card", "points", "voucher", "other"]

IdempotencyKey = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=KEY_LENGTH_MAX, pattern="^[!-~]+$")
]

_RECEIPT = {
    "source": "pos",
    "store_id": "S1",
    "terminal_id": "T4",
    "business_day": "2026-11-21",
    "receipt_number": "000123",
}
SALE = {
    "receipt": _RECEIPT,
    "occurred_at": "2026-11-21T18:30:00Z",
    "currency": "PKR",
    "lines": [
        {
            "line_id": "1",
            "sku": "TEA-250",
            "category": "tea",
            "quantity_milli": 2_000,
            "unit_price_minor": 45_000,
            "discount_minor": 5_000,
            "amount_minor": 85_000,
        }
    ],
    "tenders": [{"kind": "cash", "amount_minor": 85_000}],
    "cashier_id": "17",
    "member": {"identifier": {"kind": "phone", "value": "+923001234567"}},
}
RETURN = {
    "receipt": {**_RECEIPT, "receipt_number": "000124"},
    "original_receipt": _RECEIPT,
    "occurred_at": "2026-11-21T19:00:00Z",
    "currency": "PKR",
    "lines": [{"line_id": "1", "quantity_milli": 1_000}],
    "cashier_id": "17",
}


class PurchasePath(UrlModel):
    """A purchase in a path."""

    purchase_id: Id


class ReceiptKey(RequestModel):
    """Names a receipt for good: two receipts with the same key are the same receipt."""

    source: Text50
    """The system that issued it, such as "pos" or "webshop"."""
    store_id: Text100
    terminal_id: Text100
    business_day: Day
    """The store's trading day; may differ from the date of `occurred_at`."""
    receipt_number: Text100

    def to_proto(self) -> pb.ReceiptKey:
        """The key for `points`."""
        return pb.ReceiptKey(**{name: getattr(self, name) for name in type(self).model_fields})


class OriginalLine(RequestModel):
    """Where goods were bought."""

    receipt: ReceiptKey
    """Another receipt than the one that takes the goods back."""
    line_id: Text50
    """The line of that receipt."""

    def to_proto(self) -> pb.OriginalLine:
        """The line for `points`."""
        return pb.OriginalLine(receipt=self.receipt.to_proto(), line_id=self.line_id)


class NewLine(RequestModel):
    """One line of a receipt."""

    line_id: Text50
    """Unique within the receipt."""
    sku: Text100
    category: MaybeText100 = ""
    quantity_milli: Int64
    """Thousandths of a unit; negative for goods taken back within the sale, 0 for what is no goods, such as a voided
    line or a fee: nothing of such a line can come back. A line of negative amount that takes no goods back is a
    discount on the order, shared over its goods."""
    unit_price_minor: Int64 | None = None
    """Before discount, rounded to the minor unit in whichever way; negative on a line that takes money off. Null where
    the till has none: the amount is then not compared with anything."""
    discount_minor: Int64 = 0
    """What was taken off the price of the line's goods, in the direction of the quantity: of −1 × 10.00 with a discount
    of 1.00, the amount is −9.00. Negative for a surcharge."""
    amount_minor: Int64
    """What was paid for the line, tax included: quantity × unit price − discount, as far as rounding explains. It
    differs by less than one minor unit for each unit of the quantity and one more."""
    brand: MaybeText100 = ""
    tax_minor: Int64 = 0
    """The tax within `amount_minor`, of its sign and no more than it; 0 where it is not known."""
    price_includes_tax: StrictBool | None = None
    """Whether unit price and discount include the tax. If they do not, the amount is quantity × unit price − discount +
    tax. Null: either may be."""
    original: OriginalLine | None = None
    """Of goods taken back: where they were bought. They come back of that purchase, as in a return.

    Without it the newest of the member's purchases that they can be of is sought by their SKU; for what none is found
    for, the points that it would earn now are taken back.
    """

    def to_proto(self) -> pb.PurchaseLine:
        """The line for `points`."""
        return pb.PurchaseLine(
            line_id=self.line_id,
            sku=self.sku,
            category=self.category,
            quantity_milli=self.quantity_milli,
            unit_price_minor=self.unit_price_minor,
            discount_minor=self.discount_minor,
            amount_minor=self.amount_minor,
            brand=self.brand,
            tax_minor=self.tax_minor,
            price_includes_tax=self.price_includes_tax,
            original=self.original.to_proto() if self.original else None,
        )


class NewTender(RequestModel):
    """One way of paying."""

    kind: TenderWord
    amount_minor: Int64

    def to_proto(self) -> tenders_pb2.Tender:
        """The tender for `points`."""
        return tenders_pb2.Tender(kind=number_of(tenders_pb2.TenderKind, self.kind), amount_minor=self.amount_minor)


class ByMemberId(RequestModel):
    """The member by their id."""

    member_id: Id


class ByIdentifier(RequestModel):
    """The member by what the customer shows or says."""

    identifier: NewIdentifier


MemberReference = ByMemberId | ByIdentifier


class SaleBody(RequestModel):
    """What a till tells of a sale."""

    receipt: ReceiptKey
    occurred_at: Instant
    """By the till's clock, at most a day ahead of ours. When the receipt comes again, whole seconds are compared."""
    currency: Currency
    lines: list[NewLine] = Field(min_length=1, max_length=LINES_MAX)
    """In any order, as are the tenders: the receipt is the same one."""
    tenders: list[NewTender] = Field(default=[], max_length=TENDERS_MAX)
    """How it was paid; when given, the sum is that of the lines and `cash_rounding_minor`. With cash among them it may
    differ by up to 5 minor units."""
    cashier_id: MaybeText100 = ""
    """Who served, as the till names them; no personal data."""
    cash_rounding_minor: Int64 = 0
    """What the total was rounded by for coins that there are none of: −2 when 12.97 was paid with 12.95 in cash."""

    def to_proto(self) -> pb.Sale:
        """The sale for `points`."""
        return pb.Sale(
            receipt=self.receipt.to_proto(),
            occurred_at=timestamp_of(self.occurred_at),
            currency=self.currency,
            lines=[line.to_proto() for line in self.lines],
            tenders=[tender.to_proto() for tender in self.tenders],
            cashier_id=self.cashier_id,
            cash_rounding_minor=self.cash_rounding_minor,
        )


class PurchaseBody(SaleBody):
    """A sale; without a member it is anonymous and can be claimed later."""

    model_config = example(SALE)

    member: MemberReference | None = None


class PurchaseToRecord(PurchaseBody):
    """One of many purchases."""

    idempotency_key: IdempotencyKey | None = None
    """Names this wish alone, as the header does for a single purchase; without it, the header and the receipt do."""


class UploadBody(RequestModel):
    """Purchases that could not be sent when they happened, those of one member in their order.

    Each has its own result, and a malformed one fails alone.
    """

    model_config = example({"purchases": [SALE | {"idempotency_key": "S1-T4-000123"}]})

    # Read one by one by the route.
    purchases: list[SkipValidation[PurchaseToRecord]] = Field(min_length=1, max_length=PURCHASES_MAX)


class ClaimBody(RequestModel):
    """An anonymous purchase, and who it belongs to."""

    model_config = example({"receipt": _RECEIPT, "member": {"identifier": {"kind": "phone", "value": "+923001234567"}}})

    receipt: ReceiptKey
    member: MemberReference


# As in the path of a voucher.
VoucherCode = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=VOUCHER_CODE_LENGTH_MAX, pattern="^[A-Za-z0-9 -]+$"),
    BARE,
]


class NewReturnLine(RequestModel):
    """Goods of one line brought back."""

    line_id: Text50
    """The line of the original receipt."""
    quantity_milli: PositiveInt64

    def to_proto(self) -> pb.ReturnLine:
        """The line for `points`."""
        return pb.ReturnLine(line_id=self.line_id, quantity_milli=self.quantity_milli)


class NewPointsRefund(RequestModel):
    """Points that the goods were paid with."""

    hold_id: Id
    """The hold that was captured for them."""
    amount: NaturalInt64 = 0
    """Points; 0 means all that the hold spent and has not given back."""

    def to_proto(self) -> pb.PointsRefund:
        """The refund for `points`."""
        return pb.PointsRefund(hold_id=self.hold_id, amount=self.amount)


class ReturnBody(RequestModel):
    """Goods brought back."""

    model_config = example(RETURN)

    receipt: ReceiptKey
    """The return's own receipt."""
    original_receipt: ReceiptKey | None = None
    """The receipt of the purchase; null when the customer does not have it."""
    occurred_at: Instant
    currency: Currency
    lines: list[NewReturnLine] = Field(min_length=1, max_length=LINES_MAX)
    cashier_id: MaybeText100 = ""
    refunds: list[NewPointsRefund] = Field(default=[], max_length=REFUNDS_MAX)
    """What was spent on the goods and comes back to the lots it came from, each hold once."""
    vouchers: list[VoucherCode] = Field(default=[], max_length=RETURNED_VOUCHERS_MAX)
    """Codes of vouchers that were used on the original receipt and are to be good again. One that cannot be is refused
    before anything is recorded. Which of them the goods need is for the till to say."""

    def to_proto(self, program_id: str, request_id: str) -> pb.RecordReturnRequest:
        """The request for `points`."""
        return pb.RecordReturnRequest(program_id=program_id, request_id=request_id, **self._content())

    def _content(self) -> dict[str, Any]:
        return {
            "receipt": self.receipt.to_proto(),
            "original_receipt": self.original_receipt.to_proto() if self.original_receipt else None,
            "occurred_at": timestamp_of(self.occurred_at),
            "currency": self.currency,
            "lines": [line.to_proto() for line in self.lines],
            "cashier_id": self.cashier_id,
            "refunds": [refund.to_proto() for refund in self.refunds],
            "voucher_codes": self.vouchers,
        }


class ReturnToRecord(ReturnBody):
    """Goods brought back of a purchase, as a part of something."""

    original_receipt: ReceiptKey
    """The receipt of the purchase."""

    def as_part(self) -> pb.ReturnToRecord:
        """The return for `points`."""
        return pb.ReturnToRecord(**self._content())
