"""Receipts and returns of goods on the wire."""

from __future__ import annotations

from google.protobuf.message import Message
from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.convert import date_of, text_of
from kit.errors import Invalid
from services.rewards.domain.reinstatements import ACTOR_LENGTH_MAX, SOURCE_LENGTH_MAX, GoodsReturn, ReceiptKey
from services.rewards.domain.vouchers import USE_LENGTH_MAX


def goods_return_of(back: pb.GoodsReturn) -> GoodsReturn:
    """A return of goods."""
    original = _receipt_of(back, "original_receipt", "must be given with vouchers, which were used on it")
    receipt = _receipt_of(back, "receipt", "must be given")
    return GoodsReturn(
        receipt=receipt,
        original_receipt=original,
        cashier_id=text_of(back.cashier_id, "goods_return.cashier_id", length_max=ACTOR_LENGTH_MAX, length_min=0),
    )


def _receipt_of(back: Message, name: str, missing: str) -> ReceiptKey:
    field, receipt = f"goods_return.{name}", getattr(back, name)
    if not back.HasField(name):
        raise Invalid(field, missing)
    return ReceiptKey(
        source=text_of(receipt.source, f"{field}.source", length_max=SOURCE_LENGTH_MAX),
        store_id=text_of(receipt.store_id, f"{field}.store_id", length_max=USE_LENGTH_MAX),
        terminal_id=text_of(receipt.terminal_id, f"{field}.terminal_id", length_max=USE_LENGTH_MAX),
        business_day=date_of(receipt.business_day, f"{field}.business_day"),
        receipt_number=text_of(receipt.receipt_number, f"{field}.receipt_number", length_max=USE_LENGTH_MAX),
    )
