"""What several nouns share: bounds, wallets, pages, receipts."""

from __future__ import annotations

import re

from loyalty.points.v1 import sales_pb2 as pb

from kit.convert import date_of, prose_of, text_of, without_contacts
from kit.errors import Invalid
from services.points.domain.program.policy import WALLET_DEFAULT
from services.points.domain.sales.sale import ReceiptKey

AMOUNT_MAX = 1_000_000_000
MONEY_MINOR_MAX = 1_000_000_000_000
NAME_LENGTH_MAX = 100
WALLET_LENGTH_MAX = 50
REASON_LENGTH_MAX = 500
EXPIRY_DAYS_MAX = 36_500
VERSION_MAX = 2**31

_EVENT_NAME = re.compile("[a-z0-9][a-z0-9_-]{0,62}")


def wallet_of(text: str, field: str = "wallet") -> str:
    """The wallet meant; empty means the default one."""
    return text_of(text, field, length_max=WALLET_LENGTH_MAX) if text else WALLET_DEFAULT


def reason_of(text: str, field: str = "reason", *, length_min: int = 1) -> str:
    """Why something was done by hand, without what would name a person for good."""
    reason = prose_of(text, field, length_max=REASON_LENGTH_MAX, length_min=length_min)
    return without_contacts(reason, field)


def actor_of(text: str, field: str = "actor") -> str:
    """Who does something by hand, as the retailer names them: a staff number or a login, not a way to reach them."""
    return without_contacts(text_of(text, field, length_max=NAME_LENGTH_MAX), field)


def event_name_of(name: str, field: str) -> str:
    """What kind of event it is, as callers and rules call it."""
    if not _EVENT_NAME.fullmatch(name):
        raise Invalid(
            field, "must be 1 to 63 lower-case letters, digits, hyphens and underscores, not beginning with -_"
        )
    return name


def receipt_of(receipt: pb.ReceiptKey, field: str) -> ReceiptKey:
    """A receipt's key, every part of it given."""
    return ReceiptKey(
        source=text_of(receipt.source, f"{field}.source", length_max=50),
        store_id=text_of(receipt.store_id, f"{field}.store_id", length_max=NAME_LENGTH_MAX),
        terminal_id=text_of(receipt.terminal_id, f"{field}.terminal_id", length_max=NAME_LENGTH_MAX),
        business_day=date_of(receipt.business_day, f"{field}.business_day"),
        receipt_number=text_of(receipt.receipt_number, f"{field}.receipt_number", length_max=NAME_LENGTH_MAX),
    )


def to_receipt(receipt: ReceiptKey) -> pb.ReceiptKey:
    """A receipt's key on the wire."""
    return pb.ReceiptKey(
        source=receipt.source,
        store_id=receipt.store_id,
        terminal_id=receipt.terminal_id,
        business_day=receipt.business_day.isoformat(),
        receipt_number=receipt.receipt_number,
    )
