"""Name the callers of API keys.

A key that is replaced hands its caller to the next one. A key without a name is the first of its caller, so no row has
to change, and code that knows no callers goes on making such keys.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the column."""
    op.add_column("api_keys", sa.Column("caller_id", sa.Uuid, nullable=True))
