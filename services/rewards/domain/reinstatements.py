"""Giving a used voucher back, since the order that it was used for is cancelled or its goods were returned."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import UTC, date, datetime

from kit.texts import FREE_TEXT
from services.rewards.domain import vouchers
from services.rewards.domain.errors import VoucherOfAnotherReceipt
from services.rewards.domain.vouchers import Voucher

# A trading day may begin the evening before and end the morning after, in any time zone. A receipt number that comes
# again does so later than that.
DAYS_APART_MAX = 2


@dataclasses.dataclass(frozen=True)
class ReceiptKey:
    """Names a receipt for good."""

    source: str
    store_id: str
    terminal_id: str
    business_day: date
    receipt_number: str

    def parts(self) -> tuple[str, ...]:
        """The key as texts, in order, to make an identity from."""
        return (self.source, self.store_id, self.terminal_id, self.business_day.isoformat(), self.receipt_number)


@dataclasses.dataclass(frozen=True)
class GoodsReturn:
    """A return of goods, as vouchers see it."""

    receipt: ReceiptKey
    original_receipt: ReceiptKey
    cashier_id: str

    @property
    def reason(self) -> str:
        """Why a voucher comes back with it, for the record."""
        return f"return {'/'.join(self.receipt.parts())}"


@dataclasses.dataclass(frozen=True)
class Reinstatement:
    """That a voucher was made good again: of its so-many-th use, when, until when it is good now, why and by whom."""

    voucher: Voucher
    ordinal: int
    reinstated_at: datetime
    reason: str = dataclasses.field(metadata=FREE_TEXT)
    actor: str
    return_id: uuid.UUID | None


def expect_used_on(voucher: Voucher, receipt: ReceiptKey) -> None:
    """Refuses a voucher that was used on another receipt, or on none that the till named."""
    use, used_at = voucher.use, voucher.used_at
    if use is None or used_at is None:
        return
    same = (use.store_id, use.terminal_id, use.receipt_number) == (
        receipt.store_id,
        receipt.terminal_id,
        receipt.receipt_number,
    )
    if not same or abs((used_at.astimezone(UTC).date() - receipt.business_day).days) > DAYS_APART_MAX:
        raise VoucherOfAnotherReceipt("the voucher was not used on this receipt")


def reinstated(voucher: Voucher, now: datetime, reason: str, actor: str) -> Reinstatement:
    """The voucher good again because staff say so, and the record of it; fails as `vouchers.reinstated` does."""
    return _reinstated(voucher, now, reason, actor, None)


def reinstated_with(voucher: Voucher, now: datetime, goods_return: GoodsReturn, return_id: uuid.UUID) -> Reinstatement:
    """The same with a return of goods, with the id it has in `points`; fails where receipts differ, too."""
    found = _reinstated(voucher, now, goods_return.reason, goods_return.cashier_id, return_id)
    expect_used_on(voucher, goods_return.original_receipt)
    return found


def _reinstated(voucher: Voucher, now: datetime, reason: str, actor: str, return_id: uuid.UUID | None) -> Reinstatement:
    again = vouchers.reinstated(voucher, now)
    return Reinstatement(
        voucher=again,
        ordinal=voucher.uses,
        # Never before the use, also where the database's clock was set back.
        reinstated_at=max(now, voucher.used_at or now),
        reason=reason,
        actor=actor,
        return_id=return_id,
    )
