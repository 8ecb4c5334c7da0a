"""The catalogue as it stands for one member."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.errors import Unavailable
from kit.ids import ordered_id
from kit.outbox import Event
from services.rewards import listens
from tests.factories.rewards import COST, Caller, Ledger, new_id
from tests.integration.rewards.conftest import MovableClock

PAST, FUTURE = Timestamp(seconds=1), Timestamp(seconds=4_000_000_000)

NOT_STARTED = pb.UNAVAILABILITY_REASON_NOT_STARTED
ENDED = pb.UNAVAILABILITY_REASON_ENDED
OUT_OF_STOCK = pb.UNAVAILABILITY_REASON_OUT_OF_STOCK
LIMIT_REACHED = pb.UNAVAILABILITY_REASON_LIMIT_REACHED
MAY_NOT_SPEND = pb.UNAVAILABILITY_REASON_MEMBER_MAY_NOT_SPEND
INSUFFICIENT = pb.UNAVAILABILITY_REASON_INSUFFICIENT_BALANCE

Announce = Callable[[str, str, int], None]


@pytest.fixture
def announce(engine: sa.Engine, caller: Caller) -> Announce:
    """`announce(member, status, version)` is an event of `members`."""

    def announce(member_id: str, status: str, version: int) -> None:
        event = Event(
            id=ordered_id(),
            aggregate_type="member",
            aggregate_id=uuid.UUID(member_id),
            type="member.status_changed",
            version=version,
            program_id=uuid.UUID(caller.program_id),
            occurred_at=datetime.now(UTC),
            payload={"status": status},
        )
        with engine.begin() as connection:
            listens.on_member_event(connection, event)

    return announce


def reasons_for(caller: Caller, member: str) -> list[list[pb.UnavailabilityReason.ValueType]]:
    """The reasons of each reward, oldest reward first."""
    listed = caller.list_for_member(member).rewards
    assert all(each.available == (not each.unavailabilities) for each in listed)
    return [[one.reason for one in each.unavailabilities] for each in reversed(listed)]


def test_each_reward_has_the_reasons_that_keep_it_from_the_member(caller: Caller, ledger: Ledger) -> None:
    member = ledger.member(2 * COST)
    taken = caller.reward(limit_per_member=1)
    caller.redemption(member, taken.reward_id)
    caller.reward()
    caller.reward(starts_at=FUTURE)
    caller.reward(ends_at=PAST)
    caller.reward(stock=0)
    caller.reward(cost_points=COST + 1)

    assert reasons_for(caller, member) == [
        [LIMIT_REACHED],
        [],
        [NOT_STARTED],
        [ENDED],
        [OUT_OF_STOCK],
        [INSUFFICIENT],
    ]
    assert reasons_for(caller, ledger.member())[0] == []


def test_reasons_stand_in_the_order_a_redemption_meets_them(caller: Caller, ledger: Ledger, announce: Announce) -> None:
    member = ledger.member(COST)
    reward = caller.reward(limit_per_member=1, stock=1)
    caller.redemption(member, reward.reward_id)
    caller.update(reward.reward_id, limit_per_member=1, ends_at=PAST)
    announce(member, "suspended", 2)
    assert reasons_for(caller, member) == [[ENDED, OUT_OF_STOCK, LIMIT_REACHED, MAY_NOT_SPEND, INSUFFICIENT]]


def test_missing_points_are_counted(caller: Caller, ledger: Ledger) -> None:
    caller.reward(cost_points=250)
    (listed,) = caller.list_for_member(ledger.member(100)).rewards
    (missing,) = listed.unavailabilities
    assert (missing.required_points, missing.available_points, missing.missing_points) == (250, 100, 150)


def test_a_cancelled_redemption_does_not_count(caller: Caller, ledger: Ledger) -> None:
    member, reward = ledger.member(), caller.reward(limit_per_member=1)
    redemption = caller.redemption(member, reward.reward_id)
    assert reasons_for(caller, member) == [[LIMIT_REACHED]]
    caller.cancel(member, redemption.redemption_id)
    assert reasons_for(caller, member) == [[]]


@pytest.mark.parametrize(
    ("status", "reasons"),
    [("active", []), ("suspended", [MAY_NOT_SPEND]), ("earn_only", [MAY_NOT_SPEND]), ("terminated", [MAY_NOT_SPEND])],
)
def test_a_status_is_known_from_what_members_announced(
    caller: Caller, ledger: Ledger, announce: Announce, status: str, reasons: list[int]
) -> None:
    member = ledger.member()
    caller.reward()
    announce(member, status, 1)
    assert reasons_for(caller, member) == [reasons]


def test_announcements_may_arrive_in_any_order(caller: Caller, ledger: Ledger, announce: Announce) -> None:
    member = ledger.member()
    caller.reward()
    announce(member, "active", 3)
    announce(member, "suspended", 2)
    assert reasons_for(caller, member) == [[]]
    announce(member, "earn_only", 4)
    assert reasons_for(caller, member) == [[MAY_NOT_SPEND]]


def test_the_ledger_is_asked_once_a_wallet(caller: Caller, ledger: Ledger) -> None:
    for _ in range(3):
        caller.reward()
        caller.reward(wallet="stamps")
    caller.list_for_member(ledger.member())
    assert ledger.calls == ["GetAccount", "GetAccount"]


def test_while_the_ledger_is_away_nothing_is_told(caller: Caller, ledger: Ledger) -> None:
    caller.reward()
    ledger.is_away()
    with pytest.raises(Unavailable):
        caller.list_for_member(ledger.member())


def test_pages_follow_one_another(caller: Caller, ledger: Ledger, clock: MovableClock) -> None:
    rewards = [caller.reward(name=f"No. {number}") for number in range(3)]
    member = ledger.member()
    first = caller.list_for_member(member, page_size=2)
    second = caller.list_for_member(member, page_size=2, page_token=first.next_page_token)
    assert [each.reward for each in (*first.rewards, *second.rewards)] == rewards[::-1]
    assert second.next_page_token == ""


def test_a_member_without_anything_sees_the_catalogue(caller: Caller) -> None:
    caller.reward()
    assert reasons_for(caller, new_id()) == [[INSUFFICIENT]]
