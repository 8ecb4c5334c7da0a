"""Let returns wait for purchases that have not been heard of yet.

A slot is where a purchase and the returns of it meet: whoever comes first takes it, whoever comes second finds it
taken. Purchases of before have none and need none, since a return finds the purchase itself.

Returns that are unmatched are told what they wait for, unless the purchase has come since: those stay as they are.
There are few of them, so that it is done here, and left out where only SQL is asked for.

Code of before looks for no return that waits. What it records while it still runs is not matched, and the checker says
so (`return_meets_purchase`): end it before this is run.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kit import ids

revision = "0005"
down_revision = "0004"

_RECEIPT = ("original_source", "original_store_id", "original_terminal_id", "original_business_day")


def upgrade() -> None:
    """Makes two tables, and a column that may be empty."""
    op.create_table("purchase_slots", sa.Column("purchase_id", sa.Uuid, primary_key=True))
    op.create_table(
        "return_matches",
        sa.Column("return_id", sa.Uuid, sa.ForeignKey("returns.return_id"), primary_key=True),
        sa.Column("purchase_id", sa.Uuid, sa.ForeignKey("purchases.purchase_id"), nullable=False),
        sa.Column("member_id", sa.Uuid),
        sa.Column("misfit", sa.Text),
        sa.Column("points_returned", sa.BigInteger, nullable=False),
        sa.Column("shortfall", sa.BigInteger, nullable=False),
        sa.Column("taken_by_rule", postgresql.JSONB, nullable=False),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("points_returned >= 0", name="points_not_negative"),
        sa.CheckConstraint("shortfall BETWEEN 0 AND points_returned", name="shortfall_within_points"),
        sa.CheckConstraint("member_id IS NOT NULL OR points_returned = 0", name="anonymous_takes_nothing"),
        sa.CheckConstraint(
            "misfit IS NULL OR misfit IN ('line_unknown', 'exceeds_purchase', 'other_currency')"
            " AND points_returned = 0",
            name="misfit_takes_nothing",
        ),
    )
    op.create_index("ix_return_matches_purchase", "return_matches", ["purchase_id"])
    op.add_column("returns", sa.Column("awaited_purchase_id", sa.Uuid, nullable=True))
    op.create_check_constraint(
        "matched_or_waiting",
        "returns",
        "purchase_id IS NULL OR awaited_purchase_id IS NULL",
        postgresql_not_valid=True,
    )
    if not op.get_context().as_sql:
        _tell_what_is_awaited(op.get_bind())


def _tell_what_is_awaited(connection: sa.Connection) -> None:
    unmatched = connection.execute(
        sa.text("SELECT * FROM returns WHERE purchase_id IS NULL AND original_source IS NOT NULL")
    )
    for row in unmatched.all():
        receipt = (*(str(getattr(row, name)) for name in _RECEIPT), row.original_receipt_number)
        awaited = {"awaited": ids.derived_id("purchase", str(row.program_id), *receipt), "return_id": row.return_id}
        told = connection.execute(
            sa.text(
                "UPDATE returns SET awaited_purchase_id = :awaited"
                " WHERE return_id = :return_id AND NOT EXISTS (SELECT FROM purchases WHERE purchase_id = :awaited)"
                " RETURNING return_id"
            ),
            awaited,
        )
        if told.first() is not None:
            connection.execute(sa.text("INSERT INTO purchase_slots VALUES (:awaited) ON CONFLICT DO NOTHING"), awaited)
