"""Rehearsals of rules, and what they count for themselves."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from kit.row_digests import UNDIGESTED, row_digest_column
from services.points.tables.base import instant, lease, metadata

# What rules would have given for past purchases: worked on by lease, page by page, and read until pruned.
rehearsals = sa.Table(
    "rehearsals",
    metadata,
    sa.Column("program_id", sa.Uuid, primary_key=True),
    sa.Column("rehearsal_id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("plan", JSONB, nullable=False),
    sa.Column("comparison", JSONB, nullable=False),
    # Eight bytes for each member whom something would have changed for.
    sa.Column("members", sa.LargeBinary, nullable=False),
    sa.Column("members_touched", sa.BigInteger, nullable=False),
    instant("position_at"),
    sa.Column("position_after", sa.Uuid),
    sa.Column("window_s", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.BigInteger, nullable=False, info=UNDIGESTED),
    lease(nullable=False),
    instant("created_at"),
    instant("ended_at", nullable=True),
    row_digest_column(),
    sa.CheckConstraint("state IN ('running', 'done', 'failed')", name="state"),
    sa.CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="running_until_ended"),
    sa.CheckConstraint("window_s > 0", name="window_positive"),
    sa.CheckConstraint("octet_length(members) = 8 * members_touched", name="members_counted"),
    sa.Index("ix_rehearsals_running", "lease_until", postgresql_where=sa.text("state = 'running'")),
)

# What a rehearsal has used of limits, for itself; gone once it is over.
rehearsal_counters = sa.Table(
    "rehearsal_counters",
    metadata,
    sa.Column("program_id", sa.Uuid, primary_key=True),
    sa.Column("rehearsal_id", sa.Uuid, primary_key=True),
    # The member, or the program where the limit is a budget.
    sa.Column("owner_id", sa.Uuid, primary_key=True),
    sa.Column("counter_id", sa.Uuid, primary_key=True),
    sa.Column("used", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(
        ["program_id", "rehearsal_id"], ["rehearsals.program_id", "rehearsals.rehearsal_id"], ondelete="CASCADE"
    ),
    sa.CheckConstraint("used >= 0", name="used_not_negative"),
)
