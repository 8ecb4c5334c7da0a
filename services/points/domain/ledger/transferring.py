"""What a transfer does to the two accounts, each in its own transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.points.domain.ledger.accounts import Cause, Entry, EntryKind, Lot
from services.points.domain.ledger.combining import CombiningBook
from services.points.domain.ledger.portions import portions
from services.points.domain.ledger.transfers import Transfer, TransferPart


class TransferringBook(CombiningBook):
    """A book that points leave for another one, and come to from there."""

    def send(self, amount: int, cause: Cause, now: datetime) -> tuple[Entry, tuple[TransferPart, ...]]:
        """Takes available points in spending order, and says which lots they came from."""
        self.settle(now)
        self._expect_available(amount, now)
        taken = portions(self._spendable(now), amount)
        entry = self._append(EntryKind.TRANSFER_OUT, -amount, cause, now, now)
        for lot, units in taken:
            self._move(entry, lot.lot_id, -units)
        return entry, tuple(self._part(lot, units, now) for lot, units in taken)

    def receive(self, transfer: Transfer, now: datetime) -> Entry:
        """Credits lots with the expiry of those that the points came from; what lapsed on the way lapses at once."""
        self.settle(now)
        entry = self._append(EntryKind.TRANSFER_IN, transfer.amount, transfer.cause, transfer.sent_at, now)
        for part in transfer.parts:
            lot = Lot(
                self._new_id(),
                part.units,
                0,
                part.available_at,
                part.expires_at,
                inactivity_days=part.inactivity_days,
            )
            self._put_lot(lot)
            self._move(entry, lot.lot_id, part.units)
        self._after_freeing(now)
        return entry

    def take_home(self, transfer: Transfer, now: datetime) -> Entry:
        """Gives points that nobody took to the lots that they came from; all of these must be open."""
        self.settle(now)
        cause = Cause(transfer_id=transfer.transfer_id, corrects_version=transfer.sent_version, reason=transfer.reason)
        entry = self._append(EntryKind.TRANSFER_BACK, transfer.amount, cause, now, now)
        self._put_back(entry, transfer.parts)
        self._after_freeing(now)
        return entry

    def _part(self, lot: Lot, units: int, now: datetime) -> TransferPart:
        since, active_at = lot.available_at, self.account.active_at
        if lot.inactivity_days is not None and active_at is not None:
            # A till's clock may be ahead of ours.
            since = max(since, min(active_at, now))
        return TransferPart(lot.lot_id, units, since, lot.expires_at, lot.inactivity_days)

    def _put_back(self, entry: Entry, parts: Sequence[TransferPart]) -> None:
        for part in parts:
            self._move(entry, part.lot_id, part.units)
