"""Look whether older standings fulfil the condition of 0026. Apart, because it reads the whole table; writes go on."""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Validates the condition."""
    op.execute("ALTER TABLE standings VALIDATE CONSTRAINT ck_standings_attributes")
