"""The table that events wait in, and what is done to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit import row_digests
from kit.arrays import unnested
from kit.database import transaction
from kit.events import Event
from kit.row_digests import UNDIGESTED, row_digest_column

# How long a published event is kept, to be sent again when Redis or a consumer has lost it. Consumers remember what
# they have had for longer than that (`kit.inbox.RETENTION_DAYS`).
RETENTION_DAYS = 7
REPUBLISH_BATCH = 1_000

# The columns that an event fills, as they travel.
_COLUMN_KINDS: Mapping[str, sa.types.TypeEngine[Any]] = {
    "id": sa.Uuid(),
    "aggregatetype": sa.Text(),
    "aggregateid": sa.Uuid(),
    "type": sa.Text(),
    "version": sa.BigInteger(),
    "program_id": sa.Uuid(),
    "occurred_at": sa.DateTime(timezone=True),
    "payload": sa.Text(),
}


def outbox_table(metadata: sa.MetaData) -> sa.Table:
    """The outbox of a service; the names are those that Debezium's outbox router expects.

    It is distributed by aggregate, so that an event lies beside the rows of its change.
    """
    return sa.Table(
        "outbox",
        metadata,
        sa.Column("aggregateid", sa.Uuid, primary_key=True),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("aggregatetype", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("payload", postgresql.JSONB, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), info=UNDIGESTED),
        row_digest_column(),
        sa.Index("ix_outbox_unpublished", "id", postgresql_where=sa.text("published_at IS NULL")),
        sa.Index("ix_outbox_published", "published_at", postgresql_where=sa.text("published_at IS NOT NULL")),
    )


def append(connection: sa.Connection, table: sa.Table, events: Sequence[Event]) -> None:
    """Writes the events down in the caller's transaction: one statement and one round trip, however many they are."""
    if not events:
        return
    rows = [row(event) for event in events]
    given = unnested(_COLUMN_KINDS, {name: [each[name] for each in rows] for name in _COLUMN_KINDS})
    values = [
        given.c[name] if name != "payload" else sa.cast(given.c.payload, postgresql.JSONB) for name in _COLUMN_KINDS
    ]
    columns = dict(zip(_COLUMN_KINDS, values, strict=True))
    values_by_name = row_digests.fresh(connection, table, columns)
    connection.execute(sa.insert(table).from_select(list(values_by_name), sa.select(*values_by_name.values())))


def row(event: Event) -> dict[str, object]:
    """The event as columns of the outbox, not yet published, its payload as text."""
    return {
        "aggregateid": event.aggregate_id,
        "id": event.id,
        "aggregatetype": event.aggregate_type,
        "type": event.type,
        "version": event.version,
        "program_id": event.program_id,
        "payload": orjson.dumps(event.payload).decode(),
        "occurred_at": event.occurred_at,
        "published_at": None,
    }


def republish(engine: sa.Engine, table: sa.Table, since: datetime) -> int:
    """Has the relay send again what was published from `since` on and is still kept; says how many events that is.

    For an operator who knows that something was lost. What the relay can notice by itself it sends again by itself.
    """
    count = 0
    with transaction(engine) as connection:
        until: datetime = connection.execute(sa.select(sa.func.now())).scalar_one()
    while True:
        with transaction(engine) as connection:
            marked = unpublish(connection, table, since, until, limit=REPUBLISH_BATCH)
        count += marked
        if marked < REPUBLISH_BATCH:
            return count


def unpublish(connection: sa.Connection, table: sa.Table, since: datetime, until: datetime, *, limit: int) -> int:
    """Marks up to `limit` events published in [since, until) as not published, oldest first, and says how many.

    What happened before the retention began is left alone: the consumers may have forgotten that they had it.
    """
    chosen = (
        sa.select(table.c.aggregateid, table.c.id)
        .where(
            table.c.published_at >= since,
            table.c.published_at < until,
            table.c.occurred_at >= sa.func.now() - timedelta(days=RETENTION_DAYS),
        )
        .order_by(table.c.published_at, table.c.id)
        .limit(limit)
        .with_for_update()
        .cte("chosen")
    )
    return connection.execute(
        sa.update(table)
        .values(published_at=None)
        .where(table.c.aggregateid == chosen.c.aggregateid, table.c.id == chosen.c.id)
    ).rowcount


def prune(connection: sa.Connection, table: sa.Table, before: datetime, limit: int) -> int:
    """Deletes up to `limit` events that were published before `before` and says how many.

    An event that is waiting is never deleted, however old.
    """
    old = (
        sa.select(table.c.aggregateid, table.c.id)
        .where(table.c.published_at < before)
        .order_by(table.c.published_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    return connection.execute(
        sa.delete(table).where(table.c.aggregateid == old.c.aggregateid, table.c.id == old.c.id)
    ).rowcount
