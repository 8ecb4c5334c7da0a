"""Adjustments that one person asks for and another approves."""

from __future__ import annotations

import sqlalchemy as sa

from kit.row_digests import row_digest_column
from services.points.tables.base import instant, metadata

adjustments = sa.Table(
    "adjustments",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("adjustment_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("wallet", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("expiry_days", sa.Integer, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("requested_caller", sa.Text, nullable=False),
    instant("requested_at"),
    instant("expires_at"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided_caller", sa.Text, nullable=False),
    instant("decided_at", nullable=True),
    sa.Column("decision_reason", sa.Text, nullable=False),
    sa.Column("entry_version", sa.BigInteger),
    # Whether as many qualifying units are given or taken with the points.
    sa.Column("qualifying", sa.Boolean, nullable=False, server_default=sa.false()),
    row_digest_column(),
    sa.CheckConstraint("amount <> 0", name="moves_something"),
    sa.CheckConstraint("reason <> '' AND requested_by <> '' AND requested_caller <> ''", name="asked_by_somebody"),
    sa.CheckConstraint("expiry_days >= 0 AND (amount > 0 OR expiry_days = 0)", name="expiry_days_of_given"),
    sa.CheckConstraint("expires_at > requested_at", name="open_for_a_while"),
    sa.CheckConstraint(
        "CASE state WHEN 'approved' THEN decided_at IS NOT NULL AND entry_version IS NOT NULL"
        " AND decided_by <> '' AND decided_by <> requested_by"
        " AND decided_caller <> '' AND decided_caller <> requested_caller"
        " WHEN 'rejected' THEN decided_at IS NOT NULL AND entry_version IS NULL AND decided_by <> ''"
        " WHEN 'requested' THEN decided_at IS NULL AND entry_version IS NULL AND decided_by = ''"
        " WHEN 'expired' THEN decided_at IS NULL AND entry_version IS NULL AND decided_by = ''"
        " ELSE false END",
        name="state_fits",
    ),
    # Found by their id alone, and listed by it, which is in the order of time.
    sa.Index("ix_adjustments_program", "program_id", "adjustment_id"),
    sa.Index("ix_adjustments_open", "program_id", "adjustment_id", postgresql_where=sa.text("state = 'requested'")),
    sa.Index("ix_adjustments_overdue", "expires_at", postgresql_where=sa.text("state = 'requested'")),
)
