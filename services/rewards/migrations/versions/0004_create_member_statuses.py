"""Create what is known of members."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "member_statuses",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'earn_only', 'terminated')", name=op.f("ck_member_statuses_status")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_statuses")),
    )
