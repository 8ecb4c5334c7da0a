"""Every reason that keeps a reward from a member, in the order a redemption would meet them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.rewards.domain.availability import (
    MemberStatus,
    Standing,
    Unavailability,
    UnavailabilityReason,
    for_member,
)
from tests.factories.rewards import COST, NOON, reward

HOUR = timedelta(hours=1)


def reasons(standing: Standing, **changes: object) -> list[UnavailabilityReason]:
    stock = changes.pop("stock", None)
    found = for_member(reward(stock=stock, **changes), standing, NOON)  # type: ignore[arg-type]  # fields of a reward
    return [each.reason for each in found.unavailabilities]


def test_a_member_who_may_and_can_has_no_reasons() -> None:
    assert reasons(Standing(MemberStatus.ACTIVE, 0, COST), stock=1, limit_per_member=1) == []


def test_a_member_never_heard_of_has_the_benefit_of_the_doubt() -> None:
    assert reasons(Standing(None, 0, COST)) == []


def test_all_reasons_are_given_in_order() -> None:
    worst = Standing(MemberStatus.SUSPENDED, 1, COST - 1)
    assert reasons(worst, starts_at=NOON + HOUR, ends_at=NOON - HOUR, stock=0, limit_per_member=1) == [
        UnavailabilityReason.NOT_STARTED,
        UnavailabilityReason.ENDED,
        UnavailabilityReason.OUT_OF_STOCK,
        UnavailabilityReason.LIMIT_REACHED,
        UnavailabilityReason.MEMBER_MAY_NOT_SPEND,
        UnavailabilityReason.INSUFFICIENT_BALANCE,
    ]


@pytest.mark.parametrize("status", [status for status in MemberStatus if status is not MemberStatus.ACTIVE])
def test_only_active_members_spend(status: MemberStatus) -> None:
    assert reasons(Standing(status, 0, COST)) == [UnavailabilityReason.MEMBER_MAY_NOT_SPEND]


@pytest.mark.parametrize(("available", "missing"), [(0, COST), (-50, COST + 50), (COST - 1, 1)])
def test_a_shortage_is_counted(available: int, missing: int) -> None:
    found = for_member(reward(), Standing(None, 0, available), NOON)
    assert found.unavailabilities == (
        Unavailability(UnavailabilityReason.INSUFFICIENT_BALANCE, COST, available, missing),
    )
