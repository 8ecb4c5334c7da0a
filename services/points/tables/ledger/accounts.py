"""Accounts and what is on them: entries, appended and never changed, and the lots that they move."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from kit.row_digests import row_digest_column
from services.points.tables.base import instant, metadata

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("wallet", sa.Text, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("posted", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("deficit", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("owed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="0"),
    # When the latest entry that counted as activity occurred, and when to look for lots that ended for want of any:
    # none ends before. The latter is moved on by whoever looks, and not by each activity, which would cost its index.
    instant("active_at", nullable=True),
    instant("inactivity_due_at", nullable=True),
    row_digest_column(),
    sa.Index(
        "ix_accounts_inactivity_due",
        "inactivity_due_at",
        postgresql_where=sa.text("inactivity_due_at IS NOT NULL"),
    ),
    sa.CheckConstraint("deficit >= 0", name="deficit_not_negative"),
    sa.CheckConstraint("owed >= 0", name="owed_not_negative"),
    sa.CheckConstraint("posted + deficit >= 0", name="lots_not_negative"),
    sa.CheckConstraint("version >= 0", name="version_not_negative"),
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("wallet", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("contra", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("balance_after", sa.BigInteger, nullable=False),
    sa.Column("purchase_id", sa.Uuid),
    sa.Column("return_id", sa.Uuid),
    sa.Column("hold_id", sa.Uuid),
    sa.Column("corrects_version", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("adjustment_id", sa.Uuid),
    sa.Column("approved_by", sa.Text, nullable=False, server_default=""),
    sa.Column("transfer_id", sa.Uuid),
    # Of an adjustment: whether as many qualifying units were given or taken with the points.
    sa.Column("qualifying", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("activity_id", sa.Uuid),
    sa.Column("earning", JSONB),
    instant("occurred_at"),
    instant("recorded_at"),
    # Whether it was activity of the account when it was made.
    sa.Column("counted", sa.Boolean, nullable=False, server_default=sa.false()),
    # Of an expiry for inactivity: how long there had been none.
    sa.Column("inactivity_days", sa.Integer),
    row_digest_column(),
    sa.ForeignKeyConstraint(["member_id", "wallet"], ["accounts.member_id", "accounts.wallet"]),
    sa.CheckConstraint(
        "NOT counted OR kind IN ('earn', 'spend', 'return', 'adjustment', 'transfer_out', 'transfer_in')",
        name="counted_may_count",
    ),
    sa.CheckConstraint(
        "CASE kind WHEN 'expiry' THEN inactivity_days > 0 ELSE inactivity_days IS NULL END",
        name="inactivity_of_expiry",
    ),
    sa.CheckConstraint("version >= 1", name="version_from_one"),
    sa.CheckConstraint("amount <> 0", name="moves_something"),
    sa.CheckConstraint(
        "CASE kind WHEN 'earn' THEN amount > 0 AND contra = 'issued'"
        " AND num_nonnulls(purchase_id, activity_id) = 1"
        " WHEN 'return' THEN amount < 0 AND contra = 'issued' AND return_id IS NOT NULL"
        " WHEN 'recovery' THEN amount < 0 AND contra = 'issued'"
        " WHEN 'spend' THEN amount < 0 AND contra = 'spent' AND hold_id IS NOT NULL"
        " WHEN 'reversal' THEN amount > 0 AND contra = 'spent' AND corrects_version IS NOT NULL"
        " WHEN 'expiry' THEN amount < 0 AND contra = 'expired'"
        " WHEN 'adjustment' THEN contra = 'adjusted' AND reason <> '' AND actor <> ''"
        " WHEN 'transfer_out' THEN amount < 0 AND contra = 'transferred' AND transfer_id IS NOT NULL"
        " WHEN 'transfer_in' THEN amount > 0 AND contra = 'transferred' AND transfer_id IS NOT NULL"
        " WHEN 'transfer_back' THEN amount > 0 AND contra = 'transferred' AND transfer_id IS NOT NULL"
        " AND corrects_version IS NOT NULL"
        " ELSE false END",
        name="kind_fits",
    ),
    sa.CheckConstraint(
        "num_nonnulls(purchase_id, return_id, hold_id, adjustment_id, transfer_id, activity_id) <= 1",
        name="one_cause",
    ),
    # Each side of a transfer is posted once.
    sa.Index(
        "uq_entries_transfer",
        "member_id",
        "transfer_id",
        "kind",
        unique=True,
        postgresql_where=sa.text("transfer_id IS NOT NULL"),
    ),
    sa.CheckConstraint(
        "CASE WHEN adjustment_id IS NULL THEN approved_by = ''"
        " ELSE kind = 'adjustment' AND approved_by <> '' AND approved_by <> actor END",
        name="approved_by_another",
    ),
    sa.CheckConstraint("NOT qualifying OR kind = 'adjustment'", name="qualifying_by_hand"),
    # A requested adjustment is posted once.
    sa.Index(
        "uq_entries_adjustment",
        "member_id",
        "adjustment_id",
        unique=True,
        postgresql_where=sa.text("adjustment_id IS NOT NULL"),
    ),
    # What was recorded since: entries lie on disk in the order of time, so a summary of blocks finds them, and an
    # insert pays next to nothing for it.
    sa.Index("ix_entries_recorded", "recorded_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)

lots = sa.Table(
    "lots",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("wallet", sa.Text, primary_key=True),
    sa.Column("lot_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("purchase_id", sa.Uuid),
    sa.Column("activity_id", sa.Uuid),
    sa.Column("rule_id", sa.Uuid),
    sa.Column("units", sa.BigInteger, nullable=False),
    sa.Column("remaining", sa.BigInteger, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.Column("lapsed", sa.BigInteger, nullable=False),
    sa.Column("forgiven", sa.BigInteger, nullable=False),
    instant("available_at"),
    instant("expires_at", nullable=True),
    # Ends when there has been no activity for so long; `expires_at` then says when that was.
    sa.Column("inactivity_days", sa.Integer),
    row_digest_column(),
    sa.ForeignKeyConstraint(["member_id", "wallet"], ["accounts.member_id", "accounts.wallet"]),
    sa.CheckConstraint("units > 0", name="units_positive"),
    sa.CheckConstraint("remaining BETWEEN 0 AND units", name="remaining_within_units"),
    sa.CheckConstraint("held BETWEEN 0 AND remaining", name="held_within_remaining"),
    sa.CheckConstraint("lapsed BETWEEN 0 AND units", name="lapsed_within_units"),
    sa.CheckConstraint("forgiven BETWEEN 0 AND lapsed", name="forgiven_within_lapsed"),
    sa.CheckConstraint("expires_at > available_at", name="expires_after_available"),
    sa.CheckConstraint("inactivity_days > 0", name="inactivity_days_positive"),
    sa.CheckConstraint("lapsed = 0 OR expires_at IS NOT NULL", name="lapsed_at_its_end"),
    # The lots that still hold something: what a balance, a spend and the expiry job look at.
    sa.Index("ix_lots_open", "member_id", "wallet", postgresql_where=sa.text("remaining > 0")),
    sa.Index("ix_lots_purchase", "member_id", "purchase_id", postgresql_where=sa.text("purchase_id IS NOT NULL")),
    sa.Index("ix_lots_lapsing", "expires_at", postgresql_where=sa.text("remaining > held AND expires_at IS NOT NULL")),
)

lot_movements = sa.Table(
    "lot_movements",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("movement_id", sa.Uuid, primary_key=True),
    sa.Column("wallet", sa.Text, nullable=False),
    sa.Column("entry_version", sa.BigInteger, nullable=False),
    sa.Column("lot_id", sa.Uuid, nullable=False),
    sa.Column("units", sa.BigInteger, nullable=False),
    row_digest_column(),
    sa.CheckConstraint("units <> 0", name="moves_something"),
)
