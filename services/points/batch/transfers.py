"""What a batch has loaded of transfers, and what its operations leave of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.points.batch.reads import Reads
from services.points.domain.ledger.accounts import AccountKey
from services.points.domain.ledger.transfers import Arrival, Sent, Transfer
from services.points.storage import Transaction


class BatchTransfers:
    """The part of the context that is about transfers."""

    def __init__(self, tx: Transaction, *, lock: bool) -> None:
        self._tx = tx
        self._lock = lock
        self._ending: dict[UUID, Transfer] = {}
        self._arrivals: dict[UUID, Arrival] = {}
        self._sent: dict[AccountKey, list[Sent]] = {}

    # -- For the batch -----------------------------------------------------------------------------------------------

    def load(self, reads: Sequence[Reads]) -> None:
        """Loads the transfers that operations end, locked, and those that have arrived already."""
        known = [(each.member_id, each) for each in reads if each.member_id]
        ending = {(member_id, each.ending_transfer_id) for member_id, each in known if each.ending_transfer_id}
        if ending:
            self._ending = self._tx.transfers.load(ending, lock=self._lock)
        arriving = {(member_id, each.arriving_transfer_id) for member_id, each in known if each.arriving_transfer_id}
        if arriving:
            self._arrivals = self._tx.transfers.arrivals(arriving)

    def count(self, senders: Iterable[AccountKey]) -> None:
        """Reads what these accounts have sent today. They are locked by now, so that it stays so until we write."""
        keys = set(senders)
        if keys:
            self._sent = self._tx.transfers.sent_on(keys, self._tx.now.astimezone(UTC).date())

    # -- For operations ----------------------------------------------------------------------------------------------

    def ending(self, transfer_id: UUID) -> Transfer:
        """A transfer that is about to end, as it stands."""
        return self._ending[transfer_id]

    def arrival(self, transfer_id: UUID) -> Arrival | None:
        """What the recipient's account has decided, if it has."""
        return self._arrivals.get(transfer_id)

    def sent_today(self, key: AccountKey) -> Sequence[Sent]:
        """What the account has sent today, the operations before this one included."""
        return self._sent[key]

    def send(self, transfer: Transfer, lease_until: datetime) -> None:
        """Leaves a new transfer."""
        self._sent[transfer.key].append(Sent(transfer.recipient_id, transfer.amount))
        self._tx.transfers.put(self._tx.writer, transfer, lease_until)

    def arrive(self, arrival: Arrival) -> None:
        """Leaves what the recipient's account has decided."""
        self._tx.transfers.append_arrival(self._tx.writer, arrival)

    def end(self, transfer: Transfer) -> None:
        """Leaves a transfer as it ended."""
        self._tx.transfers.put(self._tx.writer, transfer, None)
