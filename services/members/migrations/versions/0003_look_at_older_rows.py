"""Look whether older rows fulfil the conditions of 0002.

Apart, because it reads whole tables: those of before are open to everybody again, and reads and writes go on.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

CONDITIONS = (
    ("members", "tier"),
    ("members", "segments"),
    ("members", "attributes"),
    ("member_changes", "kind"),
    ("member_changes", "traits_told"),
)


def upgrade() -> None:
    """Validates the conditions."""
    for table, name in CONDITIONS:
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")
