"""Say when a jar was opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """A jar that was opened is found by when that was."""
    op.add_column("jars", sa.Column("opened_at", sa.DateTime(timezone=True)))
    op.create_index("ix_jars_opened", "jars", ["opened_at"], postgresql_where=sa.text("opened_at IS NOT NULL"))
