"""Count what rules with limits give: counters of members, of programs and of stores, and what moved each.

New tables, empty until a rule with limits is activated. Code that does not know of limits would give without counting,
so rules with limits are activated once every process is of this release.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Creates the tables."""
    create_counters("cap", "'member', 'member_and_cashier'", "cashier_id", "member_and_cashier", ["member_id"])
    create_movements("cap", "member_id")
    create_counters("budget", "'program', 'store'", "store_id", "store", [])
    create_movements("budget", "program_id")


def create_counters(kind: str, scopes: str, of: str, names_one: str, owner: list[str]) -> None:
    table = f"{kind}_counters"

    def named(name: str) -> str:
        return op.f(f"ck_{table}_{name}")

    op.create_table(
        table,
        *(sa.Column(name, sa.Uuid, nullable=False) for name in (*owner, "program_id", "counter_id", "rule_id")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("scope", of, "span", "unit")),
        sa.Column("starts_on", sa.Date, nullable=True),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("allowed", sa.BigInteger, nullable=False),
        sa.CheckConstraint("used BETWEEN 0 AND allowed", name=named("used_within_allowed")),
        sa.CheckConstraint(f"scope IN ({scopes})", name=named("scope")),
        sa.CheckConstraint(f"scope = '{names_one}' OR {of} = ''", name=named("names_one")),
        sa.CheckConstraint("span IN ('day', 'week', 'month', 'year', 'ever')", name=named("span")),
        sa.CheckConstraint("unit IN ('points', 'purchases')", name=named("unit")),
        sa.CheckConstraint("(span = 'ever') = (starts_on IS NULL)", name=named("window_starts")),
        sa.PrimaryKeyConstraint((*owner, "program_id")[0], "counter_id", name=op.f(f"pk_{table}")),
    )


def create_movements(kind: str, owner: str) -> None:
    table, counters = f"{kind}_movements", f"{kind}_counters"
    op.create_table(
        table,
        *(sa.Column(name, sa.Uuid, nullable=False) for name in (owner, "counter_id", "cause_id", "purchase_id")),
        sa.Column("return_id", sa.Uuid, nullable=True),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.CheckConstraint("cause_id = coalesce(return_id, purchase_id)", name=op.f(f"ck_{table}_caused")),
        sa.CheckConstraint(
            "CASE WHEN return_id IS NULL THEN units > 0 ELSE units < 0 END", name=op.f(f"ck_{table}_direction")
        ),
        sa.ForeignKeyConstraint(
            [owner, "counter_id"],
            [f"{counters}.{owner}", f"{counters}.counter_id"],
            name=op.f(f"fk_{table}_{owner}_counter_id_{counters}"),
        ),
        sa.PrimaryKeyConstraint(owner, "counter_id", "cause_id", name=op.f(f"pk_{table}")),
    )
