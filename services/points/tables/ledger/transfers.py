"""Points that members give to one another: the sender's side, and what the recipient's side decided."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from kit.row_digests import row_digest_column
from services.points.tables.base import instant, lease, metadata

transfers = sa.Table(
    "transfers",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("transfer_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("wallet", sa.Text, nullable=False),
    sa.Column("recipient_id", sa.Uuid, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("parts", JSONB, nullable=False),
    sa.Column("sent_version", sa.BigInteger, nullable=False),
    instant("sent_at"),
    sa.Column("sent_on", sa.Date, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    instant("ended_at", nullable=True),
    sa.Column("returned_version", sa.BigInteger),
    # Until then somebody is at work on it; past that, whoever looks takes it over.
    lease(nullable=True),
    row_digest_column(),
    sa.CheckConstraint("amount > 0", name="amount_positive"),
    sa.CheckConstraint("recipient_id <> member_id", name="to_another"),
    sa.CheckConstraint("state IN ('sent', 'done', 'returned')", name="state"),
    sa.CheckConstraint("(state = 'sent') = (ended_at IS NULL)", name="sent_until_ended"),
    sa.CheckConstraint("(state = 'sent') = (lease_until IS NOT NULL)", name="lease_while_sent"),
    sa.CheckConstraint("(state = 'returned') = (returned_version IS NOT NULL)", name="returned_with_entry"),
    sa.Index("ix_transfers_program", "program_id", "transfer_id"),
    sa.Index("ix_transfers_recipient", "recipient_id", "transfer_id"),
    # What an account has sent on a day.
    sa.Index("ix_transfers_day", "member_id", "wallet", "sent_on"),
    sa.Index("ix_transfers_lease_until", "lease_until", postgresql_where=sa.text("lease_until IS NOT NULL")),
    sa.Index("ix_transfers_sent", "sent_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)

# Written once: whether the recipient's account was credited. By this alone the sender's side ends.
transfer_arrivals = sa.Table(
    "transfer_arrivals",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("transfer_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("wallet", sa.Text, nullable=False),
    sa.Column("sender_id", sa.Uuid, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    # The entry that credited it; null where it was refused.
    sa.Column("entry_version", sa.BigInteger),
    instant("arrived_at"),
    row_digest_column(),
    sa.CheckConstraint("amount > 0", name="amount_positive"),
    sa.CheckConstraint("sender_id <> member_id", name="from_another"),
    sa.Index(
        "ix_transfer_arrivals_arrived", "arrived_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}
    ),
)
