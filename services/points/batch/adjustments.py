"""What a batch has loaded of adjustments that take two people, and what its operations leave of them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from services.points.batch.reads import Reads
from services.points.domain.errors import AdjustmentNotFound
from services.points.domain.ledger.adjustments import Adjustment
from services.points.storage import Transaction


class BatchAdjustments:
    """The part of the context that is about requested adjustments."""

    def __init__(self, tx: Transaction, *, lock: bool) -> None:
        self._tx = tx
        self._lock = lock
        self._ending: dict[UUID, Adjustment] = {}

    def load(self, reads: Iterable[Reads]) -> None:
        """Loads those that operations end, locked."""
        wanted = {(each.member_id, each.adjustment_id) for each in reads if each.member_id and each.adjustment_id}
        if wanted:
            self._ending = self._tx.adjustments.load(wanted, lock=self._lock)

    def ending(self, program_id: UUID, adjustment_id: UUID) -> Adjustment:
        """An adjustment that is about to end, as it stands, or ADJUSTMENT_NOT_FOUND."""
        found = self._ending.get(adjustment_id)
        if found is None or found.key.program_id != program_id:
            raise AdjustmentNotFound("nobody asked for such an adjustment", adjustment_id=str(adjustment_id))
        return found

    def put(self, adjustment: Adjustment) -> None:
        """Leaves an adjustment that was asked for, new or as it ended."""
        self._tx.adjustments.put(self._tx.writer, adjustment)
