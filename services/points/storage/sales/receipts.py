"""Receipt keys as columns."""

from __future__ import annotations

from typing import Any

from services.points.domain.sales.sale import ReceiptKey

RECEIPT_COLUMNS = ("source", "store_id", "terminal_id", "business_day", "receipt_number")


def receipt_columns(receipt: ReceiptKey | None, prefix: str = "") -> dict[str, object]:
    """The columns of the receipt, empty for none."""
    return {f"{prefix}{name}": getattr(receipt, name, None) for name in RECEIPT_COLUMNS}


def receipt_of(row: Any, prefix: str = "") -> ReceiptKey:
    """The receipt that a row holds."""
    return ReceiptKey(*(getattr(row, f"{prefix}{name}") for name in RECEIPT_COLUMNS))
