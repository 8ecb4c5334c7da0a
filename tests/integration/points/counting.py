"""What counts towards tiers, asked for as a caller would."""

from __future__ import annotations

import uuid
from datetime import datetime

from services.points.domain.earning.qualifying import QualifyingWindow
from services.points.domain.ledger.accounts import AccountKey
from tests.factories import points as make
from tests.integration.points.conftest import Points

EVER = QualifyingWindow(None, None)


def sums(points: Points, member_id: uuid.UUID, *windows: QualifyingWindow, wallet: str = "points") -> list[int]:
    """What counts in each window."""
    key = AccountKey(make.PROGRAM, member_id, wallet)
    return [units for _, units in points.qualifying.get_qualifying_sums(key, windows).sums]


def counts(points: Points, member_id: uuid.UUID, start: datetime | None = None, end: datetime | None = None) -> int:
    """What counts in one window."""
    return sums(points, member_id, QualifyingWindow(start, end))[0]
