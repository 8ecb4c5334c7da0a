"""Give rules keys: names for machines, unique in a program, that stay when the name for people changes.

Rules of before this have none; their key is made from their id when somebody asks.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds a column that may be empty, and an index on a small table: old code need know neither."""
    op.add_column("earning_rules", sa.Column("key", sa.Text, nullable=True))
    op.create_index(
        "uq_earning_rules_key",
        "earning_rules",
        ["program_id", "key"],
        unique=True,
        postgresql_where=sa.text("version = 1"),
    )
