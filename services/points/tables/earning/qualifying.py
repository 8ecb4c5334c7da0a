"""Qualifying units: what counts towards tiers, beside the points and whatever becomes of them."""

from __future__ import annotations

import sqlalchemy as sa

from kit.row_digests import row_digest_column
from services.points.tables.base import instant, metadata

# A movement's id is made from its cause and the rule, so that it is their uniqueness too: an earning counts once, a
# return takes of it once, and so does an adjustment by hand, which its entry names.
qualifying_movements = sa.Table(
    "qualifying_movements",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("movement_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("wallet", sa.Text, nullable=False),
    sa.Column("units", sa.BigInteger, nullable=False),
    # When the purchase or the activity occurred, also of what a return takes; of an adjustment, when it was posted.
    instant("occurred_at"),
    sa.Column("purchase_id", sa.Uuid),
    sa.Column("rule_id", sa.Uuid),
    sa.Column("return_id", sa.Uuid),
    sa.Column("entry_version", sa.BigInteger),
    instant("recorded_at"),
    sa.Column("activity_id", sa.Uuid),
    row_digest_column(),
    sa.ForeignKeyConstraint(["member_id", "wallet"], ["accounts.member_id", "accounts.wallet"]),
    sa.CheckConstraint(
        "CASE WHEN return_id IS NOT NULL THEN units < 0 WHEN entry_version IS NULL THEN units > 0 ELSE units <> 0 END",
        name="direction",
    ),
    sa.CheckConstraint(
        "num_nonnulls(purchase_id, entry_version, activity_id) = 1 AND (return_id IS NULL OR purchase_id IS NOT NULL)",
        name="caused",
    ),
    sa.CheckConstraint("(rule_id IS NULL) = (entry_version IS NOT NULL)", name="by_rule_or_by_hand"),
    # Sums over windows of time are read from it alone.
    sa.Index("ix_qualifying_movements_sums", "member_id", "wallet", "occurred_at", postgresql_include=["units"]),
    sa.Index(
        "ix_qualifying_movements_recorded",
        "recorded_at",
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    ),
)
