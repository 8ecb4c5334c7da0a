"""The tables of `rewards`, with the domain's invariants again as constraints.

What belongs to a member leads with `member_id`, and only that is linked by foreign keys. The catalogue, its stock and
the look-up of codes stand alone, each under the key it is asked for by.
"""

from __future__ import annotations

import sqlalchemy as sa

from kit.chain.table import seals_table
from kit.database import metadata as new_metadata
from kit.idempotency import stored_answers_table
from kit.inbox import dead_letters_table, inbox_table
from kit.outbox import outbox_table
from kit.row_digests import UNDIGESTED, row_digest_column

metadata = new_metadata()

_Instant = sa.DateTime(timezone=True)


def _benefit_columns() -> list[sa.schema.SchemaItem]:
    """What a reward gives; a redemption keeps it as it was when requested."""
    return [
        sa.Column("benefit_kind", sa.Text, nullable=False),
        sa.Column("benefit_amount_minor", sa.BigInteger, nullable=False),
        sa.Column("benefit_currency", sa.Text, nullable=False),
        sa.Column("benefit_basis_points", sa.Integer, nullable=False),
        sa.Column("benefit_sku", sa.Text, nullable=False),
        sa.CheckConstraint(
            "CASE benefit_kind"
            " WHEN 'fixed_discount' THEN benefit_amount_minor > 0 AND benefit_currency <> ''"
            " AND benefit_basis_points = 0 AND benefit_sku = ''"
            " WHEN 'percentage_discount' THEN benefit_basis_points BETWEEN 1 AND 10000"
            " AND benefit_amount_minor = 0 AND benefit_currency = '' AND benefit_sku = ''"
            " WHEN 'free_product' THEN benefit_sku <> ''"
            " AND benefit_amount_minor = 0 AND benefit_currency = '' AND benefit_basis_points = 0"
            " ELSE false END",
            name="benefit",
        ),
    ]


