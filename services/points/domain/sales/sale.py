"""What a till tells: receipts, lines, tenders; and how much of each line a customer kept."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from kit.errors import Invalid

# A total paid in cash is rounded to what coins there are: to 5 or 10 minor units in most currencies. What is rounded by
# more is told.
CASH_ROUNDING_MINOR_MAX = 5


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
class OriginalLine:
    """Where goods were bought that a sale takes back: the receipt, and the line on it."""

    receipt: ReceiptKey
    line_id: str


@dataclass(frozen=True)
class PurchaseLine:
    """One line of a receipt: quantity in thousandths, money in minor units, `amount_minor` what was paid for it.

    `tax_minor` is within the amount. Absent, None, are `unit_price_minor` where the till has none and
    `price_includes_tax` where it does not say. The fields with defaults came later.
    """

    line_id: str
    sku: str
    category: str
    quantity_milli: int
    unit_price_minor: int | None
    discount_minor: int
    amount_minor: int
    brand: str = ""
    tax_minor: int = 0
    price_includes_tax: bool | None = None
    # Of goods that are taken back within the sale, where the till knows it.
    original: OriginalLine | None = None

    @property
    def direction(self) -> int:
        """1 for goods sold, -1 for goods taken back within the sale, 0 for what is no goods."""
        return (self.quantity_milli > 0) - (self.quantity_milli < 0)

    @property
    def price_minor(self) -> int:
        """The price of one unit before discount: as told, or what the amount makes it, 0 for what is no goods."""
        if self.unit_price_minor is not None or not self.quantity_milli:
            return self.unit_price_minor or 0
        before = self.amount_minor + self.direction * self.discount_minor
        return round(Fraction(before * 1000, self.quantity_milli))


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
    # What the total was rounded by for coins that there are none of; came later.
    cash_rounding_minor: int = 0

    @property
    def total_minor(self) -> int:
        """What was paid for all lines."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def tendered_minor(self) -> int:
        """What all tenders come to."""
        return sum(tender.amount_minor for tender in self.tenders)

    @functools.cached_property
    def takes_back(self) -> bool:
        """Whether goods are taken back within the sale."""
        return any(line.quantity_milli < 0 for line in self.lines)


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
        _check_line(line, path)
        _check_original(sale, line, f"{path}.original")
    if sale.tenders:
        _check_tenders(sale)


def _check_line(line: PurchaseLine, path: str) -> None:
    explained = explained_amounts(line)
    if explained and not any(line.amount_minor in amounts for amounts in explained):
        words = _words(line, explained)
        raise Invalid(
            f"{path}.amount_minor",
            f"is {line.amount_minor}; quantity × unit price − discount, however rounded, is {words}",
        )
    if not min(0, line.amount_minor) <= line.tax_minor <= max(0, line.amount_minor):
        raise Invalid(f"{path}.tax_minor", f"is {line.tax_minor}, which is not within {line.amount_minor}")


def explained_amounts(line: PurchaseLine) -> tuple[range, ...]:
    """The amounts that rounding explains, as ranges in minor units; none where there is nothing to compare with.

    The price told is the true one rounded, up, down or to the nearest: it is off by less than one minor unit for each
    unit of the quantity. The amount may have been rounded again, and is off by less than one more.
    """
    price_minor = line.unit_price_minor
    if price_minor is None or (not price_minor and not line.quantity_milli):
        return ()
    # In thousandths, to be exact.
    exact_milli = line.quantity_milli * price_minor - line.direction * line.discount_minor * 1000
    off_milli = abs(line.quantity_milli) + 1000
    within = range((exact_milli - off_milli) // 1000 + 1, -((-exact_milli - off_milli) // 1000))
    on_top = range(within.start + line.tax_minor, within.stop + line.tax_minor)
    if not line.tax_minor or line.price_includes_tax:
        return (within,)
    return (on_top,) if line.price_includes_tax is False else (within, on_top)


def _words(line: PurchaseLine, explained: tuple[range, ...]) -> str:
    words = ", or ".join(f"{each[0]} to {each[-1]}" if len(each) > 1 else f"{each[0]}" for each in explained)
    has_tax_on_top = line.tax_minor and not line.price_includes_tax
    return f"{words} with the tax on top" if has_tax_on_top else words


def _check_tenders(sale: Sale) -> None:
    due = sale.total_minor + sale.cash_rounding_minor
    in_cash = any(tender.kind is TenderKind.CASH for tender in sale.tenders)
    if abs(sale.tendered_minor - due) > (CASH_ROUNDING_MINOR_MAX if in_cash else 0):
        raise Invalid("sale.tenders", f"add up to {sale.tendered_minor}, the lines with cash rounding to {due}")


def _check_original(sale: Sale, line: PurchaseLine, path: str) -> None:
    if line.original is None:
        return
    if line.quantity_milli >= 0:
        raise Invalid(path, "is for goods that are taken back, whose quantity is negative")
    if line.original.receipt == sale.receipt:
        raise Invalid(f"{path}.receipt", "is this receipt")


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
    if line.amount_minor < 0 or not line.quantity_milli:
        return Fraction(line.amount_minor)
    kept_milli = line.quantity_milli - returned.get(line.line_id, 0)
    return Fraction(line.amount_minor * kept_milli, line.quantity_milli)
