"""Let a sale take goods back, as a return on its receipt.

Columns that may be empty, so that no row is rewritten. 0032 checks the rows that were there before and
makes the indexes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Adds the columns and their conditions."""
    op.add_column("returns", sa.Column("within_purchase_id", sa.Uuid, nullable=True))
    op.add_column("returns", sa.Column("valued", postgresql.JSONB, nullable=True))
    op.create_foreign_key(
        op.f("fk_returns_within_purchase_id_purchases"),
        "returns",
        "purchases",
        ["within_purchase_id"],
        ["purchase_id"],
        postgresql_not_valid=True,
    )
    op.drop_constraint(op.f("ck_returns_unmatched_takes_nothing"), "returns")
    op.create_check_constraint(
        op.f("ck_returns_unmatched_takes_nothing"),
        "returns",
        "purchase_id IS NOT NULL OR valued IS NOT NULL OR points_returned = 0",
        postgresql_not_valid=True,
    )
    op.create_check_constraint(
        op.f("ck_returns_valued_within_sale"),
        "returns",
        "valued IS NULL OR within_purchase_id IS NOT NULL AND member_id IS NOT NULL"
        " AND purchase_id IS NULL AND awaited_purchase_id IS NULL",
        postgresql_not_valid=True,
    )
