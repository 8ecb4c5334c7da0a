"""Give rows a digest of what they say, by which the checker notices changes by other means than the service's.

Null in older rows until `migrate`, which runs this, has filled them. A column that may be null is added at once.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"

TABLES = (
    "accounts",
    "activities",
    "adjustments",
    "budget_counters",
    "budget_movements",
    "cap_counters",
    "cap_movements",
    "earning_rules",
    "entries",
    "hold_parts",
    "holds",
    "lot_movements",
    "lots",
    "outbox",
    "pending_activities",
    "program_settings",
    "purchase_claims",
    "purchases",
    "qualifying_movements",
    "rehearsals",
    "return_matches",
    "returns",
    "standings",
    "stored_answers",
    "transfer_arrivals",
    "transfers",
)


def upgrade() -> None:
    """Adds the columns."""
    for table in TABLES:
        op.add_column(table, sa.Column("row_digest", sa.LargeBinary))
