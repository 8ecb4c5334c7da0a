"""Reverse captures in parts.

How much of a captured hold has been given back, in all and lot by lot. `reversed_at` stays what it was: when the last
of it was. A capture that code of before has reversed has a time and no amount, and counts as given back whole. 0014
looks whether the conditions hold for the rows that are there.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Adds columns with a constant default, which rewrites no row."""
    for table in ("holds", "hold_parts"):
        op.add_column(table, sa.Column("reversed", sa.BigInteger, nullable=False, server_default="0"))
        op.create_check_constraint(
            "reversed_within_captured", table, "reversed BETWEEN 0 AND captured", postgresql_not_valid=True
        )
