"""Receipts and returns of goods on the wire."""

from __future__ import annotations

from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.convert import date_of
from services.rewards.domain.reinstatements import GoodsReturn, ReceiptKey


def goods_return_of(back: pb.GoodsReturn) -> GoodsReturn:
    """A return of goods."""
    return GoodsReturn(
        receipt=_receipt_of(back.receipt, "goods_return.receipt"),
        original_receipt=_receipt_of(back.original_receipt, "goods_return.original_receipt"),
        cashier_id=back.cashier_id,
    )


def _receipt_of(receipt: pb.ReceiptKey, field: str) -> ReceiptKey:
    return ReceiptKey(
        source=receipt.source,
        store_id=receipt.store_id,
        terminal_id=receipt.terminal_id,
        business_day=date_of(receipt.business_day, f"{field}.business_day"),
        receipt_number=receipt.receipt_number,
    )
