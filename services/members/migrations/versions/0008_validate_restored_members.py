"""Validate the conditions of 0007 on older rows.

Apart, because it reads the whole table: reads and writes go on.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

CONDITIONS = ("kind", "traits_told", "status_has_reason")


def upgrade() -> None:
    """Validates the conditions."""
    for name in CONDITIONS:
        op.execute(f"ALTER TABLE member_changes VALIDATE CONSTRAINT ck_member_changes_{name}")
