"""Reading and using vouchers."""

from __future__ import annotations

import uuid

from kit.call import Call
from kit.idempotency import Outcome
from services.rewards.domain import redemptions, vouchers
from services.rewards.domain.commands import UseVoucher
from services.rewards.domain.errors import VoucherNotFound
from services.rewards.domain.vouchers import Voucher
from services.rewards.handlers.writing import write_step
from services.rewards.ports import Storage, Transaction


class Vouchers:
    """The RPCs about vouchers."""

    def __init__(self, storage: Storage, *, lease_s: int) -> None:
        self._storage = storage
        self._lease_s = lease_s

    def get_voucher(self, program_id: uuid.UUID, code: str) -> Voucher:
        """The voucher as it stands."""
        with self._storage.transaction() as tx:
            owner = tx.vouchers.owner_of(program_id, code)
            redemption = tx.redemptions.load(program_id, *owner) if owner else None
        seen = vouchers.as_seen(redemption.voucher, tx.now) if redemption else None
        if seen is None:
            raise VoucherNotFound("no voucher has this code")
        return seen

    def use_voucher(self, call: Call, command: UseVoucher) -> Outcome[Voucher]:
        """Uses a voucher at a till, once."""
        with self._storage.transaction() as tx:
            return tx.once(call, command, Voucher, lambda: self._use_voucher(tx, command))

    def _use_voucher(self, tx: Transaction, command: UseVoucher) -> Voucher:
        owner = tx.vouchers.owner_of(command.program_id, command.code)
        # The redemption's row is what a cancellation locks, too: of the two, one comes first.
        redemption = tx.redemptions.lock(command.program_id, *owner) if owner else None
        if redemption is None or redemption.voucher is None:
            raise VoucherNotFound("no voucher has this code")
        after = redemptions.voucher_used(redemption, command.use, tx.now)
        write_step(tx, redemption, after, self._lease_s)
        return redemptions.voucher_of(after)
