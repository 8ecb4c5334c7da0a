"""Rehearsals: rows that a job takes by lease, works on page by page and writes back."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kit import row_digests
from services.points import tables
from services.points.domain.earning.counters import Counter, CounterKey, LimitCounters
from services.points.domain.program.rehearsals import Position, Rehearsal, RehearsalState
from services.points.storage.documents import comparison_document, load, plan_document
from services.points.storage.earning.counters import counter_id

# How much of a member's id is kept to tell members apart: its end, which is random in every kind of id.
MEMBER_BYTES = 8

# Of the receipts of one page, as they lie compressed in the table: those of some twenty receipts of 5,000 lines, or of
# several hundred short ones.
PAGE_BYTES_MAX = 2 * 1024 * 1024


@dataclass(frozen=True)
class Leased:
    """A rehearsal that nobody else works on until the lease is over, and the members counted in it so far."""

    rehearsal: Rehearsal
    members: frozenset[bytes]
    lease_until: datetime


class Rehearsals:
    """Reads and writes of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def append(self, rehearsal: Rehearsal) -> None:
        """Writes a new one, free to be taken."""
        values = _columns(rehearsal) | {
            "program_id": rehearsal.program_id,
            "rehearsal_id": rehearsal.rehearsal_id,
            "plan": plan_document.dump_python(rehearsal.plan, mode="json"),
            "members": b"",
            "attempts": 0,
            "lease_until": rehearsal.created_at,
            "created_at": rehearsal.created_at,
        }
        row = row_digests.fresh(self._connection, tables.rehearsals, values)
        self._connection.execute(sa.insert(tables.rehearsals).values(**row))

    def find(self, program_id: UUID, rehearsal_id: UUID) -> Rehearsal | None:
        """The rehearsal as it stands."""
        table = tables.rehearsals
        # Its members are megabytes where it touches many, and nobody who asks for it is told them.
        shown = (column for column in table.c if column is not table.c.members)
        query = sa.select(*shown).where(table.c.program_id == program_id, table.c.rehearsal_id == rehearsal_id)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _rehearsal(row)

    def running(self, program_id: UUID) -> int:
        """How many of the program are not over."""
        table = tables.rehearsals
        query = sa.select(sa.func.count()).where(
            table.c.program_id == program_id, table.c.state == RehearsalState.RUNNING.value
        )
        return int(self._connection.scalar(query) or 0)

    def take(self, now: datetime, lease: timedelta, attempts_max: int) -> Leased | None:
        """Leases the one that has waited longest, unless it was taken too often without coming further.

        Where that happened it has a shorter window than it was written with.
        """
        found = self._connection.execute(
            _TAKE, {"now": now, "until": now + lease, "attempts_max": attempts_max}
        ).one_or_none()
        if found is None:
            return None
        size = MEMBER_BYTES
        members = frozenset(found.members[at : at + size] for at in range(0, len(found.members), size))
        rehearsal = _rehearsal(found)
        narrowed = rehearsal.position.narrowed(found.attempts - 1)
        return Leased(replace(rehearsal, position=narrowed), members, found.lease_until)

    def give_up(self, now: datetime, attempts_max: int) -> int:
        """Ends those that were taken too often without coming further, and says how many."""
        table = tables.rehearsals
        failed = {"state": RehearsalState.FAILED.value, "ended_at": now}
        statement = (
            sa.update(table)
            .where(
                table.c.state == RehearsalState.RUNNING.value,
                table.c.attempts >= attempts_max,
                table.c.lease_until <= now,
            )
            .values(**row_digests.changed(self._connection, table, failed))
        )
        return len(self._connection.execute(statement.returning(table.c.rehearsal_id)).all())

    def limit_counters(self, rehearsal: Rehearsal, keys: Collection[CounterKey]) -> LimitCounters:
        """What the rehearsal itself has used of limits so far."""
        found = dict.fromkeys(keys, Counter())
        by_id = {_counter(key): key for key in keys}
        given = _names(rehearsal) | {
            "owners": [owner for owner, _ in by_id],
            "counters": [counter for _, counter in by_id],
        }
        for row in self._connection.execute(_COUNTERS, given) if by_id else ():
            found[by_id[row.owner_id, row.counter_id]] = Counter(row.used)
        return LimitCounters(found)

    def put(
        self, leased: Leased, rehearsal: Rehearsal, members: Collection[bytes], limits: LimitCounters, now: datetime
    ) -> bool:
        """Writes how far it has come and frees it.

        False when the lease was over and somebody else has taken it, or given it up.
        """
        table = tables.rehearsals
        values = _columns(rehearsal) | {"attempts": 0, "lease_until": now}
        if len(members) != len(leased.members):
            values["members"] = b"".join(sorted(members))
        statement = (
            sa.update(table)
            .where(
                table.c.program_id == rehearsal.program_id,
                table.c.rehearsal_id == rehearsal.rehearsal_id,
                table.c.state == RehearsalState.RUNNING.value,
                table.c.lease_until == leased.lease_until,
            )
            .values(**row_digests.changed(self._connection, table, values))
        )
        if self._connection.execute(statement.returning(table.c.rehearsal_id)).one_or_none() is None:
            return False
        used = {_counter(key): counter.used for key, counter in limits.changes()[0].items()}
        # Once it is over nobody asks for them.
        if used and rehearsal.state is RehearsalState.RUNNING:
            given = {
                "owners": [owner for owner, _ in used],
                "counters": [counter for _, counter in used],
                "used": list(used.values()),
            }
            self._connection.execute(_COUNT, _names(rehearsal) | given)
        return True

    def page(self, rehearsal: Rehearsal, limit: int) -> tuple[list[tuple[datetime, UUID]], bool]:
        """The next purchases of its period, in their order, that were recorded when it was asked for; are there more?

        Fewer than `limit` where their receipts are long, since a page of them is held in memory.
        """
        given = {
            "program": rehearsal.program_id,
            "at": rehearsal.position.at,
            "after": rehearsal.position.after or UUID(int=0),
            "until": rehearsal.position.window_end(rehearsal.plan.end),
            "recorded_until": rehearsal.created_at,
            "limit": limit,
        }
        rows = self._connection.execute(_PAGE, given).all()
        sizes = itertools.accumulate(row.sale_bytes for row in rows)
        fitting = max(1, sum(size <= PAGE_BYTES_MAX for size in sizes))
        return [(row.occurred_at, row.purchase_id) for row in rows[:fitting]], fitting < len(rows) or len(rows) == limit

    def prune_before(self, instant: datetime, *, limit: int) -> int:
        """Deletes up to `limit` rows and says how many: counters of those that are over, then those themselves.

        Counters are not waited for `instant`, and a rehearsal goes when it ended before that and has none left: it may
        have as many as it saw purchases, which no statement should delete at once.
        """
        counters = len(self._connection.execute(_PRUNE_COUNTERS, {"limit": limit}).all())
        rows = self._connection.execute(_PRUNE, {"instant": instant, "limit": limit - counters}).all()
        return counters + len(rows)


