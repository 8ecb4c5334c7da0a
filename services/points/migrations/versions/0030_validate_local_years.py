"""Validate the condition of 0029 on older activities. Apart, because it reads the whole table; writes go on."""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Validates the condition."""
    op.execute("ALTER TABLE activities VALIDATE CONSTRAINT ck_activities_local_year_of_birthday")
