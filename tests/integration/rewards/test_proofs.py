"""Another value of any column is noticed: by its row's digest, and where that fits by the questions named for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from services.rewards import check, tables
from services.rewards.check.proofs import PROOFS
from tests.factories.rewards import Caller, Ledger
from tests.fixtures.mutations import Mutations


@pytest.fixture
def mutations(engine: sa.Engine, caller: Caller, ledger: Ledger) -> Iterator[Mutations]:
    """Redemptions that stand, one that was cancelled, and a voucher that was used, reinstated and used again."""
    reward, member = caller.reward(stock=9, limit_per_member=5), ledger.member()
    caller.cancel(member, caller.redemption(member, reward.reward_id).redemption_id)
    caller.redemption(member, reward.reward_id)
    code = caller.redemption(ledger.member(), reward.reward_id).voucher.code
    caller.use(code, receipt="R-1")
    caller.reinstate(code)
    caller.use(code, receipt="R-2")
    assert list(check.check(engine)) == []
    with engine.connect() as connection, connection.begin() as transaction:
        yield Mutations(connection, check.QUESTIONS, check.KNOWN)
        transaction.rollback()


def test_another_value_is_noticed_by_the_rows_digest(mutations: Mutations) -> None:
    tried, passing = mutations.passing_the_digest(tables.metadata)
    assert passing == set()
    assert len(tried) >= 80


def test_another_value_is_noticed_by_what_derives_it(mutations: Mutations) -> None:
    tried, passing = mutations.passing_derivations(tables.metadata, PROOFS)
    assert passing == set()
    assert len(tried) >= 30
