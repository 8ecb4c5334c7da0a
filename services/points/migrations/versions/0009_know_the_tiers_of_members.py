"""Know the tiers of members.

`members` announces them with the status. A constant default rewrites no row, and code that knows no tiers leaves it
alone.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds a column with a default."""
    op.add_column("standings", sa.Column("tier", sa.Text, nullable=False, server_default=""))
