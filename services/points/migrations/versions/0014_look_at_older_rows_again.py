"""Look whether older rows fulfil the conditions of 0010 and 0013, and index what entries say of transfers.

Apart, because it reads whole tables: those of before are open to everybody again, and reads go on. The index is not
made CONCURRENTLY, for the reason that 0002 gives; writes wait while it reads the table once, and finds no row to hold.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Validates the conditions, and makes the index."""
    op.execute("ALTER TABLE holds VALIDATE CONSTRAINT ck_holds_reversed_within_captured")
    op.execute("ALTER TABLE hold_parts VALIDATE CONSTRAINT ck_hold_parts_reversed_within_captured")
    op.execute("ALTER TABLE entries VALIDATE CONSTRAINT ck_entries_one_cause")
    op.execute("ALTER TABLE entries VALIDATE CONSTRAINT ck_entries_kind_fits")
    op.create_index(
        "uq_entries_transfer",
        "entries",
        ["member_id", "transfer_id", "kind"],
        unique=True,
        postgresql_where=sa.text("transfer_id IS NOT NULL"),
    )
