"""Let vouchers be reinstated: every use and every reinstatement is a row of its own.

From here on no voucher is used without its count: processes of before cannot use vouchers any more, and a till that
meets one tries again. 0010 counts the uses there were.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds the tables, the count and its condition."""
    op.add_column("vouchers", sa.Column("uses", sa.Integer(), server_default="0", nullable=False))
    op.create_check_constraint(
        op.f("ck_vouchers_uses_fit_state"),
        "vouchers",
        "CASE state WHEN 'used' THEN uses >= 1 WHEN 'set_aside' THEN uses = 0 WHEN 'void' THEN uses = 0"
        " ELSE uses >= 0 END",
        postgresql_not_valid=True,
    )
    op.create_table(
        "voucher_uses",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("store_id", sa.Text(), nullable=False),
        sa.Column("terminal_id", sa.Text(), nullable=False),
        sa.Column("receipt_number", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("row_digest", sa.LargeBinary()),
        sa.CheckConstraint("ordinal >= 1", name=op.f("ck_voucher_uses_ordinal")),
        sa.ForeignKeyConstraint(
            ["member_id", "redemption_id"],
            ["vouchers.member_id", "vouchers.redemption_id"],
            name=op.f("fk_voucher_uses_member_id_redemption_id_vouchers"),
        ),
        sa.PrimaryKeyConstraint("member_id", "redemption_id", "ordinal", name=op.f("pk_voucher_uses")),
    )
    op.create_table(
        "voucher_reinstatements",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("reinstated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("return_id", sa.Uuid()),
        sa.Column("caller_id", sa.Text(), nullable=False),
        sa.Column("row_digest", sa.LargeBinary()),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_voucher_reinstatements_reason")),
        sa.CheckConstraint("actor <> '' OR return_id IS NOT NULL", name=op.f("ck_voucher_reinstatements_actor")),
        sa.ForeignKeyConstraint(
            ["member_id", "redemption_id", "ordinal"],
            ["voucher_uses.member_id", "voucher_uses.redemption_id", "voucher_uses.ordinal"],
            name=op.f("fk_voucher_reinstatements_member_id_redemption_id_ordinal_voucher_uses"),
        ),
        sa.PrimaryKeyConstraint("member_id", "redemption_id", "ordinal", name=op.f("pk_voucher_reinstatements")),
        sa.UniqueConstraint(
            "member_id",
            "redemption_id",
            "return_id",
            name=op.f("uq_voucher_reinstatements_member_id_redemption_id_return_id"),
        ),
    )
    for table, time in (("voucher_uses", "used_at"), ("voucher_reinstatements", "reinstated_at")):
        op.create_index(
            f"ix_{table}_{time.removesuffix('_at')}",
            table,
            [time],
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on"},
        )
    # Uses are sealed where they are rows, and found there by their time.
    op.drop_index("ix_vouchers_used", "vouchers")
