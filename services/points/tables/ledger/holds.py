"""Points that are set aside, and from which lots."""

from __future__ import annotations

import sqlalchemy as sa

from kit.row_digests import row_digest_column
from services.points.tables.base import instant, metadata

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("hold_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("wallet", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("captured", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    instant("placed_at"),
    instant("expires_at"),
    instant("ended_at", nullable=True),
    sa.Column("captured_version", sa.BigInteger),
    # Of what was captured, what has been given back; the time is that of the last. Earlier ones have a time alone.
    sa.Column("reversed", sa.BigInteger, nullable=False, server_default="0"),
    instant("reversed_at", nullable=True),
    row_digest_column(),
    sa.ForeignKeyConstraint(["member_id", "wallet"], ["accounts.member_id", "accounts.wallet"]),
    sa.CheckConstraint("amount > 0", name="amount_positive"),
    sa.CheckConstraint("state IN ('open', 'captured', 'released', 'expired')", name="state"),
    sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="open_until_ended"),
    sa.CheckConstraint(
        "CASE state WHEN 'captured' THEN captured BETWEEN 1 AND amount AND captured_version IS NOT NULL"
        " ELSE captured = 0 AND captured_version IS NULL AND reversed_at IS NULL END",
        name="captured_fits",
    ),
    sa.CheckConstraint("reversed BETWEEN 0 AND captured", name="reversed_within_captured"),
    sa.Index("ix_holds_open", "member_id", "wallet", postgresql_where=sa.text("state = 'open'")),
    # A return may know what was paid with, and not by whom.
    sa.Index("ix_holds_program", "program_id", "hold_id"),
    # What was held at an instant; holds lie on disk in about the order in which they end.
    sa.Index("ix_holds_expires", "expires_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
    sa.Index("ix_holds_overdue", "expires_at", postgresql_where=sa.text("state = 'open'")),
)

hold_parts = sa.Table(
    "hold_parts",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("hold_id", sa.Uuid, primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True),
    sa.Column("lot_id", sa.Uuid, nullable=False),
    sa.Column("units", sa.BigInteger, nullable=False),
    sa.Column("captured", sa.BigInteger, nullable=False),
    sa.CheckConstraint("units > 0", name="units_positive"),
    sa.Column("reversed", sa.BigInteger, nullable=False, server_default="0"),
    row_digest_column(),
    sa.CheckConstraint("captured BETWEEN 0 AND units", name="captured_within_units"),
    sa.CheckConstraint("reversed BETWEEN 0 AND captured", name="reversed_within_captured"),
)
