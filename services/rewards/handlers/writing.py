"""Writes a step of a redemption, whichever it was."""

from __future__ import annotations

from kit.ids import ordered_id
from services.rewards import announces
from services.rewards.domain.redemptions import Redemption, RedemptionState
from services.rewards.ports import Transaction


def write_step(tx: Transaction, before: Redemption, after: Redemption, lease_s: int) -> None:
    """Writes what lies between `before`, which is locked, and `after`, and announces it.

    A redemption that is cancelled gives back, in the same transaction, the voucher, its place within the member's limit
    and its unit of stock. Stock moves last, since all redemptions of a reward wait for its row.
    """
    tx.redemptions.update(after, lease_s)
    _write_voucher(tx, before, after)
    tx.announce(announces.of(before, after))
    if after.is_stock_taken and not before.is_stock_taken:
        tx.stocks.take(after, ordered_id(), after.updated_at)
    if after.state is RedemptionState.CANCELLED and before.state is not RedemptionState.CANCELLED:
        tx.counts.subtract(after)
        if after.is_stock_taken:
            tx.stocks.give_back(after, ordered_id(), after.updated_at)


def _write_voucher(tx: Transaction, before: Redemption, after: Redemption) -> None:
    if after.voucher is None or after.voucher == before.voucher:
        return
    if before.voucher is None:
        tx.vouchers.insert(after.voucher)
    else:
        tx.vouchers.update(after.voucher)
