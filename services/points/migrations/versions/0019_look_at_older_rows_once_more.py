"""Look whether older rows fulfil the conditions of 0016 and 0018, and index holds by their ids within the program.

Apart, because it reads whole tables: those of before are open to everybody again, and reads go on. The index is not
made CONCURRENTLY, for the reason that 0002 gives: new holds wait for it, a second or so for each million of them.
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Validates the conditions, and makes the index."""
    op.execute("ALTER TABLE returns VALIDATE CONSTRAINT ck_returns_refunds_restore")
    op.execute("ALTER TABLE entries VALIDATE CONSTRAINT ck_entries_qualifying_by_hand")
    op.create_index("ix_holds_program", "holds", ["program_id", "hold_id"])
