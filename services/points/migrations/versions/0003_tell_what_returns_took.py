"""Tell of each return what it took of each rule's earning.

What is left of an earning can no longer be told from the goods alone: some rules give more for less. Older returns stay
without; for them it can.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds a column that may be empty: no row is rewritten, and old code need not know it."""
    op.add_column("returns", sa.Column("taken_by_rule", postgresql.JSONB, nullable=True))
