"""Let members give points to one another.

New tables, and columns that may be empty: no row is rewritten. The new conditions of entries hold from here on; 0014
looks at the rows that were there before, and makes the index. They allow more than those that they replace, so old code
goes on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"


def instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Adds the tables, the columns and the conditions."""
    create_transfers()
    create_transfer_arrivals()
    change_entries()
    op.add_column("program_settings", sa.Column("transfers", postgresql.JSONB, nullable=True))


def change_entries() -> None:
    op.add_column("entries", sa.Column("transfer_id", sa.Uuid, nullable=True))
    op.drop_constraint("ck_entries_one_cause", "entries")
    op.create_check_constraint(
        op.f("ck_entries_one_cause"),
        "entries",
        "num_nonnulls(purchase_id, return_id, hold_id, adjustment_id, transfer_id) <= 1",
        postgresql_not_valid=True,
    )
    op.drop_constraint("ck_entries_kind_fits", "entries")
    op.create_check_constraint(
        op.f("ck_entries_kind_fits"),
        "entries",
        "CASE kind WHEN 'earn' THEN amount > 0 AND contra = 'issued' AND purchase_id IS NOT NULL"
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


def create_transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("transfer_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("recipient_id", sa.Uuid, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("parts", postgresql.JSONB, nullable=False),
        sa.Column("sent_version", sa.BigInteger, nullable=False),
        instant("sent_at"),
        sa.Column("sent_on", sa.Date, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        instant("ended_at", nullable=True),
        sa.Column("returned_version", sa.BigInteger, nullable=True),
        instant("lease_until", nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfers_amount_positive")),
        sa.CheckConstraint("recipient_id <> member_id", name=op.f("ck_transfers_to_another")),
        sa.CheckConstraint("state IN ('sent', 'done', 'returned')", name=op.f("ck_transfers_state")),
        sa.CheckConstraint("(state = 'sent') = (ended_at IS NULL)", name=op.f("ck_transfers_sent_until_ended")),
        sa.CheckConstraint("(state = 'sent') = (lease_until IS NOT NULL)", name=op.f("ck_transfers_lease_while_sent")),
        sa.CheckConstraint(
            "(state = 'returned') = (returned_version IS NOT NULL)", name=op.f("ck_transfers_returned_with_entry")
        ),
        sa.PrimaryKeyConstraint("member_id", "transfer_id", name=op.f("pk_transfers")),
    )
    op.create_index("ix_transfers_program", "transfers", ["program_id", "transfer_id"])
    op.create_index("ix_transfers_recipient", "transfers", ["recipient_id", "transfer_id"])
    op.create_index("ix_transfers_day", "transfers", ["member_id", "wallet", "sent_on"])
    op.create_index(
        "ix_transfers_lease_until", "transfers", ["lease_until"], postgresql_where=sa.text("lease_until IS NOT NULL")
    )


def create_transfer_arrivals() -> None:
    op.create_table(
        "transfer_arrivals",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("transfer_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("sender_id", sa.Uuid, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("entry_version", sa.BigInteger, nullable=True),
        instant("arrived_at"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_arrivals_amount_positive")),
        sa.CheckConstraint("sender_id <> member_id", name=op.f("ck_transfer_arrivals_from_another")),
        sa.PrimaryKeyConstraint("member_id", "transfer_id", name=op.f("pk_transfer_arrivals")),
    )
