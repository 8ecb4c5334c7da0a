"""Let adjustments be asked for by one person and approved by another.

Columns that may be empty, or that code which does not know of them leaves at their default: no row is rewritten. The
new conditions of entries hold from here on; 0008 looks at the rows that were there before, and makes the index.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Adds the table, the columns and the conditions."""
    create_adjustments()
    op.add_column("entries", sa.Column("adjustment_id", sa.Uuid, nullable=True))
    op.add_column("entries", sa.Column("approved_by", sa.Text, server_default="", nullable=False))
    op.drop_constraint("ck_entries_one_cause", "entries")
    op.create_check_constraint(
        op.f("ck_entries_one_cause"),
        "entries",
        "num_nonnulls(purchase_id, return_id, hold_id, adjustment_id) <= 1",
        postgresql_not_valid=True,
    )
    op.create_check_constraint(
        op.f("ck_entries_approved_by_another"),
        "entries",
        "CASE WHEN adjustment_id IS NULL THEN approved_by = ''"
        " ELSE kind = 'adjustment' AND approved_by <> '' AND approved_by <> actor END",
        postgresql_not_valid=True,
    )
    op.add_column("program_settings", sa.Column("adjustment_limit", sa.BigInteger, nullable=True))
    op.create_check_constraint(
        op.f("ck_program_settings_adjustment_limit_not_negative"), "program_settings", "adjustment_limit >= 0"
    )


def create_adjustments() -> None:
    op.create_table(
        "adjustments",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("adjustment_id", sa.Uuid, nullable=False),
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
        sa.Column("entry_version", sa.BigInteger, nullable=True),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_adjustments_moves_something")),
        sa.CheckConstraint(
            "reason <> '' AND requested_by <> '' AND requested_caller <> ''",
            name=op.f("ck_adjustments_asked_by_somebody"),
        ),
        sa.CheckConstraint(
            "expiry_days >= 0 AND (amount > 0 OR expiry_days = 0)", name=op.f("ck_adjustments_expiry_days_of_given")
        ),
        sa.CheckConstraint("expires_at > requested_at", name=op.f("ck_adjustments_open_for_a_while")),
        sa.CheckConstraint(
            "CASE state WHEN 'approved' THEN decided_at IS NOT NULL AND entry_version IS NOT NULL"
            " AND decided_by <> '' AND decided_by <> requested_by"
            " AND decided_caller <> '' AND decided_caller <> requested_caller"
            " WHEN 'rejected' THEN decided_at IS NOT NULL AND entry_version IS NULL AND decided_by <> ''"
            " WHEN 'requested' THEN decided_at IS NULL AND entry_version IS NULL AND decided_by = ''"
            " WHEN 'expired' THEN decided_at IS NULL AND entry_version IS NULL AND decided_by = ''"
            " ELSE false END",
            name=op.f("ck_adjustments_state_fits"),
        ),
        sa.PrimaryKeyConstraint("member_id", "adjustment_id", name=op.f("pk_adjustments")),
    )
    op.create_index("ix_adjustments_program", "adjustments", ["program_id", "adjustment_id"])
    still_open = sa.text("state = 'requested'")
    op.create_index("ix_adjustments_open", "adjustments", ["program_id", "adjustment_id"], postgresql_where=still_open)
    op.create_index("ix_adjustments_overdue", "adjustments", ["expires_at"], postgresql_where=still_open)
