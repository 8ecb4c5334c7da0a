"""Create the ledger, purchases and returns, earning rules, and what carries events.

The first tables of a new database: nobody waits for them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Creates the tables."""
    create_accounts()
    create_entries()
    create_lots()
    create_lot_movements()
    create_holds()
    create_hold_parts()
    create_standings()
    create_purchases()
    create_purchase_claims()
    create_returns()
    create_program_settings()
    create_earning_rules()
    create_stored_answers()
    create_outbox()
    create_inbox()
    create_dead_letters()


def create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("posted", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("deficit", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("owed", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("version", sa.BigInteger, server_default="0", nullable=False),
        sa.CheckConstraint("deficit >= 0", name=op.f("ck_accounts_deficit_not_negative")),
        sa.CheckConstraint("owed >= 0", name=op.f("ck_accounts_owed_not_negative")),
        sa.CheckConstraint("posted + deficit >= 0", name=op.f("ck_accounts_lots_not_negative")),
        sa.CheckConstraint("version >= 0", name=op.f("ck_accounts_version_not_negative")),
        sa.PrimaryKeyConstraint("member_id", "wallet", name=op.f("pk_accounts")),
    )


def create_entries() -> None:
    op.create_table(
        "entries",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("contra", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("balance_after", sa.BigInteger, nullable=False),
        sa.Column("purchase_id", sa.Uuid, nullable=True),
        sa.Column("return_id", sa.Uuid, nullable=True),
        sa.Column("hold_id", sa.Uuid, nullable=True),
        sa.Column("corrects_version", sa.BigInteger, nullable=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("earning", postgresql.JSONB, nullable=True),
        instant("occurred_at"),
        instant("recorded_at"),
        sa.CheckConstraint(
            "CASE kind"
            " WHEN 'earn' THEN amount > 0 AND contra = 'issued' AND purchase_id IS NOT NULL"
            " WHEN 'return' THEN amount < 0 AND contra = 'issued' AND return_id IS NOT NULL"
            " WHEN 'recovery' THEN amount < 0 AND contra = 'issued'"
            " WHEN 'spend' THEN amount < 0 AND contra = 'spent' AND hold_id IS NOT NULL"
            " WHEN 'reversal' THEN amount > 0 AND contra = 'spent' AND corrects_version IS NOT NULL"
            " WHEN 'expiry' THEN amount < 0 AND contra = 'expired'"
            " WHEN 'adjustment' THEN contra = 'adjusted' AND reason <> '' AND actor <> ''"
            " ELSE false END",
            name=op.f("ck_entries_kind_fits"),
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_entries_moves_something")),
        sa.CheckConstraint("num_nonnulls(purchase_id, return_id, hold_id) <= 1", name=op.f("ck_entries_one_cause")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_entries_version_from_one")),
        sa.ForeignKeyConstraint(
            ["member_id", "wallet"],
            ["accounts.member_id", "accounts.wallet"],
            name=op.f("fk_entries_member_id_wallet_accounts"),
        ),
        sa.PrimaryKeyConstraint("member_id", "wallet", "version", name=op.f("pk_entries")),
    )


def create_lots() -> None:
    op.create_table(
        "lots",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("lot_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("purchase_id", sa.Uuid, nullable=True),
        sa.Column("rule_id", sa.Uuid, nullable=True),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("remaining", sa.BigInteger, nullable=False),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.Column("lapsed", sa.BigInteger, nullable=False),
        sa.Column("forgiven", sa.BigInteger, nullable=False),
        instant("available_at"),
        instant("expires_at", nullable=True),
        sa.CheckConstraint("expires_at > available_at", name=op.f("ck_lots_expires_after_available")),
        sa.CheckConstraint("forgiven BETWEEN 0 AND lapsed", name=op.f("ck_lots_forgiven_within_lapsed")),
        sa.CheckConstraint("held BETWEEN 0 AND remaining", name=op.f("ck_lots_held_within_remaining")),
        sa.CheckConstraint("lapsed BETWEEN 0 AND units", name=op.f("ck_lots_lapsed_within_units")),
        sa.CheckConstraint("remaining BETWEEN 0 AND units", name=op.f("ck_lots_remaining_within_units")),
        sa.CheckConstraint("units > 0", name=op.f("ck_lots_units_positive")),
        sa.ForeignKeyConstraint(
            ["member_id", "wallet"],
            ["accounts.member_id", "accounts.wallet"],
            name=op.f("fk_lots_member_id_wallet_accounts"),
        ),
        sa.PrimaryKeyConstraint("member_id", "wallet", "lot_id", name=op.f("pk_lots")),
    )
    op.create_index(
        "ix_lots_lapsing",
        "lots",
        ["expires_at"],
        postgresql_where=sa.text("remaining > held AND expires_at IS NOT NULL"),
    )
    op.create_index("ix_lots_open", "lots", ["member_id", "wallet"], postgresql_where=sa.text("remaining > 0"))
    op.create_index(
        "ix_lots_purchase", "lots", ["member_id", "purchase_id"], postgresql_where=sa.text("purchase_id IS NOT NULL")
    )


def create_lot_movements() -> None:
    op.create_table(
        "lot_movements",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("movement_id", sa.Uuid, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("entry_version", sa.BigInteger, nullable=False),
        sa.Column("lot_id", sa.Uuid, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.CheckConstraint("units <> 0", name=op.f("ck_lot_movements_moves_something")),
        sa.PrimaryKeyConstraint("member_id", "movement_id", name=op.f("pk_lot_movements")),
    )


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
        instant("placed_at"),
        instant("expires_at"),
        instant("ended_at", nullable=True),
        sa.Column("captured_version", sa.BigInteger, nullable=True),
        instant("reversed_at", nullable=True),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_holds_open_until_ended")),
        sa.CheckConstraint(
            "CASE state"
            " WHEN 'captured' THEN captured BETWEEN 1 AND amount AND captured_version IS NOT NULL"
            " ELSE captured = 0 AND captured_version IS NULL AND reversed_at IS NULL END",
            name=op.f("ck_holds_captured_fits"),
        ),
        sa.CheckConstraint("state IN ('open', 'captured', 'released', 'expired')", name=op.f("ck_holds_state")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_holds_amount_positive")),
        sa.ForeignKeyConstraint(
            ["member_id", "wallet"],
            ["accounts.member_id", "accounts.wallet"],
            name=op.f("fk_holds_member_id_wallet_accounts"),
        ),
        sa.PrimaryKeyConstraint("member_id", "hold_id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_open", "holds", ["member_id", "wallet"], postgresql_where=sa.text("state = 'open'"))
    op.create_index("ix_holds_overdue", "holds", ["expires_at"], postgresql_where=sa.text("state = 'open'"))


def create_hold_parts() -> None:
    op.create_table(
        "hold_parts",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("hold_id", sa.Uuid, nullable=False),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("lot_id", sa.Uuid, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("captured", sa.BigInteger, nullable=False),
        sa.CheckConstraint("captured BETWEEN 0 AND units", name=op.f("ck_hold_parts_captured_within_units")),
        sa.CheckConstraint("units > 0", name=op.f("ck_hold_parts_units_positive")),
        sa.PrimaryKeyConstraint("member_id", "hold_id", "ordinal", name=op.f("pk_hold_parts")),
    )


def create_standings() -> None:
    op.create_table(
        "standings",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("member_version", sa.BigInteger, nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'earn_only', 'terminated')", name=op.f("ck_standings_status")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_standings")),
    )


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
        instant("occurred_at"),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("total_minor", sa.BigInteger, nullable=False),
        sa.Column("points_earned", sa.BigInteger, nullable=False),
        sa.Column("sale", postgresql.JSONB, nullable=False),
        sa.Column("earnings", postgresql.JSONB, nullable=False),
        sa.Column("account_after", postgresql.JSONB, nullable=True),
        sa.Column("digests", postgresql.JSONB, nullable=False),
        instant("recorded_at"),
        sa.CheckConstraint(
            "(member_id IS NULL) = (account_after IS NULL)", name=op.f("ck_purchases_account_with_member")
        ),
        sa.CheckConstraint(
            "member_id IS NOT NULL OR points_earned = 0", name=op.f("ck_purchases_anonymous_earns_nothing")
        ),
        sa.CheckConstraint("points_earned >= 0", name=op.f("ck_purchases_points_not_negative")),
        sa.PrimaryKeyConstraint("purchase_id", name=op.f("pk_purchases")),
    )


def create_purchase_claims() -> None:
    op.create_table(
        "purchase_claims",
        sa.Column("purchase_id", sa.Uuid, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("points_earned", sa.BigInteger, nullable=False),
        sa.Column("earnings", postgresql.JSONB, nullable=False),
        instant("claimed_at"),
        sa.CheckConstraint("points_earned >= 0", name=op.f("ck_purchase_claims_points_not_negative")),
        sa.ForeignKeyConstraint(
            ["purchase_id"], ["purchases.purchase_id"], name=op.f("fk_purchase_claims_purchase_id_purchases")
        ),
        sa.PrimaryKeyConstraint("purchase_id", name=op.f("pk_purchase_claims")),
    )


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
        instant("occurred_at"),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("cashier_id", sa.Text, nullable=False),
        sa.Column("lines", postgresql.JSONB, nullable=False),
        sa.Column("points_returned", sa.BigInteger, nullable=False),
        sa.Column("shortfall", sa.BigInteger, nullable=False),
        sa.Column("account_after", postgresql.JSONB, nullable=True),
        sa.Column("digests", postgresql.JSONB, nullable=False),
        instant("recorded_at"),
        sa.CheckConstraint("points_returned >= 0", name=op.f("ck_returns_points_not_negative")),
        sa.CheckConstraint(
            "purchase_id IS NOT NULL OR points_returned = 0", name=op.f("ck_returns_unmatched_takes_nothing")
        ),
        sa.CheckConstraint("shortfall BETWEEN 0 AND points_returned", name=op.f("ck_returns_shortfall_within_points")),
        sa.ForeignKeyConstraint(
            ["purchase_id"], ["purchases.purchase_id"], name=op.f("fk_returns_purchase_id_purchases")
        ),
        sa.PrimaryKeyConstraint("return_id", name=op.f("pk_returns")),
    )
    op.create_index(
        "ix_returns_purchase", "returns", ["purchase_id"], postgresql_where=sa.text("purchase_id IS NOT NULL")
    )


def create_program_settings() -> None:
    op.create_table(
        "program_settings",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("shortfall", sa.Text, server_default="carry", nullable=False),
        sa.Column("rules_revision", sa.BigInteger, server_default="0", nullable=False),
        sa.CheckConstraint("shortfall IN ('carry', 'negative', 'refuse')", name=op.f("ck_program_settings_shortfall")),
        sa.PrimaryKeyConstraint("program_id", name=op.f("pk_program_settings")),
    )


def create_earning_rules() -> None:
    op.create_table(
        "earning_rules",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("rule_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("terms", postgresql.JSONB, nullable=False),
        instant("created_at"),
        instant("activated_at", nullable=True),
        instant("ended_at", nullable=True),
        instant("effective_from", nullable=True),
        instant("effective_until", nullable=True),
        sa.CheckConstraint(
            "CASE state"
            " WHEN 'draft' THEN activated_at IS NULL AND ended_at IS NULL AND effective_from IS NULL"
            " WHEN 'active' THEN activated_at IS NOT NULL AND ended_at IS NULL AND effective_from IS NOT NULL"
            " WHEN 'ended' THEN activated_at IS NOT NULL AND ended_at IS NOT NULL AND effective_from IS NOT NULL"
            " ELSE false END",
            name=op.f("ck_earning_rules_state_fits"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_earning_rules_version_from_one")),
        sa.PrimaryKeyConstraint("program_id", "rule_id", "version", name=op.f("pk_earning_rules")),
    )
    op.create_index(
        "uq_earning_rules_active",
        "earning_rules",
        ["program_id", "rule_id"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )


def create_stored_answers() -> None:
    op.create_table(
        "stored_answers",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("caller_id", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("fingerprint", postgresql.JSONB, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        instant("stored_at"),
        sa.PrimaryKeyConstraint("program_id", "caller_id", "operation", "request_id", name=op.f("pk_stored_answers")),
        sa.CheckConstraint("kind IN ('answer', 'refusal')", name=op.f("ck_stored_answers_kind")),
    )
    op.create_index("ix_stored_answers_stored_at", "stored_answers", ["stored_at"])


def create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("aggregateid", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("aggregatetype", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("payload", postgresql.JSONB, nullable=False),
        instant("occurred_at"),
        instant("published_at", nullable=True),
        sa.PrimaryKeyConstraint("aggregateid", "id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_published", "outbox", ["published_at"], postgresql_where=sa.text("published_at IS NOT NULL")
    )
    op.create_index("ix_outbox_unpublished", "outbox", ["id"], postgresql_where=sa.text("published_at IS NULL"))


def create_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "event_id", name=op.f("pk_inbox")),
    )
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"])


def create_dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("payload", postgresql.JSONB, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("deliveries", sa.Integer, nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        instant("replayed_at", nullable=True),
        sa.PrimaryKeyConstraint("consumer", "event_id", name=op.f("pk_dead_letters")),
    )
    op.create_index(
        "ix_dead_letters_waiting",
        "dead_letters",
        ["consumer", "failed_at"],
        postgresql_where=sa.text("replayed_at IS NULL"),
    )
