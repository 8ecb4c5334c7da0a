"""Qualifying units: appended, and summed over windows of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from kit import ids
from services.points import tables
from services.points.domain.earning.qualifying import QualifyingMovement, QualifyingWindow
from services.points.domain.ledger.accounts import AccountKey
from services.points.storage.writer import Writer


class Qualifying:
    """Reads and writes of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def append(self, writer: Writer, movements: Iterable[QualifyingMovement], now: datetime) -> None:
        """Hands movements to the writer."""
        for movement in movements:
            writer.add(tables.qualifying_movements, _columns(movement, now))

    def sums(self, key: AccountKey, windows: Sequence[QualifyingWindow]) -> list[int]:
        """What counts in each window, in their order: one statement, and a range of one index for each."""
        given = {
            "program_id": key.program_id,
            "member_id": key.member_id,
            "wallet": key.wallet,
            "starts": [window.start for window in windows],
            "ends": [window.end for window in windows],
        }
        return [int(row.units) for row in self._connection.execute(_SUMS, given)]


# The account says whose program it is, so that the index need not: movements are of accounts of their own program.
_SUMS = sa.text("""
    SELECT coalesce((
        SELECT sum(units) FROM qualifying_movements
        WHERE member_id = :member_id AND wallet = :wallet
            AND occurred_at >= coalesce(starts_at, '-infinity') AND occurred_at < coalesce(ends_at, 'infinity')
            AND EXISTS (
                SELECT FROM accounts
                WHERE member_id = :member_id AND wallet = :wallet AND program_id = :program_id
            )
    ), 0) AS units
    FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
        WITH ORDINALITY AS windows (starts_at, ends_at, place)
    ORDER BY place
""")


def movement_id(movement: QualifyingMovement) -> UUID:
    """The one id for good of what a cause made of a rule's points, or of what an entry gave or took by hand."""
    if movement.entry_version is not None:
        return ids.derived_id("qualifying", movement.key.wallet, str(movement.entry_version))
    cause_id = movement.return_id or movement.purchase_id or movement.activity_id
    return ids.derived_id("qualifying", str(cause_id), str(movement.rule_id))


def _columns(movement: QualifyingMovement, now: datetime) -> dict[str, object]:
    return {
        "member_id": movement.key.member_id,
        "movement_id": movement_id(movement),
        "program_id": movement.key.program_id,
        "wallet": movement.key.wallet,
        "units": movement.units,
        "occurred_at": movement.occurred_at,
        "purchase_id": movement.purchase_id,
        "rule_id": movement.rule_id,
        "return_id": movement.return_id,
        "entry_version": movement.entry_version,
        "activity_id": movement.activity_id,
        "recorded_at": now,
    }