rewards = sa.Table(
    "rewards",
    metadata,
    sa.Column("program_id", sa.Uuid, primary_key=True),
    sa.Column("reward_id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    *_benefit_columns(),
    sa.Column("cost_points", sa.BigInteger, nullable=False),
    sa.Column("wallet", sa.Text, nullable=False),
    sa.Column("starts_at", _Instant),
    sa.Column("ends_at", _Instant),
    sa.Column("limit_per_member", sa.Integer, nullable=False),
    sa.Column("voucher_validity_days", sa.Integer, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("created_at", _Instant, nullable=False),
    sa.Column("updated_at", _Instant, nullable=False),
    row_digest_column(),
    sa.CheckConstraint("cost_points BETWEEN 1 AND 1000000000", name="cost_points"),
    sa.CheckConstraint("ends_at >= starts_at", name="ends_after_start"),
    sa.CheckConstraint("limit_per_member >= 0", name="limit_per_member"),
    sa.CheckConstraint("voucher_validity_days BETWEEN 1 AND 3650", name="voucher_validity_days"),
    sa.CheckConstraint("version >= 1", name="version"),
)

# A row for each reward whose units are counted. It stands apart from the terms, so that a redemption takes a unit
# without touching their version, and an editor of the catalogue does not wait for every redemption.
reward_stocks = sa.Table(
    "reward_stocks",
    metadata,
    sa.Column("program_id", sa.Uuid, primary_key=True),
    sa.Column("reward_id", sa.Uuid, primary_key=True),
    sa.Column("stock", sa.BigInteger, nullable=False),
    row_digest_column(),
    sa.CheckConstraint("stock >= 0", name="stock_not_negative"),
)

# Every change of a stock, never changed itself: its quantities add up to the stock.
stock_movements = sa.Table(
    "stock_movements",
    metadata,
    sa.Column("program_id", sa.Uuid, primary_key=True),
    sa.Column("reward_id", sa.Uuid, primary_key=True),
    sa.Column("movement_id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("member_id", sa.Uuid),
    sa.Column("redemption_id", sa.Uuid),
    sa.Column("moved_at", _Instant, nullable=False),
    row_digest_column(),
    sa.CheckConstraint(
        "CASE kind WHEN 'adjusted' THEN redemption_id IS NULL AND member_id IS NULL"
        " WHEN 'taken' THEN quantity = -1 AND redemption_id IS NOT NULL AND member_id IS NOT NULL"
        " WHEN 'returned' THEN quantity = 1 AND redemption_id IS NOT NULL AND member_id IS NOT NULL"
        " ELSE false END",
        name="kind",
    ),
    sa.UniqueConstraint("program_id", "reward_id", "redemption_id", "kind"),
    sa.Index("ix_stock_movements_moved", "moved_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)

redemptions = sa.Table(
    "redemptions",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("redemption_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("reward_id", sa.Uuid, nullable=False),
    sa.Column("reward_name", sa.Text, nullable=False),
    *_benefit_columns(),
    sa.Column("cost_points", sa.BigInteger, nullable=False),
    sa.Column("wallet", sa.Text, nullable=False),
    sa.Column("voucher_validity_days", sa.Integer, nullable=False),
    sa.Column("limit_per_member", sa.Integer, nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("hold_id", sa.Uuid),
    sa.Column("is_stock_taken", sa.Boolean, nullable=False),
    sa.Column("cancel_reason", sa.Text, nullable=False),
    sa.Column("cancel_note", sa.Text, nullable=False),
    sa.Column("cancel_requested_at", _Instant),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("requested_at", _Instant, nullable=False),
    sa.Column("updated_at", _Instant, nullable=False),
    # Until then a process is at work on it, by the database's clock; past it any sweeper may go on.
    sa.Column("lease_until", _Instant, info=UNDIGESTED),
    row_digest_column(),
    sa.CheckConstraint("state IN ('requested', 'held', 'issued', 'confirmed', 'cancelled')", name="state"),
    sa.CheckConstraint("cost_points BETWEEN 1 AND 1000000000", name="cost_points"),
    sa.CheckConstraint(
        "ordinal >= 1 AND (limit_per_member = 0 OR ordinal <= limit_per_member)", name="ordinal_within_limit"
    ),
    sa.CheckConstraint(
        "CASE state WHEN 'requested' THEN hold_id IS NULL WHEN 'cancelled' THEN true ELSE hold_id IS NOT NULL END",
        name="hold_fits_state",
    ),
    sa.CheckConstraint("NOT is_stock_taken OR state IN ('issued', 'confirmed', 'cancelled')", name="stock_fits_state"),
    sa.CheckConstraint(
        "CASE state WHEN 'requested' THEN cancel_reason = '' WHEN 'cancelled' THEN cancel_reason <> '' ELSE true END",
        name="cancel_reason_fits_state",
    ),
    sa.CheckConstraint(
        "(cancel_reason <> '') = (cancel_requested_at IS NOT NULL) AND (cancel_note = '' OR cancel_reason <> '')",
        name="cancel_parts_together",
    ),
    sa.CheckConstraint(
        "(lease_until IS NULL) = (state = 'cancelled' OR (state = 'confirmed' AND cancel_reason = ''))",
        name="lease_while_under_way",
    ),
    sa.CheckConstraint("version >= 0", name="version"),
    sa.Index("ix_redemptions_lease_until", "lease_until", postgresql_where=sa.text("lease_until IS NOT NULL")),
    sa.Index(
        "ix_redemptions_requested", "requested_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}
    ),
)

# How many redemptions of a reward count against a member's limit. Its row is the lock that makes the limit hold.
redemption_counts = sa.Table(
    "redemption_counts",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, primary_key=True),
    sa.Column("reward_id", sa.Uuid, primary_key=True),
    sa.Column("taken", sa.Integer, nullable=False),
    row_digest_column(),
    sa.CheckConstraint("taken >= 0", name="taken_not_negative"),
)

vouchers = sa.Table(
    "vouchers",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("redemption_id", sa.Uuid, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("issued_at", _Instant),
    sa.Column("expires_at", _Instant),
    sa.Column("used_at", _Instant),
    sa.Column("used_store_id", sa.Text),
    sa.Column("used_terminal_id", sa.Text),
    sa.Column("used_receipt_number", sa.Text),
    sa.Column("cancelled_at", _Instant),
    row_digest_column(),
    # How often it was used, uses that were taken back included.
    sa.Column("uses", sa.Integer, nullable=False, server_default="0"),
    sa.ForeignKeyConstraint(["member_id", "redemption_id"], ["redemptions.member_id", "redemptions.redemption_id"]),
    sa.CheckConstraint("state IN ('set_aside', 'void', 'issued', 'used', 'cancelled')", name="state"),
    sa.CheckConstraint("(state IN ('set_aside', 'void')) = (issued_at IS NULL)", name="issued_at_fits_state"),
    sa.CheckConstraint("(issued_at IS NULL) = (expires_at IS NULL)", name="expires_at_with_issued_at"),
    sa.CheckConstraint("expires_at > issued_at", name="expires_after_issue"),
    sa.CheckConstraint("(state = 'used') = (used_at IS NOT NULL)", name="used_at_fits_state"),
    sa.CheckConstraint(
        "(used_at IS NULL) = (used_store_id IS NULL)"
        " AND (used_at IS NULL) = (used_terminal_id IS NULL)"
        " AND (used_at IS NULL) = (used_receipt_number IS NULL)",
        name="use_parts_together",
    ),
    sa.CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_at_fits_state"),
    sa.Index("ix_vouchers_issued", "issued_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
    sa.CheckConstraint(
        "CASE state WHEN 'used' THEN uses >= 1 WHEN 'set_aside' THEN uses = 0 WHEN 'void' THEN uses = 0"
        " ELSE uses >= 0 END",
        name="uses_fit_state",
    ),
)

# Every use of a voucher, never changed itself; those that were taken back have a reinstatement of the same ordinal.
voucher_uses = sa.Table(
    "voucher_uses",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("redemption_id", sa.Uuid, primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True),
    sa.Column("used_at", _Instant, nullable=False),
    sa.Column("store_id", sa.Text, nullable=False),
    sa.Column("terminal_id", sa.Text, nullable=False),
    sa.Column("receipt_number", sa.Text, nullable=False),
    # Empty for uses of before this was kept.
    sa.Column("caller_id", sa.Text, nullable=False),
    row_digest_column(),
    sa.ForeignKeyConstraint(["member_id", "redemption_id"], ["vouchers.member_id", "vouchers.redemption_id"]),
    sa.CheckConstraint("ordinal >= 1", name="ordinal"),
    sa.Index("ix_voucher_uses_used", "used_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)

voucher_reinstatements = sa.Table(
    "voucher_reinstatements",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("redemption_id", sa.Uuid, primary_key=True),
    sa.Column("ordinal", sa.Integer, primary_key=True),
    sa.Column("reinstated_at", _Instant, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    # Of the return of goods that it came with, as `points` makes it; absent where staff decided.
    sa.Column("return_id", sa.Uuid),
    sa.Column("caller_id", sa.Text, nullable=False),
    row_digest_column(),
    sa.ForeignKeyConstraint(
        ["member_id", "redemption_id", "ordinal"],
        ["voucher_uses.member_id", "voucher_uses.redemption_id", "voucher_uses.ordinal"],
    ),
    sa.UniqueConstraint("member_id", "redemption_id", "return_id"),
    sa.CheckConstraint("reason <> ''", name="reason"),
    sa.CheckConstraint("actor <> '' OR return_id IS NOT NULL", name="actor"),
    sa.Index(
        "ix_voucher_reinstatements_reinstated",
        "reinstated_at",
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    ),
)

# Every state that a voucher was ever in, never changed itself: a voucher that was used stays one that was.
voucher_changes = sa.Table(
    "voucher_changes",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("redemption_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("issued_at", _Instant),
    sa.Column("expires_at", _Instant),
    sa.Column("used_at", _Instant),
    sa.Column("used_store_id", sa.Text),
    sa.Column("used_terminal_id", sa.Text),
    sa.Column("used_receipt_number", sa.Text),
    sa.Column("cancelled_at", _Instant),
    sa.Column("changed_at", _Instant, nullable=False),
    row_digest_column(),
    sa.ForeignKeyConstraint(["member_id", "redemption_id"], ["vouchers.member_id", "vouchers.redemption_id"]),
    sa.CheckConstraint("number >= 1", name="number_from_one"),
    sa.CheckConstraint("state IN ('set_aside', 'void', 'issued', 'used', 'cancelled')", name="state"),
)

# Whose voucher a code is; distributed by the code, since a till knows nothing else.
voucher_codes = sa.Table(
    "voucher_codes",
    metadata,
    sa.Column("program_id", sa.Uuid, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("member_id", sa.Uuid, nullable=False),
    sa.Column("redemption_id", sa.Uuid, nullable=False),
    row_digest_column(),
    sa.CheckConstraint("code ~ '^[0-9A-HJKMNP-TV-Z]{12}$'", name="code"),
)

# What `members` last announced of a member; for lists only, never for a decision.
member_statuses = sa.Table(
    "member_statuses",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    row_digest_column(),
    sa.CheckConstraint("status IN ('active', 'suspended', 'earn_only', 'terminated')", name="status"),
)

seals = seals_table(metadata)
stored_answers = stored_answers_table(metadata)
outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
dead_letters = dead_letters_table(metadata)
