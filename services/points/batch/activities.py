"""What a batch has loaded of activities, and what its operations leave of them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from services.points.batch.reads import Reads
from services.points.domain.earning.activities import Activity
from services.points.domain.ledger.accounts import AccountView
from services.points.storage import Recorded, Transaction


class BatchActivities:
    """The part of the context that is about activities."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._recorded: dict[UUID, Recorded[Activity]] = {}

    def load(self, reads: Iterable[Reads]) -> None:
        """Loads those that are recorded already."""
        wanted = {activity_id for each in reads for activity_id in each.activity_ids}
        if wanted:
            self._recorded = self._tx.activities.find(wanted)

    def recorded(self, activity_id: UUID) -> Recorded[Activity] | None:
        """The activity as it was first answered."""
        return self._recorded.get(activity_id)

    def record(self, activity: Activity, account: AccountView, digests: dict[str, str]) -> None:
        """Leaves a new activity."""
        self._tx.activities.append(self._tx.writer, activity, account, digests)
