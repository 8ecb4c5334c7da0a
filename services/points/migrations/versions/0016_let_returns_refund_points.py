"""Let returns give back the points that the goods were paid with.

Columns that may be empty or have a constant default, so that no row is rewritten. 0019 looks at the rows that were
there before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Adds the columns and their condition."""
    op.add_column("returns", sa.Column("points_restored", sa.BigInteger, server_default="0", nullable=False))
    op.add_column("returns", sa.Column("refunds", postgresql.JSONB, nullable=True))
    op.create_check_constraint(
        op.f("ck_returns_refunds_restore"),
        "returns",
        "CASE WHEN refunds IS NULL THEN points_restored = 0 ELSE points_restored > 0 AND member_id IS NOT NULL END",
        postgresql_not_valid=True,
    )
