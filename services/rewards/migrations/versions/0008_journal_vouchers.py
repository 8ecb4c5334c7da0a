"""Keep every state that a voucher was ever in, appended and never changed: the proof of what vouchers say.

Vouchers of before begin with the state that they have.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Creates the journal and begins it."""
    op.create_table(
        "voucher_changes",
        sa.Column("member_id", sa.Uuid),
        sa.Column("redemption_id", sa.Uuid),
        sa.Column("number", sa.Integer),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("issued_at", _Instant),
        sa.Column("expires_at", _Instant),
        sa.Column("used_at", _Instant),
        sa.Column("used_store_id", sa.Text),
        sa.Column("used_terminal_id", sa.Text),
        sa.Column("used_receipt_number", sa.Text),
        sa.Column("cancelled_at", _Instant),
        sa.Column("changed_at", _Instant, nullable=False),
        sa.Column("row_digest", sa.LargeBinary),
        sa.PrimaryKeyConstraint("member_id", "redemption_id", "number", name="pk_voucher_changes"),
        sa.ForeignKeyConstraint(
            ["member_id", "redemption_id"],
            ["vouchers.member_id", "vouchers.redemption_id"],
            name="fk_voucher_changes_member_id_redemption_id_vouchers",
        ),
        sa.CheckConstraint("number >= 1", name="number_from_one"),
        sa.CheckConstraint("state IN ('set_aside', 'void', 'issued', 'used', 'cancelled')", name="state"),
    )
    op.execute(
        "INSERT INTO voucher_changes (member_id, redemption_id, number, state, issued_at, expires_at, used_at,"
        " used_store_id, used_terminal_id, used_receipt_number, cancelled_at, changed_at)"
        " SELECT member_id, redemption_id, 1, state, issued_at, expires_at, used_at, used_store_id, used_terminal_id,"
        " used_receipt_number, cancelled_at, now() FROM vouchers"
    )
