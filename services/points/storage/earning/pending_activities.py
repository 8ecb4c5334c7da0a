"""Activities that `points` has heard of and not yet recorded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit import row_digests
from services.points import tables
from services.points.domain.earning.activities import ActivityKind, PendingActivity


class PendingActivities:
    """Reads and writes of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def put(self, pending: PendingActivity) -> None:
        """Notes an activity to record; one that is noted already stays as it is."""
        values = {
            "member_id": pending.member_id,
            "kind": pending.kind.value,
            "program_id": pending.program_id,
            "occurred_at": pending.occurred_at,
        }
        row = row_digests.fresh(self._connection, tables.pending_activities, values)
        self._connection.execute(postgresql.insert(tables.pending_activities).values(**row).on_conflict_do_nothing())

    def take(self, now: datetime, lease: timedelta, limit: int) -> list[PendingActivity]:
        """Takes up to `limit` by lease, the oldest first: those whom nobody is at work on, and nobody is waited for."""
        table = tables.pending_activities
        free = (
            sa.select(table.c.member_id, table.c.kind)
            .where(sa.or_(table.c.lease_until.is_(None), table.c.lease_until <= now))
            .order_by(table.c.occurred_at, table.c.member_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        key = sa.tuple_(table.c.member_id, table.c.kind)
        statement = sa.update(table).where(key.in_(free)).values(lease_until=now + lease).returning(table)
        return [
            PendingActivity(row.program_id, row.member_id, ActivityKind(row.kind), row.occurred_at)
            for row in self._connection.execute(statement)
        ]

    def delete(self, done: Iterable[PendingActivity]) -> None:
        """Forgets those that are recorded, or need not be."""
        table = tables.pending_activities
        keys = [(each.member_id, each.kind.value) for each in done]
        if keys:
            self._connection.execute(sa.delete(table).where(sa.tuple_(table.c.member_id, table.c.kind).in_(keys)))
