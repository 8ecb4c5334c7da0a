"""Give rows a digest of what they say, by which the checker notices changes by other means than the service's.

Null in older rows until `migrate`, which runs this, has filled them. A column that may be null is added at once.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = (
    "api_keys",
    "identifiers",
    "member_changes",
    "member_identifiers",
    "members",
    "outbox",
    "programs",
    "stored_answers",
)


def upgrade() -> None:
    """Adds the columns."""
    for table in TABLES:
        op.add_column(table, sa.Column("row_digest", sa.LargeBinary))
