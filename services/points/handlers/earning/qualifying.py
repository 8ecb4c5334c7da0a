"""Qualifying units: summed over windows."""

from __future__ import annotations

from collections.abc import Sequence

from services.points.domain.earning.qualifying import QualifyingSums, QualifyingWindow
from services.points.domain.ledger.accounts import AccountKey
from services.points.storage import Storage


class QualifyingHandlers:
    """What counts towards tiers."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def get_qualifying_sums(self, key: AccountKey, windows: Sequence[QualifyingWindow]) -> QualifyingSums:
        """What counts towards tiers in each window; zeros for a member of whom nothing does."""
        with self._storage.transaction() as tx:
            units = tx.qualifying.sums(key, windows)
            return QualifyingSums(key, tuple(zip(windows, units, strict=True)), tx.now)
