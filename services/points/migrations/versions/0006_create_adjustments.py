"""Create adjustments that wait for approval."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "6"
down_revision = "5"


def upgrade() -> None:
    """Creates the table."""
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
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_caller", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text, nullable=False),
        sa.Column("entry_version", sa.BigInteger, nullable=True),
        sa.Column("qualifying", sa.Boolean, server_default=sa.text("false"), nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "reason <> '' AND requested_by <> '' AND requested_caller <> ''",
            name=op.f("ck_adjustments_asked_by_somebody"),
        ),
        sa.CheckConstraint(
            "expiry_days >= 0 AND (amount > 0 OR expiry_days = 0)", name=op.f("ck_adjustments_expiry_days_of_given")
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_adjustments_moves_something")),
        sa.CheckConstraint("expires_at > requested_at", name=op.f("ck_adjustments_open_for_a_while")),
        sa.CheckConstraint(
            "CASE state WHEN 'approved' THEN decided_at IS NOT NULL AND entry_version IS NOT NULL"
            " AND decided_by <> '' AND decided_by <> requested_by AND decided_caller <> '' AND"
            " decided_caller <> requested_caller WHEN 'rejected' THEN decided_at IS NOT NULL AND"
            " entry_version IS NULL AND decided_by <> '' WHEN 'requested' THEN decided_at IS NULL"
            " AND entry_version IS NULL AND decided_by = '' WHEN 'expired' THEN decided_at IS NULL"
            " AND entry_version IS NULL AND decided_by = '' ELSE false END",
            name=op.f("ck_adjustments_state_fits"),
        ),
        sa.PrimaryKeyConstraint("member_id", "adjustment_id", name=op.f("pk_adjustments")),
    )
    op.create_index(
        "ix_adjustments_open",
        "adjustments",
        ["program_id", "adjustment_id"],
        postgresql_where=sa.text("state = 'requested'"),
    )
    op.create_index(
        "ix_adjustments_overdue", "adjustments", ["expires_at"], postgresql_where=sa.text("state = 'requested'")
    )
    op.create_index("ix_adjustments_program", "adjustments", ["program_id", "adjustment_id"])
