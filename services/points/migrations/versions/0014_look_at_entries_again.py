"""Look whether older entries fulfil the conditions of 0013.

Apart, because it reads the whole table: in a transaction of its own it keeps nobody from writing.
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Validates the conditions."""
    op.execute("ALTER TABLE entries VALIDATE CONSTRAINT ck_entries_one_cause")
    op.execute("ALTER TABLE entries VALIDATE CONSTRAINT ck_entries_kind_fits")
