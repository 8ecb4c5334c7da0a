"""Create vouchers, their codes, uses and reinstatements, and their journal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Creates the tables."""
    create_voucher_codes()
    create_vouchers()
    create_voucher_changes()
    create_voucher_uses()
    create_voucher_reinstatements()


def create_voucher_codes() -> None:
    op.create_table(
        "voucher_codes",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("redemption_id", sa.Uuid, nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("code ~ '^[0-9A-HJKMNP-TV-Z]{12}$'", name=op.f("ck_voucher_codes_code")),
        sa.PrimaryKeyConstraint("program_id", "code", name=op.f("pk_voucher_codes")),
    )


def create_vouchers() -> None:
    op.create_table(
        "vouchers",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("redemption_id", sa.Uuid, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_store_id", sa.Text, nullable=True),
        sa.Column("used_terminal_id", sa.Text, nullable=True),
        sa.Column("used_receipt_number", sa.Text, nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.Column("uses", sa.Integer, server_default="0", nullable=False),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL)", name=op.f("ck_vouchers_cancelled_at_fits_state")
        ),
        sa.CheckConstraint("expires_at > issued_at", name=op.f("ck_vouchers_expires_after_issue")),
        sa.CheckConstraint(
            "(issued_at IS NULL) = (expires_at IS NULL)", name=op.f("ck_vouchers_expires_at_with_issued_at")
        ),
        sa.CheckConstraint(
            "(state IN ('set_aside', 'void')) = (issued_at IS NULL)", name=op.f("ck_vouchers_issued_at_fits_state")
        ),
        sa.CheckConstraint(
            "state IN ('set_aside', 'void', 'issued', 'used', 'cancelled')", name=op.f("ck_vouchers_state")
        ),
        sa.CheckConstraint(
            "(used_at IS NULL) = (used_store_id IS NULL) AND (used_at IS NULL) ="
            " (used_terminal_id IS NULL) AND (used_at IS NULL) = (used_receipt_number IS NULL)",
            name=op.f("ck_vouchers_use_parts_together"),
        ),
        sa.CheckConstraint("(state = 'used') = (used_at IS NOT NULL)", name=op.f("ck_vouchers_used_at_fits_state")),
        sa.CheckConstraint(
            "CASE state WHEN 'used' THEN uses >= 1 WHEN 'set_aside' THEN uses = 0 WHEN 'void'"
            " THEN uses = 0 ELSE uses >= 0 END",
            name=op.f("ck_vouchers_uses_fit_state"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id", "redemption_id"],
            ["redemptions.member_id", "redemptions.redemption_id"],
            name=op.f("fk_vouchers_member_id_redemption_id_redemptions"),
        ),
        sa.PrimaryKeyConstraint("member_id", "redemption_id", name=op.f("pk_vouchers")),
    )
    op.create_index(
        "ix_vouchers_issued",
        "vouchers",
        ["issued_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )


def create_voucher_changes() -> None:
    op.create_table(
        "voucher_changes",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("redemption_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_store_id", sa.Text, nullable=True),
        sa.Column("used_terminal_id", sa.Text, nullable=True),
        sa.Column("used_receipt_number", sa.Text, nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("number >= 1", name=op.f("ck_voucher_changes_number_from_one")),
        sa.CheckConstraint(
            "state IN ('set_aside', 'void', 'issued', 'used', 'cancelled')", name=op.f("ck_voucher_changes_state")
        ),
        sa.ForeignKeyConstraint(
            ["member_id", "redemption_id"],
            ["vouchers.member_id", "vouchers.redemption_id"],
            name=op.f("fk_voucher_changes_member_id_redemption_id_vouchers"),
        ),
        sa.PrimaryKeyConstraint("member_id", "redemption_id", "number", name=op.f("pk_voucher_changes")),
    )


def create_voucher_uses() -> None:
    op.create_table(
        "voucher_uses",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("redemption_id", sa.Uuid, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("terminal_id", sa.Text, nullable=False),
        sa.Column("receipt_number", sa.Text, nullable=False),
        sa.Column("caller_id", sa.Text, nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("ordinal >= 1", name=op.f("ck_voucher_uses_ordinal")),
        sa.ForeignKeyConstraint(
            ["member_id", "redemption_id"],
            ["vouchers.member_id", "vouchers.redemption_id"],
            name=op.f("fk_voucher_uses_member_id_redemption_id_vouchers"),
        ),
        sa.PrimaryKeyConstraint("member_id", "redemption_id", "ordinal", name=op.f("pk_voucher_uses")),
    )
    op.create_index(
        "ix_voucher_uses_used",
        "voucher_uses",
        ["used_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )


def create_voucher_reinstatements() -> None:
    op.create_table(
        "voucher_reinstatements",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("redemption_id", sa.Uuid, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("reinstated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("return_id", sa.Uuid, nullable=True),
        sa.Column("caller_id", sa.Text, nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("actor <> '' OR return_id IS NOT NULL", name=op.f("ck_voucher_reinstatements_actor")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_voucher_reinstatements_reason")),
        sa.ForeignKeyConstraint(
            ["member_id", "redemption_id", "ordinal"],
            ["voucher_uses.member_id", "voucher_uses.redemption_id", "voucher_uses.ordinal"],
            name=op.f("fk_voucher_reinstatements_member_id_redemption_id_ordin_4458"),
        ),
        sa.PrimaryKeyConstraint("member_id", "redemption_id", "ordinal", name=op.f("pk_voucher_reinstatements")),
        sa.UniqueConstraint(
            "member_id",
            "redemption_id",
            "return_id",
            name=op.f("uq_voucher_reinstatements_member_id_redemption_id_return_id"),
        ),
    )
    op.create_index(
        "ix_voucher_reinstatements_reinstated",
        "voucher_reinstatements",
        ["reinstated_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