_TAKE = sa.text("""
    UPDATE rehearsals SET lease_until = :until, attempts = attempts + 1
    WHERE (program_id, rehearsal_id) = (
        SELECT program_id, rehearsal_id FROM rehearsals
        WHERE state = 'running' AND lease_until <= :now AND attempts < :attempts_max
        ORDER BY lease_until, rehearsal_id
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    )
    RETURNING *
""")

_PAGE = sa.text("""
    SELECT occurred_at, purchase_id, pg_column_size(sale) AS sale_bytes
    FROM purchases
    WHERE occurred_at >= :at AND occurred_at < :until AND program_id = :program
        AND (occurred_at, purchase_id) > (:at, CAST(:after AS uuid)) AND recorded_at <= :recorded_until
    ORDER BY occurred_at, purchase_id
    LIMIT :limit
""")

_COUNTERS = sa.text("""
    SELECT owner_id, counter_id, used
    FROM rehearsal_counters
    JOIN unnest(CAST(:owners AS uuid[]), CAST(:counters AS uuid[])) AS wanted (owner_id, counter_id)
        USING (owner_id, counter_id)
    WHERE program_id = :program AND rehearsal_id = :rehearsal
""")

_COUNT = sa.text("""
    INSERT INTO rehearsal_counters (program_id, rehearsal_id, owner_id, counter_id, used)
    SELECT :program, :rehearsal, * FROM unnest(
        CAST(:owners AS uuid[]), CAST(:counters AS uuid[]), CAST(:used AS bigint[])
    )
    ON CONFLICT (program_id, rehearsal_id, owner_id, counter_id) DO UPDATE SET used = excluded.used
""")

_PRUNE_COUNTERS = sa.text("""
    DELETE FROM rehearsal_counters
    WHERE (program_id, rehearsal_id, owner_id, counter_id) IN (
        SELECT program_id, rehearsal_id, owner_id, counter_id
        FROM rehearsals JOIN rehearsal_counters USING (program_id, rehearsal_id)
        WHERE ended_at IS NOT NULL
        LIMIT :limit
    )
    RETURNING counter_id
""")

_PRUNE = sa.text("""
    DELETE FROM rehearsals
    WHERE (program_id, rehearsal_id) IN (
        SELECT program_id, rehearsal_id FROM rehearsals
        WHERE ended_at < :instant AND NOT EXISTS (
            SELECT FROM rehearsal_counters AS counters
            WHERE counters.program_id = rehearsals.program_id AND counters.rehearsal_id = rehearsals.rehearsal_id
        )
        LIMIT :limit
    )
    RETURNING rehearsal_id
""")


def _names(rehearsal: Rehearsal) -> dict[str, Any]:
    return {"program": rehearsal.program_id, "rehearsal": rehearsal.rehearsal_id}


def _counter(key: CounterKey) -> tuple[UUID, UUID]:
    """Whose counter it is, and which."""
    return key.member_id or key.program_id, counter_id(key)


def _columns(rehearsal: Rehearsal) -> dict[str, Any]:
    return {
        "state": rehearsal.state.value,
        "comparison": comparison_document.dump_python(rehearsal.comparison, mode="json"),
        "members_touched": rehearsal.members,
        "position_at": rehearsal.position.at,
        "position_after": rehearsal.position.after,
        "window_s": int(rehearsal.position.window.total_seconds()),
        "ended_at": rehearsal.ended_at,
    }


def _rehearsal(row: Any) -> Rehearsal:
    return Rehearsal(
        row.rehearsal_id,
        row.program_id,
        RehearsalState(row.state),
        load(plan_document, row.plan),
        Position(row.position_at, row.position_after, timedelta(seconds=row.window_s)),
        load(comparison_document, row.comparison),
        row.members_touched,
        row.created_at,
        row.ended_at,
    )
