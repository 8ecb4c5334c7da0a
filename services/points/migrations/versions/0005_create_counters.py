"""Create the counters of limits and of qualifying units, with their movements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5"
down_revision = "4"


def upgrade() -> None:
    """Creates the tables."""
    create_cap_counters()
    create_cap_movements()
    create_budget_counters()
    create_budget_movements()
    create_qualifying_movements()


def create_cap_counters() -> None:
    op.create_table(
        "cap_counters",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("counter_id", sa.Uuid, nullable=False),
        sa.Column("rule_id", sa.Uuid, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("cashier_id", sa.Text, nullable=False),
        sa.Column("span", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=True),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("allowed", sa.BigInteger, nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("scope = 'member_and_cashier' OR cashier_id = ''", name=op.f("ck_cap_counters_names_one")),
        sa.CheckConstraint("scope IN ('member', 'member_and_cashier')", name=op.f("ck_cap_counters_scope")),
        sa.CheckConstraint("span IN ('day', 'week', 'month', 'year', 'ever')", name=op.f("ck_cap_counters_span")),
        sa.CheckConstraint("unit IN ('points', 'purchases')", name=op.f("ck_cap_counters_unit")),
        sa.CheckConstraint("used BETWEEN 0 AND allowed", name=op.f("ck_cap_counters_used_within_allowed")),
        sa.CheckConstraint("(span = 'ever') = (starts_on IS NULL)", name=op.f("ck_cap_counters_window_starts")),
        sa.PrimaryKeyConstraint("member_id", "counter_id", name=op.f("pk_cap_counters")),
    )


def create_cap_movements() -> None:
    op.create_table(
        "cap_movements",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("counter_id", sa.Uuid, nullable=False),
        sa.Column("cause_id", sa.Uuid, nullable=False),
        sa.Column("purchase_id", sa.Uuid, nullable=True),
        sa.Column("return_id", sa.Uuid, nullable=True),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("activity_id", sa.Uuid, nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "cause_id = coalesce(return_id, purchase_id, activity_id) AND num_nonnulls(purchase_id, activity_id) = 1",
            name=op.f("ck_cap_movements_caused"),
        ),
        sa.CheckConstraint(
            "CASE WHEN return_id IS NULL THEN units > 0 ELSE units < 0 END", name=op.f("ck_cap_movements_direction")
        ),
        sa.ForeignKeyConstraint(
            ["member_id", "counter_id"],
            ["cap_counters.member_id", "cap_counters.counter_id"],
            name=op.f("fk_cap_movements_member_id_counter_id_cap_counters"),
        ),
        sa.PrimaryKeyConstraint("member_id", "counter_id", "cause_id", name=op.f("pk_cap_movements")),
    )


def create_budget_counters() -> None:
    op.create_table(
        "budget_counters",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("counter_id", sa.Uuid, nullable=False),
        sa.Column("rule_id", sa.Uuid, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("span", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=True),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("allowed", sa.BigInteger, nullable=False),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("scope = 'store' OR store_id = ''", name=op.f("ck_budget_counters_names_one")),
        sa.CheckConstraint("scope IN ('program', 'store')", name=op.f("ck_budget_counters_scope")),
        sa.CheckConstraint("span IN ('day', 'week', 'month', 'year', 'ever')", name=op.f("ck_budget_counters_span")),
        sa.CheckConstraint("unit IN ('points', 'purchases')", name=op.f("ck_budget_counters_unit")),
        sa.CheckConstraint("used BETWEEN 0 AND allowed", name=op.f("ck_budget_counters_used_within_allowed")),
        sa.CheckConstraint("(span = 'ever') = (starts_on IS NULL)", name=op.f("ck_budget_counters_window_starts")),
        sa.PrimaryKeyConstraint("program_id", "counter_id", name=op.f("pk_budget_counters")),
    )


def create_budget_movements() -> None:
    op.create_table(
        "budget_movements",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("counter_id", sa.Uuid, nullable=False),
        sa.Column("cause_id", sa.Uuid, nullable=False),
        sa.Column("purchase_id", sa.Uuid, nullable=True),
        sa.Column("return_id", sa.Uuid, nullable=True),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("activity_id", sa.Uuid, nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "cause_id = coalesce(return_id, purchase_id, activity_id) AND num_nonnulls(purchase_id, activity_id) = 1",
            name=op.f("ck_budget_movements_caused"),
        ),
        sa.CheckConstraint(
            "CASE WHEN return_id IS NULL THEN units > 0 ELSE units < 0 END", name=op.f("ck_budget_movements_direction")
        ),
        sa.ForeignKeyConstraint(
            ["program_id", "counter_id"],
            ["budget_counters.program_id", "budget_counters.counter_id"],
            name=op.f("fk_budget_movements_program_id_counter_id_budget_counters"),
        ),
        sa.PrimaryKeyConstraint("program_id", "counter_id", "cause_id", name=op.f("pk_budget_movements")),
    )


def create_qualifying_movements() -> None:
    op.create_table(
        "qualifying_movements",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("movement_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("wallet", sa.Text, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("purchase_id", sa.Uuid, nullable=True),
        sa.Column("rule_id", sa.Uuid, nullable=True),
        sa.Column("return_id", sa.Uuid, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_version", sa.BigInteger, nullable=True),
        sa.Column("activity_id", sa.Uuid, nullable=True),
        sa.Column("row_digest", sa.LargeBinary, nullable=True),
        sa.CheckConstraint(
            "(rule_id IS NULL) = (entry_version IS NOT NULL)", name=op.f("ck_qualifying_movements_by_rule_or_by_hand")
        ),
        sa.CheckConstraint(
            "num_nonnulls(purchase_id, entry_version, activity_id) = 1 AND (return_id IS NULL OR"
            " purchase_id IS NOT NULL)",
            name=op.f("ck_qualifying_movements_caused"),
        ),
        sa.CheckConstraint(
            "CASE WHEN return_id IS NOT NULL THEN units < 0 WHEN entry_version IS NULL THEN units"
            " > 0 ELSE units <> 0 END",
            name=op.f("ck_qualifying_movements_direction"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id", "wallet"],
            ["accounts.member_id", "accounts.wallet"],
            name=op.f("fk_qualifying_movements_member_id_wallet_accounts"),
        ),
        sa.PrimaryKeyConstraint("member_id", "movement_id", name=op.f("pk_qualifying_movements")),
    )
    op.create_index(
        "ix_qualifying_movements_recorded",
        "qualifying_movements",
        ["recorded_at"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
    op.create_index(
        "ix_qualifying_movements_sums",
        "qualifying_movements",
        ["member_id", "wallet", "occurred_at"],
        postgresql_include=["units"],
    )
