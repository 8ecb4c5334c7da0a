"""The tables of `points`. The domain's invariants stand here again, as constraints the database keeps by itself.

Member-scoped tables lead their keys with `member_id`, a random UUID, so that a distributed PostgreSQL can spread them;
what is found by a receipt leads with an identity made from the receipt.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from kit.idempotency import stored_answers_table
from kit.inbox import dead_letters_table, inbox_table
from kit.outbox import outbox_table
from services.points.tables.activities import activities, pending_activities
from services.points.tables.adjustments import adjustments
from services.points.tables.base import instant as _instant
from services.points.tables.base import metadata
from services.points.tables.limits import budget_counters, budget_movements, cap_counters, cap_movements
from services.points.tables.qualifying import qualifying_movements
from services.points.tables.rehearsals import rehearsal_counters, rehearsals
from services.points.tables.standings import standings
from services.points.tables.transfers import transfer_arrivals, transfers

__all__ = [
    "activities",
    "adjustments",
    "budget_counters",
    "budget_movements",
    "cap_counters",
    "cap_movements",
    "metadata",
    "pending_activities",
    "qualifying_movements",
    "rehearsal_counters",
    "rehearsals",
    "standings",
    "transfer_arrivals",
    "transfers",
]

stored_answers = stored_answers_table(metadata)
outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
dead_letters = dead_letters_table(metadata)


# ---- Accounts and what is on them ------------------------------------------------------------------------------------

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("wallet", sa.Text, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("posted", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("deficit", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("owed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="0"),
    # When the latest entry that counted as activity occurred, and when to look for lots that ended for want of any:
    # none ends before. The latter is moved on by whoever looks, and not by each activity, which would cost its index.
    _instant("active_at", nullable=True),
    _instant("inactivity_due_at", nullable=True),
    sa.Index(
        "ix_accounts_inactivity_due",
        "inactivity_due_at",
        postgresql_where=sa.text("inactivity_due_at IS NOT NULL"),
    ),
    sa.CheckConstraint("deficit >= 0", name="deficit_not_negative"),
    sa.CheckConstraint("owed >= 0", name="owed_not_negative"),
    sa.CheckConstraint("posted + deficit >= 0", name="lots_not_negative"),
    sa.CheckConstraint("version >= 0", name="version_not_negative"),
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("wallet", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("contra", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("balance_after", sa.BigInteger, nullable=False),
    sa.Column("purchase_id", sa.Uuid),
    sa.Column("return_id", sa.Uuid),
    sa.Column("hold_id", sa.Uuid),
    sa.Column("corrects_version", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("adjustment_id", sa.Uuid),
    sa.Column("approved_by", sa.Text, nullable=False, server_default=""),
    sa.Column("transfer_id", sa.Uuid),
    # Of an adjustment: whether as many qualifying units were given or taken with the points.
    sa.Column("qualifying", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("activity_id", sa.Uuid),
    sa.Column("earning", JSONB),
    _instant("occurred_at"),
    _instant("recorded_at"),
    # Whether it was activity of the account when it was made.
    sa.Column("counted", sa.Boolean, nullable=False, server_default=sa.false()),
    # Of an expiry for inactivity: how long there had been none.
    sa.Column("inactivity_days", sa.Integer),
    sa.ForeignKeyConstraint(["member_id", "wallet"], ["accounts.member_id", "accounts.wallet"]),
    sa.CheckConstraint(
        "NOT counted OR kind IN ('earn', 'spend', 'return', 'adjustment', 'transfer_out', 'transfer_in')",
        name="counted_may_count",
    ),
    sa.CheckConstraint(
        "CASE kind WHEN 'expiry' THEN inactivity_days > 0 ELSE inactivity_days IS NULL END",
        name="inactivity_of_expiry",
    ),
    sa.CheckConstraint("version >= 1", name="version_from_one"),
    sa.CheckConstraint("amount <> 0", name="moves_something"),
    sa.CheckConstraint(
        "CASE kind WHEN 'earn' THEN amount > 0 AND contra = 'issued'"
        " AND num_nonnulls(purchase_id, activity_id) = 1"
        " WHEN 'return' THEN amount < 0 AND contra = 'issued' AND return_id IS NOT NULL"
        " WHEN 'recovery' THEN amount < 0 AND contra = 'issued'"
        " WHEN 'spend' THEN amount < 0 AND contra = 'spent' AND hold_id IS NOT NULL"
        " WHEN 'reversal' THEN amount > 0 AND contra = 'spent' AND corrects_version IS NOT NULL"
        " WHEN 'expiry' THEN amount < 0 AND contra = 'expired'"
        " WHEN 'adjustment' THEN contra = 'adjusted' AND reason <> '' AND actor <> ''"
        " WHEN 'transfer_out' THEN amount < 0 AND contra = 'transferred' AND transfer_id IS NOT NULL"
        " WHEN 'transfer_in' THEN amount > 0 AND contra = 'transferred' AND transfer_id IS NOT NULL"
        " WHEN 'transfer_back' THEN amount > 0 AND contra = 'transferred' AND transfer_id IS NOT NULL"
        " AND corrects_version IS NOT NULL"
        " ELSE false END",
        name="kind_fits",
    ),
    sa.CheckConstraint(
        "num_nonnulls(purchase_id, return_id, hold_id, adjustment_id, transfer_id, activity_id) <= 1",
        name="one_cause",
    ),
    # Each side of a transfer is posted once.
    sa.Index(
        "uq_entries_transfer",
        "member_id",
        "transfer_id",
        "kind",
        unique=True,
        postgresql_where=sa.text("transfer_id IS NOT NULL"),
    ),
    sa.CheckConstraint(
        "CASE WHEN adjustment_id IS NULL THEN approved_by = ''"
        " ELSE kind = 'adjustment' AND approved_by <> '' AND approved_by <> actor END",
        name="approved_by_another",
    ),
    sa.CheckConstraint("NOT qualifying OR kind = 'adjustment'", name="qualifying_by_hand"),
    # A requested adjustment is posted once.
    sa.Index(
        "uq_entries_adjustment",
        "member_id",
        "adjustment_id",
        unique=True,
        postgresql_where=sa.text("adjustment_id IS NOT NULL"),
    ),
    # What was recorded since: entries lie on disk in the order of time, so a summary of blocks finds them, and an
    # insert pays next to nothing for it.
    sa.Index("ix_entries_recorded", "recorded_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)

lots = sa.Table(
    "lots",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("wallet", sa.Text, primary_key=True),
    sa.Column("lot_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("purchase_id", sa.Uuid),
    sa.Column("activity_id", sa.Uuid),
    sa.Column("rule_id", sa.Uuid),
    sa.Column("units", sa.BigInteger, nullable=False),
    sa.Column("remaining", sa.BigInteger, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.Column("lapsed", sa.BigInteger, nullable=False),
    sa.Column("forgiven", sa.BigInteger, nullable=False),
    _instant("available_at"),
    _instant("expires_at", nullable=True),
    # Ends when there has been no activity for so long; `expires_at` then says when that was.
    sa.Column("inactivity_days", sa.Integer),
    sa.ForeignKeyConstraint(["member_id", "wallet"], ["accounts.member_id", "accounts.wallet"]),
    sa.CheckConstraint("units > 0", name="units_positive"),
    sa.CheckConstraint("remaining BETWEEN 0 AND units", name="remaining_within_units"),
    sa.CheckConstraint("held BETWEEN 0 AND remaining", name="held_within_remaining"),
    sa.CheckConstraint("lapsed BETWEEN 0 AND units", name="lapsed_within_units"),
    sa.CheckConstraint("forgiven BETWEEN 0 AND lapsed", name="forgiven_within_lapsed"),
    sa.CheckConstraint("expires_at > available_at", name="expires_after_available"),
    sa.CheckConstraint("inactivity_days > 0", name="inactivity_days_positive"),
    sa.CheckConstraint("lapsed = 0 OR expires_at IS NOT NULL", name="lapsed_at_its_end"),
    # The lots that still hold something: what a balance, a spend and the expiry job look at.
    sa.Index("ix_lots_open", "member_id", "wallet", postgresql_where=sa.text("remaining > 0")),
    sa.Index("ix_lots_purchase", "member_id", "purchase_id", postgresql_where=sa.text("purchase_id IS NOT NULL")),
    sa.Index("ix_lots_lapsing", "expires_at", postgresql_where=sa.text("remaining > held AND expires_at IS NOT NULL")),
)

lot_movements = sa.Table(
    "lot_movements",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("movement_id", sa.Uuid, primary_key=True),
    sa.Column("wallet", sa.Text, nullable=False),
    sa.Column("entry_version", sa.BigInteger, nullable=False),
    sa.Column("lot_id", sa.Uuid, nullable=False),
    sa.Column("units", sa.BigInteger, nullable=False),
    sa.CheckConstraint("units <> 0", name="moves_something"),
)

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("hold_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("wallet", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("captured", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    _instant("placed_at"),
    _instant("expires_at"),
    _instant("ended_at", nullable=True),
    sa.Column("captured_version", sa.BigInteger),
    # Of what was captured, what has been given back; the time is that of the last. Earlier ones have a time alone.
    sa.Column("reversed", sa.BigInteger, nullable=False, server_default="0"),
    _instant("reversed_at", nullable=True),
    sa.ForeignKeyConstraint(["member_id", "wallet"], ["accounts.member_id", "accounts.wallet"]),
    sa.CheckConstraint("amount > 0", name="amount_positive"),
    sa.CheckConstraint("state IN ('open', 'captured', 'released', 'expired')", name="state"),
    sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="open_until_ended"),
    sa.CheckConstraint(
        "CASE state WHEN 'captured' THEN captured BETWEEN 1 AND amount AND captured_version IS NOT NULL"
        " ELSE captured = 0 AND captured_version IS NULL AND reversed_at IS NULL END",
        name="captured_fits",
    ),
    sa.CheckConstraint("reversed BETWEEN 0 AND captured", name="reversed_within_captured"),
    sa.Index("ix_holds_open", "member_id", "wallet", postgresql_where=sa.text("state = 'open'")),
    # A return may know what was paid with, and not by whom.
    sa.Index("ix_holds_program", "program_id", "hold_id"),
    sa.Index("ix_holds_overdue", "expires_at", postgresql_where=sa.text("state = 'open'")),
)

hold_parts = sa.Table(
    "hold_parts",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("hold_id", sa.Uuid, primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True),
    sa.Column("lot_id", sa.Uuid, nullable=False),
    sa.Column("units", sa.BigInteger, nullable=False),
    sa.Column("captured", sa.BigInteger, nullable=False),
    sa.CheckConstraint("units > 0", name="units_positive"),
    sa.Column("reversed", sa.BigInteger, nullable=False, server_default="0"),
    sa.CheckConstraint("captured BETWEEN 0 AND units", name="captured_within_units"),
    sa.CheckConstraint("reversed BETWEEN 0 AND captured", name="reversed_within_captured"),
)

# ---- Purchases and returns: appended, never changed ------------------------------------------------------------------


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
    _instant("occurred_at"),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("total_minor", sa.BigInteger, nullable=False),
    sa.Column("points_earned", sa.BigInteger, nullable=False),
    sa.Column("sale", JSONB, nullable=False),
    sa.Column("earnings", JSONB, nullable=False),
    sa.Column("account_after", JSONB),
    sa.Column("digests", JSONB, nullable=False),
    _instant("recorded_at"),
    sa.CheckConstraint("points_earned >= 0", name="points_not_negative"),
    sa.CheckConstraint("member_id IS NOT NULL OR points_earned = 0", name="anonymous_earns_nothing"),
    sa.CheckConstraint("(member_id IS NULL) = (account_after IS NULL)", name="account_with_member"),
    # The purchases of a period, for rehearsals: see the index of entries by time.
    sa.Index("ix_purchases_occurred", "occurred_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)

purchase_claims = sa.Table(
    "purchase_claims",
    metadata,
    sa.Column("purchase_id", sa.Uuid, sa.ForeignKey("purchases.purchase_id"), primary_key=True),
    sa.Column("member_id", sa.Uuid, nullable=False),
    sa.Column("points_earned", sa.BigInteger, nullable=False),
    sa.Column("earnings", JSONB, nullable=False),
    _instant("claimed_at"),
    sa.CheckConstraint("points_earned >= 0", name="points_not_negative"),
)

# Where a purchase and returns of it meet that do not see each other: whoever comes first takes the slot for good, so
# that of two at the same moment one loses its race and is judged again. Purchases of before returns waited have none.
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
    _instant("occurred_at"),
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
    _instant("recorded_at"),
    sa.CheckConstraint("points_returned >= 0", name="points_not_negative"),
    sa.CheckConstraint("shortfall BETWEEN 0 AND points_returned", name="shortfall_within_points"),
    sa.CheckConstraint("purchase_id IS NOT NULL OR points_returned = 0", name="unmatched_takes_nothing"),
    sa.CheckConstraint("purchase_id IS NULL OR awaited_purchase_id IS NULL", name="matched_or_waiting"),
    sa.CheckConstraint(
        "CASE WHEN refunds IS NULL THEN points_restored = 0 ELSE points_restored > 0 AND member_id IS NOT NULL END",
        name="refunds_restore",
    ),
    sa.Index("ix_returns_purchase", "purchase_id", postgresql_where=sa.text("purchase_id IS NOT NULL")),
    sa.Index("ix_returns_awaited", "awaited_purchase_id", postgresql_where=sa.text("awaited_purchase_id IS NOT NULL")),
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
    _instant("matched_at"),
    sa.CheckConstraint("points_returned >= 0", name="points_not_negative"),
    sa.CheckConstraint("shortfall BETWEEN 0 AND points_returned", name="shortfall_within_points"),
    sa.CheckConstraint("member_id IS NOT NULL OR points_returned = 0", name="anonymous_takes_nothing"),
    sa.CheckConstraint(
        "misfit IS NULL OR misfit IN ('line_unknown', 'exceeds_purchase', 'other_currency') AND points_returned = 0",
        name="misfit_takes_nothing",
    ),
    sa.Index("ix_return_matches_purchase", "purchase_id"),
)

# ---- Configuration: small tables that every shard may hold -----------------------------------------------------------

program_settings = sa.Table(
    "program_settings",
    metadata,
    sa.Column("program_id", sa.Uuid, primary_key=True),
    sa.Column("shortfall", sa.Text, nullable=False, server_default="carry"),
    # Grows with each change of a rule: tells processes that their compiled rules are out of date.
    sa.Column("rules_revision", sa.BigInteger, nullable=False, server_default="0"),
    # Points that one person may adjust by hand; null for no limit.
    sa.Column("adjustment_limit", sa.BigInteger),
    # How much members may give to one another; null for nothing.
    sa.Column("transfers", JSONB),
    # Wallets whose units are neither spent nor transferred.
    sa.Column("unspendable_wallets", ARRAY(sa.Text), nullable=False, server_default="{}"),
    # The kinds of entries that count as activity; null and none for the usual ones.
    sa.Column("inactivity_activities", JSONB),
    sa.CheckConstraint("shortfall IN ('carry', 'negative', 'refuse')", name="shortfall"),
    sa.CheckConstraint("adjustment_limit >= 0", name="adjustment_limit_not_negative"),
)

earning_rules = sa.Table(
    "earning_rules",
    metadata,
    sa.Column("program_id", sa.Uuid, primary_key=True),
    sa.Column("rule_id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True),
    # The same in all versions; null in rules of before there were keys.
    sa.Column("key", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("terms", JSONB, nullable=False),
    _instant("created_at"),
    _instant("activated_at", nullable=True),
    _instant("ended_at", nullable=True),
    _instant("effective_from", nullable=True),
    _instant("effective_until", nullable=True),
    sa.CheckConstraint("version >= 1", name="version_from_one"),
    sa.CheckConstraint(
        "CASE state WHEN 'draft' THEN activated_at IS NULL AND ended_at IS NULL AND effective_from IS NULL"
        " WHEN 'active' THEN activated_at IS NOT NULL AND ended_at IS NULL AND effective_from IS NOT NULL"
        " WHEN 'ended' THEN activated_at IS NOT NULL AND ended_at IS NOT NULL AND effective_from IS NOT NULL"
        " ELSE false END",
        name="state_fits",
    ),
    sa.Index("uq_earning_rules_key", "program_id", "key", unique=True, postgresql_where=sa.text("version = 1")),
    # At most one version of a rule has no other to follow it.
    sa.Index(
        "uq_earning_rules_active", "program_id", "rule_id", unique=True, postgresql_where=sa.text("state = 'active'")
    ),
)
