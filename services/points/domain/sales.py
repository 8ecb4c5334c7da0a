"""What a till tells: receipts, lines, tenders; and how much of each line a customer kept."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from kit.errors import Invalid

# Tills round a weighed line differently; by how many minor units a line may differ from quantity × price − discount.
LINE_TOLERANCE_MINOR = 1


class TenderKind(enum.Enum):
    """The ways of paying."""

    CASH = "cash"
    PAYMENT_CARD = "payment_card"
    GIFT_CARD = "gift_card"
    POINTS = "points"
    VOUCHER = "voucher"
    OTHER = "other"


@dataclass(frozen=True)
class ReceiptKey:
    """Names a receipt for good: two receipts with the same key are the same receipt."""

    source: str
    store_id: str
    terminal_id: str
    business_day: date
    receipt_number: str

    def parts(self) -> tuple[str, ...]:
        """The key as texts, in order, to make an identity from."""
        return (self.source, self.store_id, self.terminal_id, self.business_day.isoformat(), self.receipt_number)


@dataclass(frozen=True)
class PurchaseLine:
    """One line of a receipt: quantity in thousandths, money in minor units, `amount_minor` what was paid for it.

    `tax_minor` is within the amount. The fields with defaults came later.
    """

    line_id: str
    sku: str
    category: str
    quantity_milli: int
    unit_price_minor: int
    discount_minor: int
    amount_minor: int
    brand: str = ""
    tax_minor: int = 0


@dataclass(frozen=True)
class Tender:
    """One way a receipt was paid."""

    kind: TenderKind
    amount_minor: int


@dataclass(frozen=True)
class Sale:
    """A receipt as the till tells it."""

    receipt: ReceiptKey
    occurred_at: datetime
    currency: str
    lines: tuple[PurchaseLine, ...]
    tenders: tuple[Tender, ...]
    cashier_id: str

    @property
    def total_minor(self) -> int:
        """What was paid for all lines."""
        return sum(line.amount_minor for line in self.lines)


# How much of each line came back so far, in thousandths; lines that did not come back are absent.
Returned = Mapping[str, int]


def check_sale(sale: Sale) -> None:
    """Refuses a receipt that contradicts itself, naming the field."""
    seen: set[str] = set()
    for index, line in enumerate(sale.lines):
        path = f"sale.lines[{index}]"
        if line.line_id in seen:
            raise Invalid(f"{path}.line_id", f"{line.line_id!r} stands on the receipt twice")
        seen.add(line.line_id)
        # In thousandths, to be exact: halves of a minor unit lie within the tolerance whichever way the till rounds.
        expected_milli = line.quantity_milli * line.unit_price_minor - line.discount_minor * 1000
        if abs(line.amount_minor * 1000 - expected_milli) > LINE_TOLERANCE_MINOR * 1000:
            raise Invalid(
                f"{path}.amount_minor",
                f"is {line.amount_minor}, quantity × unit price − discount is {expected_milli / 1000:g}",
            )
        if not min(0, line.amount_minor) <= line.tax_minor <= max(0, line.amount_minor):
            raise Invalid(f"{path}.tax_minor", f"is {line.tax_minor}, which is not within {line.amount_minor}")
    tendered = sum(tender.amount_minor for tender in sale.tenders)
    if sale.tenders and tendered != sale.total_minor:
        raise Invalid("sale.tenders", f"add up to {tendered}, the lines to {sale.total_minor}")


def add_returned(returned: Returned, more: Iterable[tuple[str, int]]) -> dict[str, int]:
    """What has come back after `more` came back too."""
    total = dict(returned)
    for line_id, quantity_milli in more:
        total[line_id] = total.get(line_id, 0) + quantity_milli
    return total


def kept_amount(line: PurchaseLine, returned: Returned) -> Fraction:
    """What was paid for the part of the line that the customer kept, in minor units, exactly.

    Goods taken back within the sale stay taken back. Order discounts are shared over the goods before, see
    `order_discounts`, so that bringing back their own lines changes nothing.
    """
    if line.amount_minor < 0:
        return Fraction(line.amount_minor)
    kept_milli = line.quantity_milli - returned.get(line.line_id, 0)
    return Fraction(line.amount_minor * kept_milli, line.quantity_milli)
