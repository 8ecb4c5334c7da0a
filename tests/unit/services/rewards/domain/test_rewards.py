"""What keeps a reward from a member, and how it changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kit.errors import Refusal
from services.rewards.domain.errors import VersionMismatch
from services.rewards.domain.rewards import changed, refuse_unless_redeemable
from tests.factories.rewards import NOON, reward, terms

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("changes", "stock", "taken", "reason"),
    [
        ({}, None, 0, ""),
        ({"starts_at": NOON}, None, 0, ""),
        ({"starts_at": NOON + HOUR}, None, 0, "REWARD_NOT_STARTED"),
        ({"ends_at": NOON + HOUR}, None, 0, ""),
        ({"ends_at": NOON}, None, 0, "REWARD_ENDED"),
        ({}, 1, 0, ""),
        ({}, 0, 0, "OUT_OF_STOCK"),
        ({}, None, 99, ""),
        ({"limit_per_member": 2}, None, 1, ""),
        ({"limit_per_member": 2}, None, 2, "LIMIT_REACHED"),
        ({"limit_per_member": 2}, None, 3, "LIMIT_REACHED"),
        ({"starts_at": NOON + HOUR, "ends_at": NOON, "limit_per_member": 1}, 0, 1, "REWARD_NOT_STARTED"),
        ({"ends_at": NOON, "limit_per_member": 1}, 0, 1, "REWARD_ENDED"),
        ({"limit_per_member": 1}, 0, 1, "OUT_OF_STOCK"),
    ],
)
def test_the_first_guard_that_is_met_refuses(
    changes: dict[str, Any], stock: int | None, taken: int, reason: str
) -> None:
    met = ""
    try:
        refuse_unless_redeemable(reward(stock=stock, **changes), taken, NOON)
    except Refusal as refusal:
        met = refusal.reason
    assert met == reason


def test_a_change_is_the_next_version() -> None:
    before = reward(stock=3)
    after = changed(before, terms(name="Twenty off"), None, 1, NOON + HOUR)
    assert (after.terms.name, after.stock, after.version) == ("Twenty off", 3, 2)
    assert (after.created_at, after.updated_at) == (NOON, NOON + HOUR)


def test_a_clock_that_went_back_does_not_take_the_reward_with_it() -> None:
    assert changed(reward(), terms(), 0, 0, NOON - HOUR).updated_at == NOON


def test_a_change_of_another_version_is_refused() -> None:
    with pytest.raises(VersionMismatch) as refused:
        changed(reward(), terms(), None, 2, NOON)
    assert refused.value.metadata == {"version": "1", "expected_version": "2"}
