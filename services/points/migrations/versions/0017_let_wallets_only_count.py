"""Let a program name wallets whose units are neither spent nor transferred.

A column with a default that is no row's own: nothing is rewritten.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Adds the column."""
    op.add_column(
        "program_settings",
        sa.Column("unspendable_wallets", postgresql.ARRAY(sa.Text), nullable=False, server_default="{}"),
    )
