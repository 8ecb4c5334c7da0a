"""Purchases and returns: appended, never changed."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from kit.row_digests import row_digest_column
from services.points.tables.base import instant, metadata


def _receipt(prefix: str = "", *, nullable: bool = False) -> list[sa.Column[object]]:
    columns: list[sa.Column[object]] = [
        sa.Column(f"{prefix}{name}", sa.Text, nullable=nullable) for name in ("source", "store_id", "terminal_id")
    ]
    columns.append(sa.Column(f"{prefix}business_day", sa.Date, nullable=nullable))
    columns.append(sa.Column(f"{prefix}receipt_number", sa.Text, nullable=nullable))
    return columns


# The primary key is made from program and receipt, so that it is the receipt's uniqueness too.
purchases = sa.Table(
    "purchases",
    metadata,
    sa.Column("purchase_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    *_receipt(),
    sa.Column("member_id", sa.Uuid),
    instant("occurred_at"),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("total_minor", sa.BigInteger, nullable=False),
    sa.Column("points_earned", sa.BigInteger, nullable=False),
    sa.Column("sale", JSONB, nullable=False),
    sa.Column("earnings", JSONB, nullable=False),
    sa.Column("account_after", JSONB),
    sa.Column("digests", JSONB, nullable=False),
    instant("recorded_at"),
    row_digest_column(),
    sa.CheckConstraint("points_earned >= 0", name="points_not_negative"),
    sa.CheckConstraint("member_id IS NOT NULL OR points_earned = 0", name="anonymous_earns_nothing"),
    sa.CheckConstraint("(member_id IS NULL) = (account_after IS NULL)", name="account_with_member"),
    # A member's purchases, for goods that a sale takes back without saying where they were bought.
    sa.Index("ix_purchases_member", "member_id", "occurred_at", postgresql_where=sa.text("member_id IS NOT NULL")),
    # The purchases of a period, for rehearsals: see the index of entries by time.
    sa.Index("ix_purchases_occurred", "occurred_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
    sa.Index("ix_purchases_recorded", "recorded_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)

purchase_claims = sa.Table(
    "purchase_claims",
    metadata,
    sa.Column("purchase_id", sa.Uuid, sa.ForeignKey("purchases.purchase_id"), primary_key=True),
    sa.Column("member_id", sa.Uuid, nullable=False),
    sa.Column("points_earned", sa.BigInteger, nullable=False),
    sa.Column("earnings", JSONB, nullable=False),
    instant("claimed_at"),
    row_digest_column(),
    sa.CheckConstraint("points_earned >= 0", name="points_not_negative"),
    sa.Index("ix_purchase_claims_member", "member_id"),
    sa.Index(
        "ix_purchase_claims_claimed", "claimed_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}
    ),
)

# Where a purchase and returns of it meet that do not see each other: whoever comes first takes the slot for good, so
# that of two at the same moment one loses its race and is judged again. Claims and returns of a recorded purchase lock
# its slot, since the purchase itself is only ever appended.
purchase_slots = sa.Table("purchase_slots", metadata, sa.Column("purchase_id", sa.Uuid, primary_key=True))

returns = sa.Table(
    "returns",
    metadata,
    sa.Column("return_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    *_receipt(),
    *_receipt("original_", nullable=True),
    sa.Column("purchase_id", sa.Uuid, sa.ForeignKey("purchases.purchase_id")),
    # The id that the purchase had to have, of one that was not known.
    sa.Column("awaited_purchase_id", sa.Uuid),
    sa.Column("member_id", sa.Uuid),
    instant("occurred_at"),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("cashier_id", sa.Text, nullable=False),
    sa.Column("lines", JSONB, nullable=False),
    sa.Column("points_returned", sa.BigInteger, nullable=False),
    sa.Column("shortfall", sa.BigInteger, nullable=False),
    # Points by rule; null for returns of before this was written down.
    sa.Column("taken_by_rule", JSONB),
    # Points that holds had spent on the goods, and the entries that gave them back; null where none came back.
    sa.Column("points_restored", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("refunds", JSONB),
    sa.Column("account_after", JSONB),
    sa.Column("digests", JSONB, nullable=False),
    instant("recorded_at"),
    # The sale on whose receipt the goods were taken back; and what each rule would have given for them then, where they
    # are of no purchase that is known: that was taken.
    sa.Column("within_purchase_id", sa.Uuid, sa.ForeignKey("purchases.purchase_id")),
    sa.Column("valued", JSONB),
    row_digest_column(),
    sa.CheckConstraint("points_returned >= 0", name="points_not_negative"),
    sa.CheckConstraint("shortfall BETWEEN 0 AND points_returned", name="shortfall_within_points"),
    sa.CheckConstraint(
        "purchase_id IS NOT NULL OR valued IS NOT NULL OR points_returned = 0", name="unmatched_takes_nothing"
    ),
    sa.CheckConstraint(
        "valued IS NULL OR within_purchase_id IS NOT NULL AND member_id IS NOT NULL"
        " AND purchase_id IS NULL AND awaited_purchase_id IS NULL",
        name="valued_within_sale",
    ),
    sa.CheckConstraint("purchase_id IS NULL OR awaited_purchase_id IS NULL", name="matched_or_waiting"),
    sa.CheckConstraint(
        "CASE WHEN refunds IS NULL THEN points_restored = 0 ELSE points_restored > 0 AND member_id IS NOT NULL END",
        name="refunds_restore",
    ),
    sa.Index("ix_returns_purchase", "purchase_id", postgresql_where=sa.text("purchase_id IS NOT NULL")),
    sa.Index("ix_returns_within", "within_purchase_id", postgresql_where=sa.text("within_purchase_id IS NOT NULL")),
    sa.Index("ix_returns_awaited", "awaited_purchase_id", postgresql_where=sa.text("awaited_purchase_id IS NOT NULL")),
    sa.Index("ix_returns_recorded", "recorded_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)

# What became of a return when its purchase came: once.
return_matches = sa.Table(
    "return_matches",
    metadata,
    sa.Column("return_id", sa.Uuid, sa.ForeignKey("returns.return_id"), primary_key=True),
    sa.Column("purchase_id", sa.Uuid, sa.ForeignKey("purchases.purchase_id"), nullable=False),
    sa.Column("member_id", sa.Uuid),
    # Why it is no return of that purchase after all; null for one that is.
    sa.Column("misfit", sa.Text),
    sa.Column("points_returned", sa.BigInteger, nullable=False),
    sa.Column("shortfall", sa.BigInteger, nullable=False),
    sa.Column("taken_by_rule", JSONB, nullable=False),
    instant("matched_at"),
    row_digest_column(),
    sa.CheckConstraint("points_returned >= 0", name="points_not_negative"),
    sa.CheckConstraint("shortfall BETWEEN 0 AND points_returned", name="shortfall_within_points"),
    sa.CheckConstraint("member_id IS NOT NULL OR points_returned = 0", name="anonymous_takes_nothing"),
    sa.CheckConstraint(
        "misfit IS NULL OR misfit IN ('line_unknown', 'exceeds_purchase', 'other_currency') AND points_returned = 0",
        name="misfit_takes_nothing",
    ),
    sa.Index("ix_return_matches_purchase", "purchase_id"),
    sa.Index(
        "ix_return_matches_matched", "matched_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}
    ),
)
