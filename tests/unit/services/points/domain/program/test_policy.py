"""What a member may do, by what `members` last said of them."""

from __future__ import annotations

import uuid

import pytest

from services.points.domain.errors import MemberMayNotEarn, MemberMayNotSpend, WalletNotSpendable
from services.points.domain.program.policy import (
    KnownMember,
    MemberStatus,
    ProgramPolicy,
    expect_may_earn,
    expect_may_spend,
    expect_spendable,
)
from tests.factories import points as make

MAY_EARN = {MemberStatus.ACTIVE, MemberStatus.EARN_ONLY}
MAY_SPEND = {MemberStatus.ACTIVE}


@pytest.mark.parametrize("status", MemberStatus)
def test_a_member_earns_and_spends_as_their_status_says(status: MemberStatus) -> None:
    member = KnownMember(uuid.uuid4(), make.PROGRAM, status, 1)
    if status in MAY_EARN:
        expect_may_earn(member)
    else:
        with pytest.raises(MemberMayNotEarn) as refused:
            expect_may_earn(member)
        assert refused.value.metadata == {"status": status.value}
    if status in MAY_SPEND:
        expect_may_spend(member)
    else:
        with pytest.raises(MemberMayNotSpend) as unspent:
            expect_may_spend(member)
        assert unspent.value.metadata == {"status": status.value}


def test_units_of_a_wallet_that_only_counts_are_not_spent() -> None:
    policy = ProgramPolicy(make.PROGRAM, unspendable_wallets=("stars", "miles"))
    expect_spendable(policy, "points")
    with pytest.raises(WalletNotSpendable) as refused:
        expect_spendable(policy, "miles")
    assert refused.value.metadata == {"wallet": "miles"}
    expect_spendable(ProgramPolicy(make.PROGRAM), "miles")
