"""Create vouchers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Vouchers beside their redemption, and the look-up of codes."""
    op.create_table(
        "vouchers",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True)),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.Column("used_store_id", sa.Text()),
        sa.Column("used_terminal_id", sa.Text()),
        sa.Column("used_receipt_number", sa.Text()),
        sa.Column("cancelled_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL)", name=op.f("ck_vouchers_cancelled_at_fits_state")
        ),
        sa.CheckConstraint("(state = 'used') = (used_at IS NOT NULL)", name=op.f("ck_vouchers_used_at_fits_state")),
        sa.CheckConstraint(
            "(state IN ('set_aside', 'void')) = (issued_at IS NULL)", name=op.f("ck_vouchers_issued_at_fits_state")
        ),
        sa.CheckConstraint(
            "state IN ('set_aside', 'void', 'issued', 'used', 'cancelled')", name=op.f("ck_vouchers_state")
        ),
        sa.CheckConstraint(
            "(issued_at IS NULL) = (expires_at IS NULL)", name=op.f("ck_vouchers_expires_at_with_issued_at")
        ),
        sa.CheckConstraint(
            "(used_at IS NULL) = (used_store_id IS NULL)"
            " AND (used_at IS NULL) = (used_terminal_id IS NULL)"
            " AND (used_at IS NULL) = (used_receipt_number IS NULL)",
            name=op.f("ck_vouchers_use_parts_together"),
        ),
        sa.CheckConstraint("expires_at > issued_at", name=op.f("ck_vouchers_expires_after_issue")),
        sa.ForeignKeyConstraint(
            ["member_id", "redemption_id"],
            ["redemptions.member_id", "redemptions.redemption_id"],
            name=op.f("fk_vouchers_member_id_redemption_id_redemptions"),
        ),
        sa.PrimaryKeyConstraint("member_id", "redemption_id", name=op.f("pk_vouchers")),
    )
    op.create_table(
        "voucher_codes",
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("code ~ '^[0-9A-HJKMNP-TV-Z]{12}$'", name=op.f("ck_voucher_codes_code")),
        sa.PrimaryKeyConstraint("program_id", "code", name=op.f("pk_voucher_codes")),
    )
