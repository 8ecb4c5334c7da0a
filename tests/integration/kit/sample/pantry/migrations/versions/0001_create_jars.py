"""Create jars."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    """A jar has a name and a weight."""
    op.create_table(
        "jars",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("label", sa.Text, nullable=False, server_default=sa.text("''")),
        sa.Column("grams", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jars"),
        sa.CheckConstraint("grams >= 0", name="grams_not_negative"),
    )
