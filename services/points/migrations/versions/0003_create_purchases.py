"""Create purchases, their claims and returns, and what returns wait for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Creates the tables."""
    create_purchases()
    create_purchase_slots()
    create_purchase_claims()
    create_returns()
    create_return_matches()


def create_purchases() -> None:
    op.create_table(
        "purchases",
        sa.Column("purchase_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("terminal_id", sa.Text, nullable=False),
        sa.Column("business_day", sa.Date, nullable=False),
        sa.Column("receipt_number", sa.Text, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("total_minor", sa.BigInteger, nullable=False),
        sa.Column("points_earned", sa.BigInteger, nullable=False),
        sa.Column("sale", postgresql.JSONB, nullable=False),
        sa.Column("earnings", postgresql.JSONB, nullable=False),
        sa.Column("account_after", postgresql.JSONB, nullable=True),
        sa.Column("digests", postgresql.JSONB, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "(member_id IS NULL) = (account_after IS NULL)", name=op.f("ck_purchases_account_with_member")
        ),
        sa.CheckConstraint(
            "member_id IS NOT NULL OR points_earned = 0", name=op.f("ck_purchases_anonymous_earns_nothing")
        ),
        sa.CheckConstraint("points_earned >= 0", name=op.f("ck_purchases_points_not_negative")),
        sa.PrimaryKeyConstraint("purchase_id", name=op.f("pk_purchases")),
    )
    op.create_index(
        "ix_purchases_member",
        "purchases",
        ["member_id", "occurred_at"],
        postgresql_where=sa.text("member_id IS NOT NULL"),
    )
    op.create_index(
        "ix_purchases_occurred",
        "purchases",
        ["occurred_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
    op.create_index(
        "ix_purchases_recorded",
        "purchases",
        ["recorded_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )


def create_purchase_slots() -> None:
    op.create_table(
        "purchase_slots",
        sa.Column("purchase_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("purchase_id", name=op.f("pk_purchase_slots")),
    )


def create_purchase_claims() -> None:
    op.create_table(
        "purchase_claims",
        sa.Column("purchase_id", sa.Uuid, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("points_earned", sa.BigInteger, nullable=False),
        sa.Column("earnings", postgresql.JSONB, nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("points_earned >= 0", name=op.f("ck_purchase_claims_points_not_negative")),
        sa.ForeignKeyConstraint(
            ["purchase_id"], ["purchases.purchase_id"], name=op.f("fk_purchase_claims_purchase_id_purchases")
        ),
        sa.PrimaryKeyConstraint("purchase_id", name=op.f("pk_purchase_claims")),
    )
    op.create_index(
        "ix_purchase_claims_claimed",
        "purchase_claims",
        ["claimed_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
    op.create_index("ix_purchase_claims_member", "purchase_claims", ["member_id"])


def create_returns() -> None:
    op.create_table(
        "returns",
        sa.Column("return_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("terminal_id", sa.Text, nullable=False),
        sa.Column("business_day", sa.Date, nullable=False),
        sa.Column("receipt_number", sa.Text, nullable=False),
        sa.Column("original_source", sa.Text, nullable=True),
        sa.Column("original_store_id", sa.Text, nullable=True),
        sa.Column("original_terminal_id", sa.Text, nullable=True),
        sa.Column("original_business_day", sa.Date, nullable=True),
        sa.Column("original_receipt_number", sa.Text, nullable=True),
        sa.Column("purchase_id", sa.Uuid, nullable=True),
        sa.Column("member_id", sa.Uuid, nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("cashier_id", sa.Text, nullable=False),
        sa.Column("lines", postgresql.JSONB, nullable=False),
        sa.Column("points_returned", sa.BigInteger, nullable=False),
        sa.Column("shortfall", sa.BigInteger, nullable=False),
        sa.Column("account_after", postgresql.JSONB, nullable=True),
        sa.Column("digests", postgresql.JSONB, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by_rule", postgresql.JSONB, nullable=True),
        sa.Column("awaited_purchase_id", sa.Uuid, nullable=True),
        sa.Column("points_restored", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("refunds", postgresql.JSONB, nullable=True),
        sa.Column("within_purchase_id", sa.Uuid, nullable=True),
        sa.Column("valued", postgresql.JSONB, nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "purchase_id IS NULL OR awaited_purchase_id IS NULL", name=op.f("ck_returns_matched_or_waiting")
        ),
        sa.CheckConstraint("points_returned >= 0", name=op.f("ck_returns_points_not_negative")),
        sa.CheckConstraint(
            "CASE WHEN refunds IS NULL THEN points_restored = 0 ELSE points_restored > 0 AND member_id IS NOT NULL END",
            name=op.f("ck_returns_refunds_restore"),
        ),
        sa.CheckConstraint("shortfall BETWEEN 0 AND points_returned", name=op.f("ck_returns_shortfall_within_points")),
        sa.CheckConstraint(
            "purchase_id IS NOT NULL OR valued IS NOT NULL OR points_returned = 0",
            name=op.f("ck_returns_unmatched_takes_nothing"),
        ),
        sa.CheckConstraint(
            "valued IS NULL OR within_purchase_id IS NOT NULL AND member_id IS NOT NULL AND"
            " purchase_id IS NULL AND awaited_purchase_id IS NULL",
            name=op.f("ck_returns_valued_within_sale"),
        ),
        sa.ForeignKeyConstraint(
            ["purchase_id"], ["purchases.purchase_id"], name=op.f("fk_returns_purchase_id_purchases")
        ),
        sa.ForeignKeyConstraint(
            ["within_purchase_id"], ["purchases.purchase_id"], name=op.f("fk_returns_within_purchase_id_purchases")
        ),
        sa.PrimaryKeyConstraint("return_id", name=op.f("pk_returns")),
    )
    op.create_index(
        "ix_returns_awaited",
        "returns",
        ["awaited_purchase_id"],
        postgresql_where=sa.text("awaited_purchase_id IS NOT NULL"),
    )
    op.create_index(
        "ix_returns_purchase", "returns", ["purchase_id"], postgresql_where=sa.text("purchase_id IS NOT NULL")
    )
    op.create_index(
        "ix_returns_recorded",
        "returns",
        ["recorded_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
    op.create_index(
        "ix_returns_within",
        "returns",
        ["within_purchase_id"],
        postgresql_where=sa.text("within_purchase_id IS NOT NULL"),
    )


def create_return_matches() -> None:
    op.create_table(
        "return_matches",
        sa.Column("return_id", sa.Uuid, nullable=False),
        sa.Column("purchase_id", sa.Uuid, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=True),
        sa.Column("misfit", sa.Text, nullable=True),
        sa.Column("points_returned", sa.BigInteger, nullable=False),
        sa.Column("shortfall", sa.BigInteger, nullable=False),
        sa.Column("taken_by_rule", postgresql.JSONB, nullable=False),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "member_id IS NOT NULL OR points_returned = 0", name=op.f("ck_return_matches_anonymous_takes_nothing")
        ),
        sa.CheckConstraint(
            "misfit IS NULL OR misfit IN ('line_unknown', 'exceeds_purchase', 'other_currency')"
            " AND points_returned = 0",
            name=op.f("ck_return_matches_misfit_takes_nothing"),
        ),
        sa.CheckConstraint("points_returned >= 0", name=op.f("ck_return_matches_points_not_negative")),
        sa.CheckConstraint(
            "shortfall BETWEEN 0 AND points_returned", name=op.f("ck_return_matches_shortfall_within_points")
        ),
        sa.ForeignKeyConstraint(
            ["purchase_id"], ["purchases.purchase_id"], name=op.f("fk_return_matches_purchase_id_purchases")
        ),
        sa.ForeignKeyConstraint(["return_id"], ["returns.return_id"], name=op.f("fk_return_matches_return_id_returns")),
        sa.PrimaryKeyConstraint("return_id", name=op.f("pk_return_matches")),
    )
    op.create_index(
        "ix_return_matches_matched",
        "return_matches",
        ["matched_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
    op.create_index("ix_return_matches_purchase", "return_matches", ["purchase_id"])
