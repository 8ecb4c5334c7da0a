"""What a member may do, by what `members` last said of them."""

from __future__ import annotations

import uuid

import pytest

from services.points.domain.errors import MemberMayNotEarn, MemberMayNotSpend
from services.points.domain.policy import MemberStatus, Standing, expect_may_earn, expect_may_spend
from tests.factories import points as make

MAY_EARN = {MemberStatus.ACTIVE, MemberStatus.EARN_ONLY}
MAY_SPEND = {MemberStatus.ACTIVE}


@pytest.mark.parametrize("status", MemberStatus)
def test_a_member_earns_and_spends_as_their_status_says(status: MemberStatus) -> None:
    standing = Standing(uuid.uuid4(), make.PROGRAM, status, 1)
    if status in MAY_EARN:
        expect_may_earn(standing)
    else:
        with pytest.raises(MemberMayNotEarn) as refused:
            expect_may_earn(standing)
        assert refused.value.metadata == {"status": status.value}
    if status in MAY_SPEND:
        expect_may_spend(standing)
    else:
        with pytest.raises(MemberMayNotSpend) as unspent:
            expect_may_spend(standing)
        assert unspent.value.metadata == {"status": status.value}
