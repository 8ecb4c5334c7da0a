"""Create redemptions, and how many a member has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Creates the tables."""
    create_redemptions()
    create_redemption_counts()


def create_redemptions() -> None:
    op.create_table(
        "redemptions",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("redemption_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("reward_id", sa.Uuid, nullable=False),
        sa.Column("reward_name", sa.Text, nullable=False),
        sa.Column("benefit_kind", sa.Text, nullable=False),
        sa.Column("benefit_amount_minor", sa.BigInteger, nullable=False),
        sa.Column("benefit_currency", sa.Text, nullable=False),
        sa.Column("benefit_basis_points", sa.Integer, nullable=False),
        sa.Column("benefit_sku", sa.Text, nullable=False),
        sa.Column("cost_points", sa.BigInteger, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("voucher_validity_days", sa.Integer, nullable=False),
        sa.Column("limit_per_member", sa.Integer, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("hold_id", sa.Uuid, nullable=True),
        sa.Column("is_stock_taken", sa.Boolean, nullable=False),
        sa.Column("cancel_reason", sa.Text, nullable=False),
        sa.Column("cancel_note", sa.Text, nullable=False),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "CASE benefit_kind WHEN 'fixed_discount' THEN benefit_amount_minor > 0 AND"
            " benefit_currency <> '' AND benefit_basis_points = 0 AND benefit_sku = '' WHEN"
            " 'percentage_discount' THEN benefit_basis_points BETWEEN 1 AND 10000 AND"
            " benefit_amount_minor = 0 AND benefit_currency = '' AND benefit_sku = '' WHEN"
            " 'free_product' THEN benefit_sku <> '' AND benefit_amount_minor = 0 AND"
            " benefit_currency = '' AND benefit_basis_points = 0 ELSE false END",
            name=op.f("ck_redemptions_benefit"),
        ),
        sa.CheckConstraint(
            "(cancel_reason <> '') = (cancel_requested_at IS NOT NULL) AND (cancel_note = '' OR cancel_reason <> '')",
            name=op.f("ck_redemptions_cancel_parts_together"),
        ),
        sa.CheckConstraint(
            "CASE state WHEN 'requested' THEN cancel_reason = '' WHEN 'cancelled' THEN"
            " cancel_reason <> '' ELSE true END",
            name=op.f("ck_redemptions_cancel_reason_fits_state"),
        ),
        sa.CheckConstraint("cost_points BETWEEN 1 AND 1000000000", name=op.f("ck_redemptions_cost_points")),
        sa.CheckConstraint(
            "CASE state WHEN 'requested' THEN hold_id IS NULL WHEN 'cancelled' THEN true ELSE hold_id IS NOT NULL END",
            name=op.f("ck_redemptions_hold_fits_state"),
        ),
        sa.CheckConstraint(
            "(lease_until IS NULL) = (state = 'cancelled' OR (state = 'confirmed' AND cancel_reason = ''))",
            name=op.f("ck_redemptions_lease_while_under_way"),
        ),
        sa.CheckConstraint(
            "ordinal >= 1 AND (limit_per_member = 0 OR ordinal <= limit_per_member)",
            name=op.f("ck_redemptions_ordinal_within_limit"),
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'held', 'issued', 'confirmed', 'cancelled')", name=op.f("ck_redemptions_state")
        ),
        sa.CheckConstraint(
            "NOT is_stock_taken OR state IN ('issued', 'confirmed', 'cancelled')",
            name=op.f("ck_redemptions_stock_fits_state"),
        ),
        sa.CheckConstraint("version >= 0", name=op.f("ck_redemptions_version")),
        sa.PrimaryKeyConstraint("member_id", "redemption_id", name=op.f("pk_redemptions")),
    )
    op.create_index(
        "ix_redemptions_lease_until",
        "redemptions",
        ["lease_until"],
        postgresql_where=sa.text("lease_until IS NOT NULL"),
    )
    op.create_index(
        "ix_redemptions_requested",
        "redemptions",
        ["requested_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )


def create_redemption_counts() -> None:
    op.create_table(
        "redemption_counts",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("reward_id", sa.Uuid, nullable=False),
        sa.Column("taken", sa.Integer, nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_redemption_counts_taken_not_negative")),
        sa.PrimaryKeyConstraint("member_id", "program_id", "reward_id", name=op.f("pk_redemption_counts")),
    )
