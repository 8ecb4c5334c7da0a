"""Let activities earn: what members do that is no purchase.

A new table, and columns that may be empty: no row is rewritten. The new conditions of entries and of what moves limits
hold from here on; 0021 looks at the rows that were there before. They allow more than those that they replace, so old
code goes on. Code that does not know of activities would read a rule that one triggers as a strange one, so such rules
are activated once every process is of this release.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Adds the table, the columns and the conditions."""
    create_activities()
    op.add_column("lots", sa.Column("activity_id", sa.Uuid, nullable=True))
    change_entries()
    for table in ("cap_movements", "budget_movements"):
        change_movements(table)
    change_qualifying()


def create_activities() -> None:
    op.create_table(
        "activities",
        *(sa.Column(name, sa.Uuid, nullable=False) for name in ("activity_id", "program_id", "member_id")),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("kind", "name", "source", "activity_key", "store_id", "cashier_id")
        ),
        sa.Column("attributes", postgresql.JSONB, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("points_earned", sa.BigInteger, nullable=False),
        *(sa.Column(name, postgresql.JSONB, nullable=False) for name in ("earnings", "account_after", "digests")),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('event', 'visit', 'enrolment', 'birthday', 'referral')", name=op.f("ck_activities_kind")
        ),
        sa.CheckConstraint("(kind = 'event') = (name <> '')", name=op.f("ck_activities_events_have_names")),
        sa.CheckConstraint("points_earned >= 0", name=op.f("ck_activities_points_not_negative")),
        sa.PrimaryKeyConstraint("activity_id", name=op.f("pk_activities")),
    )


def change_entries() -> None:
    op.add_column("entries", sa.Column("activity_id", sa.Uuid, nullable=True))
    op.drop_constraint("ck_entries_one_cause", "entries")
    op.create_check_constraint(
        op.f("ck_entries_one_cause"),
        "entries",
        "num_nonnulls(purchase_id, return_id, hold_id, adjustment_id, transfer_id, activity_id) <= 1",
        postgresql_not_valid=True,
    )
    op.drop_constraint("ck_entries_kind_fits", "entries")
    op.create_check_constraint(
        op.f("ck_entries_kind_fits"),
        "entries",
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
        postgresql_not_valid=True,
    )


def change_qualifying() -> None:
    op.add_column("qualifying_movements", sa.Column("activity_id", sa.Uuid, nullable=True))
    op.drop_constraint("ck_qualifying_movements_caused", "qualifying_movements")
    op.create_check_constraint(
        op.f("ck_qualifying_movements_caused"),
        "qualifying_movements",
        "num_nonnulls(purchase_id, entry_version, activity_id) = 1 AND (return_id IS NULL OR purchase_id IS NOT NULL)",
        postgresql_not_valid=True,
    )


def change_movements(table: str) -> None:
    op.add_column(table, sa.Column("activity_id", sa.Uuid, nullable=True))
    op.alter_column(table, "purchase_id", nullable=True)
    op.drop_constraint(f"ck_{table}_caused", table)
    op.create_check_constraint(
        op.f(f"ck_{table}_caused"),
        table,
        "cause_id = coalesce(return_id, purchase_id, activity_id) AND num_nonnulls(purchase_id, activity_id) = 1",
        postgresql_not_valid=True,
    )
