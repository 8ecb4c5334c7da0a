"""Index purchases by member and returns by sale, and validate the conditions of 0031.

Goods that a sale takes back are sought among the member's purchases. Reads go on while the indexes are made; writes of
purchases wait for one reading of the table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

CONSTRAINTS = (
    "fk_returns_within_purchase_id_purchases",
    "ck_returns_unmatched_takes_nothing",
    "ck_returns_valued_within_sale",
)


def upgrade() -> None:
    """Validates the conditions and creates the indexes."""
    for name in CONSTRAINTS:
        op.execute(f"ALTER TABLE returns VALIDATE CONSTRAINT {name}")
    within = sa.text("within_purchase_id IS NOT NULL")
    op.create_index("ix_returns_within", "returns", ["within_purchase_id"], postgresql_where=within)
    known = sa.text("member_id IS NOT NULL")
    op.create_index("ix_purchases_member", "purchases", ["member_id", "occurred_at"], postgresql_where=known)
    op.create_index("ix_purchase_claims_member", "purchase_claims", ["member_id"])
