"""The tables of a listening service: what it has had, and what it could not bear."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit import outbox

# Longer than events can be sent again, with a week for a consumer that was away in between.
RETENTION_DAYS = outbox.RETENTION_DAYS + 7


def inbox_table(metadata: sa.MetaData) -> sa.Table:
    """The events that each consumer of the service has had."""
    return sa.Table(
        "inbox",
        metadata,
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Index("ix_inbox_received_at", "received_at"),
    )


def dead_letters_table(metadata: sa.MetaData) -> sa.Table:
    """The events that a consumer failed at; `payload` is the whole entry of the stream, `deliveries` how often."""
    return sa.Table(
        "dead_letters",
        metadata,
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("payload", postgresql.JSONB, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("deliveries", sa.Integer, nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("replayed_at", sa.DateTime(timezone=True)),
        sa.Index("ix_dead_letters_waiting", "consumer", "failed_at", postgresql_where=sa.text("replayed_at IS NULL")),
    )


def prune(connection: sa.Connection, inbox: sa.Table, before: datetime, limit: int) -> int:
    """Forgets up to `limit` events received before `before`, which is `RETENTION_DAYS` ago or more."""
    old = (
        sa.select(inbox.c.consumer, inbox.c.event_id)
        .where(inbox.c.received_at < before)
        .order_by(inbox.c.received_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    return connection.execute(
        sa.delete(inbox).where(inbox.c.consumer == old.c.consumer, inbox.c.event_id == old.c.event_id)
    ).rowcount
