"""Let adjustments by hand give and take qualifying units.

Columns with a default that is no row's own, and columns that may be empty: no row is rewritten. The new condition of
entries holds from here on; 0019 looks at the rows that were there before. Those of qualifying units are few as yet.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Adds the columns and the conditions."""
    for table in ("adjustments", "entries"):
        op.add_column(table, sa.Column("qualifying", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_check_constraint(
        op.f("ck_entries_qualifying_by_hand"),
        "entries",
        "NOT qualifying OR kind = 'adjustment'",
        postgresql_not_valid=True,
    )
    change_qualifying_movements()


def change_qualifying_movements() -> None:
    table = "qualifying_movements"
    op.add_column(table, sa.Column("entry_version", sa.BigInteger, nullable=True))
    op.alter_column(table, "purchase_id", nullable=True)
    op.alter_column(table, "rule_id", nullable=True)
    op.drop_constraint("ck_qualifying_movements_direction", table)
    op.create_check_constraint(
        op.f("ck_qualifying_movements_direction"),
        table,
        "CASE WHEN return_id IS NOT NULL THEN units < 0 WHEN entry_version IS NULL THEN units > 0 ELSE units <> 0 END",
    )
    op.create_check_constraint(
        op.f("ck_qualifying_movements_caused"),
        table,
        "num_nonnulls(purchase_id, entry_version) = 1 AND (return_id IS NULL OR purchase_id IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_qualifying_movements_by_rule_or_by_hand"), table, "(rule_id IS NULL) = (entry_version IS NOT NULL)"
    )
