"""Create holds and what they set aside, lot by lot."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Creates the tables."""
    create_holds()
    create_hold_parts()


def create_holds() -> None:
    op.create_table(
        "holds",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("hold_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("captured", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("captured_version", sa.BigInteger, nullable=True),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reversed", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_holds_amount_positive")),
        sa.CheckConstraint(
            "CASE state WHEN 'captured' THEN captured BETWEEN 1 AND amount AND captured_version"
            " IS NOT NULL ELSE captured = 0 AND captured_version IS NULL AND reversed_at IS NULL"
            " END",
            name=op.f("ck_holds_captured_fits"),
        ),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_holds_open_until_ended")),
        sa.CheckConstraint("reversed BETWEEN 0 AND captured", name=op.f("ck_holds_reversed_within_captured")),
        sa.CheckConstraint("state IN ('open', 'captured', 'released', 'expired')", name=op.f("ck_holds_state")),
        sa.ForeignKeyConstraint(
            ["member_id", "wallet"],
            ["accounts.member_id", "accounts.wallet"],
            name=op.f("fk_holds_member_id_wallet_accounts"),
        ),
        sa.PrimaryKeyConstraint("member_id", "hold_id", name=op.f("pk_holds")),
    )
    op.create_index(
        "ix_holds_expires", "holds", ["expires_at"], postgresql_using="brin", postgresql_with={"autosummarize": "on"}
    )
    op.create_index("ix_holds_open", "holds", ["member_id", "wallet"], postgresql_where=sa.text("state = 'open'"))
    op.create_index("ix_holds_overdue", "holds", ["expires_at"], postgresql_where=sa.text("state = 'open'"))
    op.create_index("ix_holds_program", "holds", ["program_id", "hold_id"])


def create_hold_parts() -> None:
    op.create_table(
        "hold_parts",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("hold_id", sa.Uuid, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("lot_id", sa.Uuid, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("captured", sa.BigInteger, nullable=False),
        sa.Column("reversed", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("captured BETWEEN 0 AND units", name=op.f("ck_hold_parts_captured_within_units")),
        sa.CheckConstraint("reversed BETWEEN 0 AND captured", name=op.f("ck_hold_parts_reversed_within_captured")),
        sa.CheckConstraint("units > 0", name=op.f("ck_hold_parts_units_positive")),
        sa.PrimaryKeyConstraint("member_id", "hold_id", "ordinal", name=op.f("pk_hold_parts")),
    )
