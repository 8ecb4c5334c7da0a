"""Look whether older entries and lots fulfil the conditions of 0023, and make an index.

Apart, because it reads whole tables: reads go on, and writes of accounts wait while the index is made, which reads the
table once and finds no row to hold.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Validates the conditions, and makes the index."""
    op.execute("ALTER TABLE entries VALIDATE CONSTRAINT ck_entries_counted_may_count")
    op.execute("ALTER TABLE entries VALIDATE CONSTRAINT ck_entries_inactivity_of_expiry")
    op.execute("ALTER TABLE lots VALIDATE CONSTRAINT ck_lots_inactivity_days_positive")
    op.execute("ALTER TABLE lots VALIDATE CONSTRAINT ck_lots_lapsed_at_its_end")
    op.create_index(
        "ix_accounts_inactivity_due",
        "accounts",
        ["inactivity_due_at"],
        postgresql_where=sa.text("inactivity_due_at IS NOT NULL"),
    )
