"""Create the catalogue of rewards and their stocks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    """Creates the tables."""
    create_rewards()
    create_reward_stocks()
    create_stock_movements()


def create_rewards() -> None:
    op.create_table(
        "rewards",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("reward_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("benefit_kind", sa.Text, nullable=False),
        sa.Column("benefit_amount_minor", sa.BigInteger, nullable=False),
        sa.Column("benefit_currency", sa.Text, nullable=False),
        sa.Column("benefit_basis_points", sa.Integer, nullable=False),
        sa.Column("benefit_sku", sa.Text, nullable=False),
        sa.Column("cost_points", sa.BigInteger, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("limit_per_member", sa.Integer, nullable=False),
        sa.Column("voucher_validity_days", sa.Integer, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "CASE benefit_kind WHEN 'fixed_discount' THEN benefit_amount_minor > 0 AND"
            " benefit_currency <> '' AND benefit_basis_points = 0 AND benefit_sku = '' WHEN"
            " 'percentage_discount' THEN benefit_basis_points BETWEEN 1 AND 10000 AND"
            " benefit_amount_minor = 0 AND benefit_currency = '' AND benefit_sku = '' WHEN"
            " 'free_product' THEN benefit_sku <> '' AND benefit_amount_minor = 0 AND"
            " benefit_currency = '' AND benefit_basis_points = 0 ELSE false END",
            name=op.f("ck_rewards_benefit"),
        ),
        sa.CheckConstraint("cost_points BETWEEN 1 AND 1000000000", name=op.f("ck_rewards_cost_points")),
        sa.CheckConstraint("ends_at >= starts_at", name=op.f("ck_rewards_ends_after_start")),
        sa.CheckConstraint("limit_per_member >= 0", name=op.f("ck_rewards_limit_per_member")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_rewards_version")),
        sa.CheckConstraint("voucher_validity_days BETWEEN 1 AND 3650", name=op.f("ck_rewards_voucher_validity_days")),
        sa.PrimaryKeyConstraint("program_id", "reward_id", name=op.f("pk_rewards")),
    )


def create_reward_stocks() -> None:
    op.create_table(
        "reward_stocks",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("reward_id", sa.Uuid, nullable=False),
        sa.Column("stock", sa.BigInteger, nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("stock >= 0", name=op.f("ck_reward_stocks_stock_not_negative")),
        sa.PrimaryKeyConstraint("program_id", "reward_id", name=op.f("pk_reward_stocks")),
    )


def create_stock_movements() -> None:
    op.create_table(
        "stock_movements",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("reward_id", sa.Uuid, nullable=False),
        sa.Column("movement_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=True),
        sa.Column("redemption_id", sa.Uuid, nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "CASE kind WHEN 'adjusted' THEN redemption_id IS NULL AND member_id IS NULL WHEN"
            " 'taken' THEN quantity = -1 AND redemption_id IS NOT NULL AND member_id IS NOT NULL"
            " WHEN 'returned' THEN quantity = 1 AND redemption_id IS NOT NULL AND member_id IS NOT"
            " NULL ELSE false END",
            name=op.f("ck_stock_movements_kind"),
        ),
        sa.PrimaryKeyConstraint("program_id", "reward_id", "movement_id", name=op.f("pk_stock_movements")),
        sa.UniqueConstraint(
            "program_id",
            "reward_id",
            "redemption_id",
            "kind",
            name=op.f("uq_stock_movements_program_id_reward_id_redemption_id_kind"),
        ),
    )
    op.create_index(
        "ix_stock_movements_moved",
        "stock_movements",
        ["moved_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
