"""Reading, using and reinstating vouchers."""

from __future__ import annotations

import dataclasses
import uuid

from kit.call import Call
from kit.idempotency import Outcome
from kit.ids import derived_id
from services.rewards.domain import redemptions, reinstatements, vouchers
from services.rewards.domain.commands import ReinstateVoucher, UseVoucher
from services.rewards.domain.errors import VoucherNotFound
from services.rewards.domain.redemptions import Redemption
from services.rewards.domain.reinstatements import GoodsReturn
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
            return tx.once(call, command, Voucher, lambda: self._use_voucher(tx, call, command))

    def reinstate_voucher(self, call: Call, command: ReinstateVoucher) -> Outcome[Voucher]:
        """Makes a used voucher good again, once for each use and once with each return of goods."""
        with self._storage.transaction() as tx:
            return tx.once(call, command, Voucher, lambda: self._reinstate_voucher(tx, call, command))

    def preview_reinstatement(self, program_id: uuid.UUID, code: str, goods_return: GoodsReturn) -> Voucher:
        """The voucher as it would be reinstated; as it is, where this return has done so."""
        with self._storage.transaction() as tx:
            owner = tx.vouchers.owner_of(program_id, code)
            redemption = tx.redemptions.load(program_id, *owner) if owner else None
            voucher = _voucher_of(redemption)
            return_id = _return_id_of(program_id, goods_return)
            if not tx.vouchers.was_reinstated_with(voucher, return_id):
                voucher = reinstatements.reinstated_with(voucher, tx.now, goods_return, return_id).voucher
            return _seen(voucher, tx)

    def _use_voucher(self, tx: Transaction, call: Call, command: UseVoucher) -> Voucher:
        redemption = _locked(tx, command.program_id, command.code)
        after = redemptions.voucher_used(redemption, command.use, tx.now)
        write_step(tx, redemption, after, self._lease_s)
        voucher = redemptions.voucher_of(after)
        tx.vouchers.insert_use(voucher, call.caller_id)
        return voucher

    def _reinstate_voucher(self, tx: Transaction, call: Call, command: ReinstateVoucher) -> Voucher:
        redemption = _locked(tx, command.program_id, command.code)
        voucher, at = _voucher_of(redemption), redemptions.not_before(redemption, tx.now)
        if command.goods_return is None:
            reinstatement = reinstatements.reinstated(voucher, at, command.reason, command.actor)
        else:
            return_id = _return_id_of(command.program_id, command.goods_return)
            # A return that a till sends again, under another key perhaps, finds its voucher as it is by now.
            if tx.vouchers.was_reinstated_with(voucher, return_id):
                return _seen(voucher, tx)
            reinstatement = reinstatements.reinstated_with(voucher, at, command.goods_return, return_id)
        after = redemptions.voucher_reinstated(redemption, reinstatement)
        write_step(tx, redemption, after, self._lease_s)
        tx.vouchers.insert_reinstatement(reinstatement, call.caller_id)
        return reinstatement.voucher


def _locked(tx: Transaction, program_id: uuid.UUID, code: str) -> Redemption:
    """The redemption that the code's voucher is of; its row is what a cancellation locks, too: one comes first."""
    owner = tx.vouchers.owner_of(program_id, code)
    redemption = tx.redemptions.lock(program_id, *owner) if owner else None
    if redemption is None or redemption.voucher is None:
        raise VoucherNotFound("no voucher has this code")
    return redemption


def _voucher_of(redemption: Redemption | None) -> Voucher:
    if redemption is None or redemption.voucher is None:
        raise VoucherNotFound("no voucher has this code")
    return redemption.voucher


def _return_id_of(program_id: uuid.UUID, back: GoodsReturn) -> uuid.UUID:
    """The id that `points` makes of the return's receipt."""
    return derived_id("return", str(program_id), *back.receipt.parts())


def _seen(voucher: Voucher, tx: Transaction) -> Voucher:
    return dataclasses.replace(voucher, state=voucher.state_at(tx.now))
