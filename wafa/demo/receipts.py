"""The receipts that the project carries, as they were; see README.md beside this file for where they come from."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import itertools
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

EXCERPT = Path(__file__).with_name("receipts.csv.gz")

# Past the last of them. What is derived from it is the same for an excerpt of the excerpt.
END = datetime(2011, 1, 10, tzinfo=UTC)

# What the retailer wrote on receipts beside goods: postage, discounts, fees, manual corrections, gift vouchers.
SERVICE_SKUS = frozenset({"POST", "DOT", "D", "M", "S", "C2", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"})
SERVICE = "service"
GIFT_CARD = "gift-card"
GOODS = "gifts"


class ReceiptError(ValueError):
    """The file of receipts cannot be read; the message says where and why."""


@dataclasses.dataclass(frozen=True)
class Line:
    """One line as it stands on the receipt. `line_id` counts from 1 within the receipt."""

    line_id: str
    sku: str
    quantity: int
    unit_price_minor: int

    @property
    def amount_minor(self) -> int:
        """What the line comes to, in pence."""
        return self.quantity * self.unit_price_minor

    @property
    def category(self) -> str:
        """`service` for lines that are no goods, so that a rule can exclude them."""
        if self.sku.upper() in SERVICE_SKUS:
            return SERVICE
        return GIFT_CARD if self.sku.lower().startswith("gift_") else GOODS


@dataclasses.dataclass(frozen=True)
class Receipt:
    """One receipt. `customer` is the retailer's own number, empty for an anonymous sale."""

    number: str
    occurred_at: datetime
    customer: str
    lines: tuple[Line, ...]

    @property
    def is_return(self) -> bool:
        """Goods brought back, or a sale cancelled; the data does not distinguish them."""
        return self.number.startswith("C")


def read_receipts(path: Path = EXCERPT, *, limit: int | None = None) -> list[Receipt]:
    """Reads the first `limit` receipts, or all of them, oldest first. Raises ReceiptError for a file it cannot read."""
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            return list(itertools.islice(_receipts(file), limit))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ReceiptError(f"The receipts in {path} cannot be read: {error}.") from error


def parse_receipts(text: str) -> list[Receipt]:
    """Reads receipts from text in the file's format."""
    return list(_receipts(io.StringIO(text)))


def _receipts(lines: Iterable[str]) -> Iterator[Receipt]:
    """Gathers the rows of a receipt: the first carries number, time and customer, the others only their line."""
    rows: list[dict[str, str]] = []
    for number, row in enumerate(csv.DictReader(lines), start=2):
        if row["receipt"] and rows:
            yield _receipt(rows)
            rows = []
        if not (row["receipt"] or rows):
            raise ReceiptError(f"Line {number} of the receipts belongs to no receipt.")
        rows.append(row)
    if rows:
        yield _receipt(rows)


def _receipt(rows: list[dict[str, str]]) -> Receipt:
    head = rows[0]
    try:
        return Receipt(
            number=head["receipt"],
            occurred_at=datetime.fromisoformat(head["occurred_at"]).replace(tzinfo=UTC),
            customer=head["customer"],
            lines=tuple(_line(place, row) for place, row in enumerate(rows, start=1)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ReceiptError(f"Receipt {head['receipt']} cannot be read: {error}.") from error


def _line(place: int, row: dict[str, str]) -> Line:
    return Line(str(place), row["sku"], int(row["quantity"]), int(row["unit_price_minor"]))
