"""Adjustments that were asked for: found, locked, listed, written as they stand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kit import row_digests
from kit.page import PageRequest
from services.points import tables
from services.points.domain.ledger.accounts import AccountKey
from services.points.domain.ledger.adjustments import Adjustment, AdjustmentState
from services.points.storage.writer import Writer

# A member and an adjustment of theirs.
Whose = tuple[UUID, UUID]


class Adjustments:
    """Reads and writes of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def find(self, program_id: UUID, adjustment_id: UUID) -> Adjustment | None:
        """The adjustment with this id, if it is the program's."""
        table = tables.adjustments
        query = sa.select(table).where(table.c.program_id == program_id, table.c.adjustment_id == adjustment_id)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _adjustment(row)

    def load(self, wanted: Iterable[Whose], *, lock: bool) -> dict[UUID, Adjustment]:
        """The adjustments, by id; locked in key order if they are about to change."""
        pairs = list(wanted)
        given = {"members": [pair[0] for pair in pairs], "adjustments": [pair[1] for pair in pairs]}
        rows = self._connection.execute(_LOCKED if lock else _LOADED, given)
        return {row.adjustment_id: _adjustment(row) for row in rows}

    def page(
        self, program_id: UUID, state: AdjustmentState | None, now: datetime, page: PageRequest
    ) -> list[Adjustment]:
        """The program's adjustments, newest first, one more than the page is long.

        One whose time is over is expired, whether that has been written down or not.
        """
        table = tables.adjustments
        query = sa.select(table).where(table.c.program_id == program_id)
        if state is not None:
            query = query.where(_is_in(state, now))
        if page.after:
            query = query.where(table.c.adjustment_id < UUID(page.after[0]))
        rows = self._connection.execute(query.order_by(table.c.adjustment_id.desc()).limit(page.size + 1))
        return [_adjustment(row).as_of(now) for row in rows]

    def put(self, writer: Writer, adjustment: Adjustment) -> None:
        """Hands the adjustment as it stands to the writer."""
        writer.add(tables.adjustments, _columns(adjustment))

    def expire_before(self, now: datetime, *, limit: int) -> int:
        """Writes down that up to `limit` adjustments have expired and says how many; those in use are left alone."""
        table = tables.adjustments
        over = (
            sa.select(table.c.member_id, table.c.adjustment_id)
            .where(table.c.state == AdjustmentState.REQUESTED.value, table.c.expires_at <= now)
            .order_by(table.c.expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        key = sa.tuple_(table.c.member_id, table.c.adjustment_id)
        expired = row_digests.changed(self._connection, table, {"state": AdjustmentState.EXPIRED.value})
        statement = sa.update(table).where(key.in_(over)).values(**expired)
        return self._connection.execute(statement).rowcount


_LOADED = sa.text("""
    SELECT adjustments.*
    FROM adjustments
    JOIN unnest(CAST(:members AS uuid[]), CAST(:adjustments AS uuid[])) AS wanted (member_id, adjustment_id)
        USING (member_id, adjustment_id)
""")

_LOCKED = sa.text(f"{_LOADED.text} ORDER BY member_id, adjustment_id FOR UPDATE OF adjustments")


def _is_in(state: AdjustmentState, now: datetime) -> sa.ColumnElement[bool]:
    table = tables.adjustments
    said = table.c.state == state.value
    if state is AdjustmentState.REQUESTED:
        return sa.and_(said, table.c.expires_at > now)
    if state is AdjustmentState.EXPIRED:
        return sa.or_(said, sa.and_(table.c.state == AdjustmentState.REQUESTED.value, table.c.expires_at <= now))
    return said


def _columns(adjustment: Adjustment) -> dict[str, object]:
    return {
        "member_id": adjustment.key.member_id,
        "adjustment_id": adjustment.adjustment_id,
        "program_id": adjustment.key.program_id,
        "wallet": adjustment.key.wallet,
        "amount": adjustment.amount,
        "reason": adjustment.reason,
        "expiry_days": adjustment.expiry_days,
        "requested_by": adjustment.requested_by,
        "requested_caller": adjustment.requested_caller,
        "requested_at": adjustment.requested_at,
        "expires_at": adjustment.expires_at,
        "state": adjustment.state.value,
        "decided_by": adjustment.decided_by,
        "decided_caller": adjustment.decided_caller,
        "decided_at": adjustment.decided_at,
        "decision_reason": adjustment.decision_reason,
        "entry_version": adjustment.entry_version,
        "qualifying": adjustment.qualifying,
    }


def _adjustment(row: Any) -> Adjustment:
    return Adjustment(
        adjustment_id=row.adjustment_id,
        key=AccountKey(row.program_id, row.member_id, row.wallet),
        amount=row.amount,
        reason=row.reason,
        expiry_days=row.expiry_days,
        requested_by=row.requested_by,
        requested_caller=row.requested_caller,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        state=AdjustmentState(row.state),
        decided_by=row.decided_by,
        decided_caller=row.decided_caller,
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
        entry_version=row.entry_version,
        qualifying=row.qualifying,
    )
