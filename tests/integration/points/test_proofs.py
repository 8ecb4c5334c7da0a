"""Another value of any column is noticed: by its row's digest, and where that fits by the questions named for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from kit import row_digests
from services.points import check, tables
from services.points.check.proofs import PROOFS
from tests.fixtures.mutations import Mutations
from tests.fixtures.servers import Lender, as_owner
from tests.integration.points.busy import live, started
from tests.integration.points.served import opened

COLUMNS = [
    column for table in tables.metadata.sorted_tables for column in table.columns if column.name != row_digests.COLUMN
]
DERIVED = [column for column in COLUMNS if PROOFS[column.table.name][column.name].questions]
# What the day leaves empty, and constraints that let no other value be: their proof is that.
EMPTY = {"rehearsals", "pending_activities"}
SPECIAL = {
    "purchases.earnings": ["jsonb_set(earnings, '{0,points}', '999')"],
    "purchase_claims.earnings": ["jsonb_set(earnings, '{0,points}', '999')"],
    "activities.earnings": ["jsonb_set(earnings, '{0,points}', '999')"],
    "purchases.sale": ["jsonb_set(sale, '{lines,0,amount_minor}', '999999')"],
    "purchases.account_after": ["jsonb_set(account_after, '{member_id}', to_jsonb(gen_random_uuid()))"],
    "entries.earning": ["jsonb_set(earning, '{points}', '999')"],
    "returns.lines": ["jsonb_set(lines, '{0,quantity_milli}', '999999')"],
    "returns.taken_by_rule": ["""jsonb_build_object(gen_random_uuid(), 7)"""],
    "return_matches.taken_by_rule": ["""jsonb_build_object(gen_random_uuid(), 7)"""],
    "returns.refunds": ["jsonb_set(refunds, '{0,points}', '999')"],
    "transfers.parts": ["jsonb_set(parts, '{0,units}', '999')"],
    "earning_rules.terms": ["jsonb_set(terms, '{per_amount_minor}', '7')"],
    "outbox.payload": ["jsonb_set(payload, '{amount}', '999')"],
    "returns.shortfall": ["0"],
    "return_matches.shortfall": ["0"],
    "return_matches.misfit": ["NULL"],
    "entries.reason": ["'another'"],
    "entries.actor": ["'Another'"],
}


@pytest.fixture(scope="module")
def mutations(lender: Lender) -> Iterator[Mutations]:
    """A busy day, lived once; each change is rolled back."""
    with lender.database("points") as url:
        with started(url) as points:
            live(points)
            assert points.findings() == []
        with opened(as_owner(url)) as owner, owner.connect() as connection, connection.begin():
            yield Mutations(connection, check.QUESTIONS, check.KNOWN, special=SPECIAL)


@pytest.mark.parametrize("column", [column for column in COLUMNS if row_digests.is_digested(column)], ids=str)
def test_another_value_is_noticed_by_the_rows_digest(mutations: Mutations, column: sa.Column[object]) -> None:
    assert mutations.found(column, [row_digests.QUESTION], digested=False) is not False


@pytest.mark.parametrize("column", DERIVED, ids=str)
def test_another_value_is_noticed_by_what_derives_it(mutations: Mutations, column: sa.Column[object]) -> None:
    found = mutations.found(column, PROOFS[column.table.name][column.name].questions, digested=True)
    if str(column) not in PARTLY:
        assert found or (found is None and (column.table.name in EMPTY or str(column) in CONSTRAINED))


# Derived for some rows, whose defects are planted in `test_check`; of those of the day the digest decides.
PARTLY = {"adjustments.state", "earning_rules.key", "holds.state"}

# Keys, foreign keys and other constraints allow no other value of these alone, in any row of the day.
CONSTRAINED = {
    "accounts.member_id",
    "accounts.wallet",
    "adjustments.state",
    "budget_counters.counter_id",
    "budget_counters.program_id",
    "budget_movements.activity_id",
    "budget_movements.counter_id",
    "budget_movements.program_id",
    "cap_counters.counter_id",
    "cap_counters.member_id",
    "cap_movements.activity_id",
    "cap_movements.counter_id",
    "cap_movements.member_id",
    # No rule of the day has a second version.
    "earning_rules.key",
    "entries.contra",
    "entries.member_id",
    "entries.wallet",
    "holds.member_id",
    "holds.state",
    "holds.wallet",
    "lots.member_id",
    "lots.wallet",
    "purchase_claims.purchase_id",
    "qualifying_movements.member_id",
    "qualifying_movements.wallet",
    "return_matches.purchase_id",
    "return_matches.return_id",
    "return_matches.shortfall",
    "returns.purchase_id",
    "transfers.lease_until",
    "transfers.state",
}
