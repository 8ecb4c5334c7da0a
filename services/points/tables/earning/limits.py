"""Limits of rules: what is used of each in each window."""

from __future__ import annotations

import sqlalchemy as sa

from kit.row_digests import row_digest_column
from services.points.tables.base import metadata


def _counter(scopes: str, of: str, names_one: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("counter_id", sa.Uuid, primary_key=True),
        sa.Column("rule_id", sa.Uuid, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column(of, sa.Text, nullable=False),
        sa.Column("span", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("starts_on", sa.Date),
        sa.Column("used", sa.BigInteger, nullable=False),
        # The greatest limit that allowed a use: a later version of the rule may say less.
        sa.Column("allowed", sa.BigInteger, nullable=False),
        sa.CheckConstraint("used BETWEEN 0 AND allowed", name="used_within_allowed"),
        sa.CheckConstraint(f"scope IN ({scopes})", name="scope"),
        sa.CheckConstraint(f"scope = '{names_one}' OR {of} = ''", name="names_one"),
        sa.CheckConstraint("span IN ('day', 'week', 'month', 'year', 'ever')", name="span"),
        sa.CheckConstraint("unit IN ('points', 'purchases')", name="unit"),
        sa.CheckConstraint("(span = 'ever') = (starts_on IS NULL)", name="window_starts"),
    ]


def _movement(owner: str, counters: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("counter_id", sa.Uuid, primary_key=True),
        # The purchase, the activity or the return: none moves a counter twice.
        sa.Column("cause_id", sa.Uuid, primary_key=True),
        sa.Column("purchase_id", sa.Uuid),
        sa.Column("return_id", sa.Uuid),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("activity_id", sa.Uuid),
        sa.ForeignKeyConstraint([owner, "counter_id"], [f"{counters}.{owner}", f"{counters}.counter_id"]),
        sa.CheckConstraint(
            "cause_id = coalesce(return_id, purchase_id, activity_id) AND num_nonnulls(purchase_id, activity_id) = 1",
            name="caused",
        ),
        sa.CheckConstraint("CASE WHEN return_id IS NULL THEN units > 0 ELSE units < 0 END", name="direction"),
    ]


# A counter's id is made from the program, the rule, the limit and the window, so that it is their uniqueness too.
cap_counters = sa.Table(
    "cap_counters",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    sa.Column("program_id", sa.Uuid, nullable=False),
    *_counter("'member', 'member_and_cashier'", "cashier_id", "member_and_cashier"),
    row_digest_column(),
)
cap_movements = sa.Table(
    "cap_movements",
    metadata,
    sa.Column("member_id", sa.Uuid, primary_key=True),
    *_movement("member_id", "cap_counters"),
    row_digest_column(),
)
budget_counters = sa.Table(
    "budget_counters",
    metadata,
    sa.Column("program_id", sa.Uuid, primary_key=True),
    *_counter("'program', 'store'", "store_id", "store"),
    row_digest_column(),
)
budget_movements = sa.Table(
    "budget_movements",
    metadata,
    sa.Column("program_id", sa.Uuid, primary_key=True),
    *_movement("program_id", "budget_counters"),
    row_digest_column(),
)
