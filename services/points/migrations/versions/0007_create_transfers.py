"""Create transfers of points between members."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "7"
down_revision = "6"


def upgrade() -> None:
    """Creates the tables."""
    create_transfers()
    create_transfer_arrivals()


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
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_on", sa.Date, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_version", sa.BigInteger, nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfers_amount_positive")),
        sa.CheckConstraint("(state = 'sent') = (lease_until IS NOT NULL)", name=op.f("ck_transfers_lease_while_sent")),
        sa.CheckConstraint(
            "(state = 'returned') = (returned_version IS NOT NULL)", name=op.f("ck_transfers_returned_with_entry")
        ),
        sa.CheckConstraint("(state = 'sent') = (ended_at IS NULL)", name=op.f("ck_transfers_sent_until_ended")),
        sa.CheckConstraint("state IN ('sent', 'done', 'returned')", name=op.f("ck_transfers_state")),
        sa.CheckConstraint("recipient_id <> member_id", name=op.f("ck_transfers_to_another")),
        sa.PrimaryKeyConstraint("member_id", "transfer_id", name=op.f("pk_transfers")),
    )
    op.create_index("ix_transfers_day", "transfers", ["member_id", "wallet", "sent_on"])
    op.create_index(
        "ix_transfers_lease_until", "transfers", ["lease_until"], postgresql_where=sa.text("lease_until IS NOT NULL")
    )
    op.create_index("ix_transfers_program", "transfers", ["program_id", "transfer_id"])
    op.create_index("ix_transfers_recipient", "transfers", ["recipient_id", "transfer_id"])
    op.create_index(
        "ix_transfers_sent", "transfers", ["sent_at"], postgresql_using="brin", postgresql_with={"autosummarize": "on"}
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
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_arrivals_amount_positive")),
        sa.CheckConstraint("sender_id <> member_id", name=op.f("ck_transfer_arrivals_from_another")),
        sa.PrimaryKeyConstraint("member_id", "transfer_id", name=op.f("pk_transfer_arrivals")),
    )
    op.create_index(
        "ix_transfer_arrivals_arrived",
        "transfer_arrivals",
        ["arrived_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
