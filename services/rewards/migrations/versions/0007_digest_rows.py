"""Give rows a digest of what they say, by which the checker notices changes by other means than the service's.

Null in older rows until `migrate`, which runs this, has filled them. A column that may be null is added at once.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = (
    "member_statuses",
    "outbox",
    "redemption_counts",
    "redemptions",
    "reward_stocks",
    "rewards",
    "stock_movements",
    "stored_answers",
    "voucher_codes",
    "vouchers",
)


def upgrade() -> None:
    """Adds the columns."""
    for table in TABLES:
        op.add_column(table, sa.Column("row_digest", sa.LargeBinary))
