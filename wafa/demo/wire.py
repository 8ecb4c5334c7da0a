"""A receipt as a till would send it: the bodies of the gateway's requests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from wafa.demo.matching import ReturnPart
from wafa.demo.receipts import Receipt

SOURCE = "online-retail"
STORE = "web-1"
TERMINAL = "t-1"
CURRENCY = "GBP"
# Digits that no card scheme has assigned.
CARD_PREFIX = "9820"


def receipt_key(receipt: Receipt, shift: timedelta, suffix: str = "") -> dict[str, str]:
    """What names the receipt for good."""
    return {
        "source": SOURCE,
        "store_id": STORE,
        "terminal_id": TERMINAL,
        "business_day": (receipt.occurred_at + shift).date().isoformat(),
        "receipt_number": receipt.number + suffix,
    }


def purchase(receipt: Receipt, shift: timedelta, member_id: str) -> dict[str, Any]:
    """The body of a sale; an anonymous one names no member."""
    lines = [
        {
            "line_id": line.line_id,
            "sku": line.sku,
            "category": line.category,
            "quantity_milli": line.quantity * 1_000,
            "unit_price_minor": line.unit_price_minor,
            "amount_minor": line.amount_minor,
        }
        for line in receipt.lines
    ]
    return {
        **({"member": {"member_id": member_id}} if member_id else {}),
        "receipt": receipt_key(receipt, shift),
        "occurred_at": instant(receipt.occurred_at + shift),
        "currency": CURRENCY,
        "lines": lines,
    }


def return_part(receipt: Receipt, part: ReturnPart, shift: timedelta) -> dict[str, Any]:
    """The body of a return, or of the part of it that one purchase answers for.

    A receipt is a business key, so each part has a number of its own: the return's, and the original's behind it.
    """
    suffix = f"/{part.original.number}" if part.original else ""
    return {
        "receipt": receipt_key(receipt, shift, suffix),
        **({"original_receipt": receipt_key(part.original, shift)} if part.original else {}),
        "occurred_at": instant(receipt.occurred_at + shift),
        "currency": CURRENCY,
        "lines": [{"line_id": line.line_id, "quantity_milli": line.quantity * 1_000} for line in part.lines],
    }


def enrolment(customer: str) -> dict[str, Any]:
    """The body of an enrolment, by the retailer's number and an invented card."""
    return {
        "identifiers": [
            {"kind": "external_id", "value": customer},
            {"kind": "card", "value": card_number(customer)},
        ]
    }


def card_number(customer: str) -> str:
    """A card number made from the customer's, with a check digit (Luhn) as card numbers have."""
    body = f"{CARD_PREFIX}{int(customer):011d}"
    doubled = (int(digit) * 2 if place % 2 == 0 else int(digit) for place, digit in enumerate(reversed(body)))
    total = sum(digit - 9 if digit > 9 else digit for digit in doubled)
    return f"{body}{-total % 10}"


def instant(moment: datetime) -> str:
    """An instant as RFC 3339 writes it."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
