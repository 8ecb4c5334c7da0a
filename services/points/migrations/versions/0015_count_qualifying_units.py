"""Count qualifying units apart from those that are spent.

A new table, empty until a rule whose points qualify is activated. Code that does not know of them would give without
counting, so such rules are activated once every process is of this release.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "qualifying_movements",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("movement_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("purchase_id", sa.Uuid, nullable=False),
        sa.Column("rule_id", sa.Uuid, nullable=False),
        sa.Column("return_id", sa.Uuid, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "CASE WHEN return_id IS NULL THEN units > 0 ELSE units < 0 END",
            name=op.f("ck_qualifying_movements_direction"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id", "wallet"],
            ["accounts.member_id", "accounts.wallet"],
            name=op.f("fk_qualifying_movements_member_id_wallet_accounts"),
        ),
        sa.PrimaryKeyConstraint("member_id", "movement_id", name=op.f("pk_qualifying_movements")),
    )
    op.create_index(
        "ix_qualifying_movements_sums",
        "qualifying_movements",
        ["member_id", "wallet", "occurred_at"],
        postgresql_include=["units"],
    )
