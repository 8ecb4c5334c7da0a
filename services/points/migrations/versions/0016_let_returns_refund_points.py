"""Let returns give back the points that the goods were paid with.

Columns that may be empty or have a constant default, so that no row is rewritten; the condition holds for every row
that has the defaults, and is checked in passing.

Holds are found by their ids within the program from here on. The index is not built CONCURRENTLY, for the reason that
0002 gives: new holds wait for it, a second or so for each million of them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Adds the columns, their condition, and the index."""
    op.add_column("returns", sa.Column("points_restored", sa.BigInteger, server_default="0", nullable=False))
    op.add_column("returns", sa.Column("refunds", postgresql.JSONB, nullable=True))
    op.create_check_constraint(
        op.f("ck_returns_refunds_restore"),
        "returns",
        "CASE WHEN refunds IS NULL THEN points_restored = 0 ELSE points_restored > 0 AND member_id IS NOT NULL END",
    )
    op.create_index("ix_holds_program", "holds", ["program_id", "hold_id"])
