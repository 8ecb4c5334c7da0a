"""Create accounts with their entries, lots and movements, and what is known of members."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "1"
down_revision = None


def upgrade() -> None:
    """Creates the tables."""
    create_accounts()
    create_entries()
    create_lots()
    create_lot_movements()
    create_standings()


def create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("posted", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("deficit", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("owed", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("version", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inactivity_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("deficit >= 0", name=op.f("ck_accounts_deficit_not_negative")),
        sa.CheckConstraint("posted + deficit >= 0", name=op.f("ck_accounts_lots_not_negative")),
        sa.CheckConstraint("owed >= 0", name=op.f("ck_accounts_owed_not_negative")),
        sa.CheckConstraint("version >= 0", name=op.f("ck_accounts_version_not_negative")),
        sa.PrimaryKeyConstraint("member_id", "wallet", name=op.f("pk_accounts")),
    )
    op.create_index(
        "ix_accounts_inactivity_due",
        "accounts",
        ["inactivity_due_at"],
        postgresql_where=sa.text("inactivity_due_at IS NOT NULL"),
    )


def create_entries() -> None:
    op.create_table(
        "entries",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("contra", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("balance_after", sa.BigInteger, nullable=False),
        sa.Column("purchase_id", sa.Uuid, nullable=True),
        sa.Column("return_id", sa.Uuid, nullable=True),
        sa.Column("hold_id", sa.Uuid, nullable=True),
        sa.Column("corrects_version", sa.BigInteger, nullable=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("earning", postgresql.JSONB, nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("adjustment_id", sa.Uuid, nullable=True),
        sa.Column("approved_by", sa.Text, server_default="", nullable=False),
        sa.Column("transfer_id", sa.Uuid, nullable=True),
        sa.Column("qualifying", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("activity_id", sa.Uuid, nullable=True),
        sa.Column("counted", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("inactivity_days", sa.Integer, nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "CASE WHEN adjustment_id IS NULL THEN approved_by = '' ELSE kind = 'adjustment' AND"
            " approved_by <> '' AND approved_by <> actor END",
            name=op.f("ck_entries_approved_by_another"),
        ),
        sa.CheckConstraint(
            "NOT counted OR kind IN ('earn', 'spend', 'return', 'adjustment', 'transfer_out', 'transfer_in')",
            name=op.f("ck_entries_counted_may_count"),
        ),
        sa.CheckConstraint(
            "CASE kind WHEN 'expiry' THEN inactivity_days > 0 ELSE inactivity_days IS NULL END",
            name=op.f("ck_entries_inactivity_of_expiry"),
        ),
        sa.CheckConstraint(
            "CASE kind WHEN 'earn' THEN amount > 0 AND contra = 'issued' AND"
            " num_nonnulls(purchase_id, activity_id) = 1 WHEN 'return' THEN amount < 0 AND contra"
            " = 'issued' AND return_id IS NOT NULL WHEN 'recovery' THEN amount < 0 AND contra ="
            " 'issued' WHEN 'spend' THEN amount < 0 AND contra = 'spent' AND hold_id IS NOT NULL"
            " WHEN 'reversal' THEN amount > 0 AND contra = 'spent' AND corrects_version IS NOT"
            " NULL WHEN 'expiry' THEN amount < 0 AND contra = 'expired' WHEN 'adjustment' THEN"
            " contra = 'adjusted' AND reason <> '' AND actor <> '' WHEN 'transfer_out' THEN amount"
            " < 0 AND contra = 'transferred' AND transfer_id IS NOT NULL WHEN 'transfer_in' THEN"
            " amount > 0 AND contra = 'transferred' AND transfer_id IS NOT NULL WHEN"
            " 'transfer_back' THEN amount > 0 AND contra = 'transferred' AND transfer_id IS NOT"
            " NULL AND corrects_version IS NOT NULL ELSE false END",
            name=op.f("ck_entries_kind_fits"),
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_entries_moves_something")),
        sa.CheckConstraint(
            "num_nonnulls(purchase_id, return_id, hold_id, adjustment_id, transfer_id, activity_id) <= 1",
            name=op.f("ck_entries_one_cause"),
        ),
        sa.CheckConstraint("NOT qualifying OR kind = 'adjustment'", name=op.f("ck_entries_qualifying_by_hand")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_entries_version_from_one")),
        sa.ForeignKeyConstraint(
            ["member_id", "wallet"],
            ["accounts.member_id", "accounts.wallet"],
            name=op.f("fk_entries_member_id_wallet_accounts"),
        ),
        sa.PrimaryKeyConstraint("member_id", "wallet", "version", name=op.f("pk_entries")),
    )
    op.create_index(
        "ix_entries_recorded",
        "entries",
        ["recorded_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
    op.create_index(
        "uq_entries_adjustment",
        "entries",
        ["member_id", "adjustment_id"],
        unique=True,
        postgresql_where=sa.text("adjustment_id IS NOT NULL"),
    )
    op.create_index(
        "uq_entries_transfer",
        "entries",
        ["member_id", "transfer_id", "kind"],
        unique=True,
        postgresql_where=sa.text("transfer_id IS NOT NULL"),
    )


def create_lots() -> None:
    op.create_table(
        "lots",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("lot_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("purchase_id", sa.Uuid, nullable=True),
        sa.Column("rule_id", sa.Uuid, nullable=True),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("remaining", sa.BigInteger, nullable=False),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.Column("lapsed", sa.BigInteger, nullable=False),
        sa.Column("forgiven", sa.BigInteger, nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("activity_id", sa.Uuid, nullable=True),
        sa.Column("inactivity_days", sa.Integer, nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("expires_at > available_at", name=op.f("ck_lots_expires_after_available")),
        sa.CheckConstraint("forgiven BETWEEN 0 AND lapsed", name=op.f("ck_lots_forgiven_within_lapsed")),
        sa.CheckConstraint("held BETWEEN 0 AND remaining", name=op.f("ck_lots_held_within_remaining")),
        sa.CheckConstraint("inactivity_days > 0", name=op.f("ck_lots_inactivity_days_positive")),
        sa.CheckConstraint("lapsed = 0 OR expires_at IS NOT NULL", name=op.f("ck_lots_lapsed_at_its_end")),
        sa.CheckConstraint("lapsed BETWEEN 0 AND units", name=op.f("ck_lots_lapsed_within_units")),
        sa.CheckConstraint("remaining BETWEEN 0 AND units", name=op.f("ck_lots_remaining_within_units")),
        sa.CheckConstraint("units > 0", name=op.f("ck_lots_units_positive")),
        sa.ForeignKeyConstraint(
            ["member_id", "wallet"],
            ["accounts.member_id", "accounts.wallet"],
            name=op.f("fk_lots_member_id_wallet_accounts"),
        ),
        sa.PrimaryKeyConstraint("member_id", "wallet", "lot_id", name=op.f("pk_lots")),
    )
    op.create_index(
        "ix_lots_lapsing",
        "lots",
        ["expires_at"],
        postgresql_where=sa.text("remaining > held AND expires_at IS NOT NULL"),
    )
    op.create_index("ix_lots_open", "lots", ["member_id", "wallet"], postgresql_where=sa.text("remaining > 0"))
    op.create_index(
        "ix_lots_purchase", "lots", ["member_id", "purchase_id"], postgresql_where=sa.text("purchase_id IS NOT NULL")
    )


def create_lot_movements() -> None:
    op.create_table(
        "lot_movements",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("movement_id", sa.Uuid, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("entry_version", sa.BigInteger, nullable=False),
        sa.Column("lot_id", sa.Uuid, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("units <> 0", name=op.f("ck_lot_movements_moves_something")),
        sa.PrimaryKeyConstraint("member_id", "movement_id", name=op.f("pk_lot_movements")),
    )


def create_standings() -> None:
    op.create_table(
        "standings",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("member_version", sa.BigInteger, nullable=False),
        sa.Column("tier", sa.Text, server_default="", nullable=False),
        sa.Column("segments", postgresql.ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("attributes", postgresql.JSONB, server_default="{}", nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("jsonb_typeof(attributes) = 'object'", name=op.f("ck_standings_attributes")),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'earn_only', 'terminated')", name=op.f("ck_standings_status")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_standings")),
    )
