"""Let activities that were heard of wait until they are recorded.

A new table, empty until somebody enrols. Code that does not know of it hears of enrolments and notes none.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "pending_activities",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind = 'enrolment'", name=op.f("ck_pending_activities_kind")),
        sa.PrimaryKeyConstraint("member_id", "kind", name=op.f("pk_pending_activities")),
    )
    op.create_index("ix_pending_activities_occurred", "pending_activities", ["occurred_at", "member_id"])
