"""Let points lapse when their owner has not been active for a while.

Columns that may be empty or have a constant default: no row is rewritten. The new conditions hold from here on; 0024
looks at the rows that were there before, and makes the index. Old code goes on: what it writes meanwhile is not noted
as activity.

Nothing is counted in hindsight. Lots that lapse for inactivity come later than this, and last from when they can be
spent at the least.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Adds the columns and the conditions."""
    op.add_column("accounts", sa.Column("active_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("accounts", sa.Column("inactivity_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("entries", sa.Column("counted", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("entries", sa.Column("inactivity_days", sa.Integer, nullable=True))
    op.add_column("lots", sa.Column("inactivity_days", sa.Integer, nullable=True))
    op.add_column("program_settings", sa.Column("inactivity_activities", postgresql.JSONB, nullable=True))
    for table, name, condition in CONDITIONS:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition, postgresql_not_valid=True)


CONDITIONS = (
    (
        "entries",
        "counted_may_count",
        "NOT counted OR kind IN ('earn', 'spend', 'return', 'adjustment', 'transfer_out', 'transfer_in')",
    ),
    (
        "entries",
        "inactivity_of_expiry",
        "CASE kind WHEN 'expiry' THEN inactivity_days > 0 ELSE inactivity_days IS NULL END",
    ),
    ("lots", "inactivity_days_positive", "inactivity_days > 0"),
    ("lots", "lapsed_at_its_end", "lapsed = 0 OR expires_at IS NOT NULL"),
)
