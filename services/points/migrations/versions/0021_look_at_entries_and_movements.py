"""Look whether older entries, and what moved limits and qualifying units, fulfil the conditions of 0020.

Apart, because it reads whole tables: in a transaction of its own it keeps nobody from writing.
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Validates the conditions."""
    op.execute("ALTER TABLE entries VALIDATE CONSTRAINT ck_entries_one_cause")
    op.execute("ALTER TABLE entries VALIDATE CONSTRAINT ck_entries_kind_fits")
    op.execute("ALTER TABLE cap_movements VALIDATE CONSTRAINT ck_cap_movements_caused")
    op.execute("ALTER TABLE budget_movements VALIDATE CONSTRAINT ck_budget_movements_caused")
    op.execute("ALTER TABLE qualifying_movements VALIDATE CONSTRAINT ck_qualifying_movements_caused")
