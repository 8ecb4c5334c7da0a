"""The chain of `rewards`: movements of stock, what was redeemed for how much, and what became of vouchers."""

from __future__ import annotations

import sqlalchemy as sa

from kit.migrations.grants import grants_of
from services.rewards import tables
from services.rewards.chain import FACETS
from tests.factories.rewards import Caller, Ledger
from tests.fixtures.tampering import sealed, unnoticed

# What is only appended and has no facet: the code of a voucher is sealed with the voucher when it is issued.
UNSEALED = {"voucher_codes", "seals"}


def test_whatever_is_tampered_with_is_found(
    caller: Caller, ledger: Ledger, engine: sa.Engine, serving_engine: sa.Engine
) -> None:
    reward = caller.reward(stock=5)
    kept, used, cancelled = (caller.redemption(ledger.member(), reward.reward_id) for _ in range(3))
    caller.use(used.voucher.code)
    caller.reinstate(used.voucher.code)
    caller.use(used.voucher.code)
    caller.cancel(cancelled.member_id, cancelled.redemption_id)
    assert kept.voucher.code
    rows = sealed(serving_engine, "rewards", FACETS)
    assert rows.keys() == {facet.name for facet in FACETS}
    assert unnoticed(engine, "rewards", tables.metadata, FACETS) == []


def test_what_is_only_appended_is_sealed() -> None:
    appended = {name for name, rights in grants_of("rewards").items() if rights.is_append_only}
    assert appended - {facet.table for facet in FACETS} == UNSEALED
