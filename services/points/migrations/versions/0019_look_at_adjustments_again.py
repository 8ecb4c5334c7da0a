"""Look whether older entries fulfil the condition of 0018.

Apart, because it reads the whole table: in a transaction of its own it keeps nobody from writing.
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Validates the condition."""
    op.execute("ALTER TABLE entries VALIDATE CONSTRAINT ck_entries_qualifying_by_hand")
