"""Create the projection of statuses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """What `members` announced, for lists."""
    op.create_table(
        "member_statuses",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'earn_only', 'terminated')", name=op.f("ck_member_statuses_status")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_statuses")),
    )
