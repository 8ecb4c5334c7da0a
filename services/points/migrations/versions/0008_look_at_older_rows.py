"""Look whether older rows fulfil the conditions of 0005 and 0007, and make their indexes.

Apart, because it reads whole tables: those of before are open to everybody again, and reads go on. The indexes
are not made CONCURRENTLY, for the reason that 0002 gives; writes wait while each reads its table once, and finds no row
to hold.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Validates the conditions, and makes the indexes."""
    op.execute("ALTER TABLE returns VALIDATE CONSTRAINT ck_returns_matched_or_waiting")
    op.execute("ALTER TABLE entries VALIDATE CONSTRAINT ck_entries_one_cause")
    op.execute("ALTER TABLE entries VALIDATE CONSTRAINT ck_entries_approved_by_another")
    op.create_index(
        "ix_returns_awaited",
        "returns",
        ["awaited_purchase_id"],
        postgresql_where=sa.text("awaited_purchase_id IS NOT NULL"),
    )
    op.create_index(
        "uq_entries_adjustment",
        "entries",
        ["member_id", "adjustment_id"],
        unique=True,
        postgresql_where=sa.text("adjustment_id IS NOT NULL"),
    )
