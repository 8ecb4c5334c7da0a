"""Undoing a redemption whose voucher has not been used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.errors import Conflict, NotFound, Precondition
from tests.factories.rewards import COST, Caller, Ledger, new_id
from tests.integration.rewards.conftest import MovableClock

Books = Callable[[], None]
Sweep = Callable[[], None]


def test_points_unit_and_place_within_the_limit_come_back(caller: Caller, ledger: Ledger, books: Books) -> None:
    member, reward = ledger.member(), caller.reward(stock=1, limit_per_member=1)
    redemption = caller.redemption(member, reward.reward_id)

    cancelled = caller.cancel(member, redemption.redemption_id).response.redemption

    assert (cancelled.state, cancelled.cancel_reason) == (pb.REDEMPTION_STATE_CANCELLED, "CANCELLED_ON_REQUEST")
    assert cancelled.voucher.state == pb.VOUCHER_STATE_CANCELLED
    assert ledger.available(member) == 1_000
    assert caller.get(reward.reward_id).stock == 1
    assert caller.get_redemption(member, redemption.redemption_id) == cancelled
    with pytest.raises(Precondition) as refused:
        caller.use(redemption.voucher.code)
    assert refused.value.reason == "VOUCHER_CANCELLED"
    assert caller.redemption(member, reward.reward_id).state == pb.REDEMPTION_STATE_CONFIRMED


def test_a_unit_that_was_never_counted_does_not_come_back(caller: Caller, ledger: Ledger, books: Books) -> None:
    member, reward = ledger.member(), caller.reward()
    redemption = caller.redemption(member, reward.reward_id)
    caller.update(reward.reward_id, stock=5)

    caller.cancel(member, redemption.redemption_id)

    assert caller.get(reward.reward_id).stock == 5


def test_the_same_request_cancels_once(caller: Caller, ledger: Ledger, books: Books) -> None:
    member, key = ledger.member(), new_id()
    redemption = caller.redemption(member, caller.reward().reward_id)
    first = caller.cancel(member, redemption.redemption_id, request_id=key)
    again = caller.cancel(member, redemption.redemption_id, request_id=key)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.response == first.response
    assert ledger.calls.count("ReverseCapture") == 1
    with pytest.raises(Conflict) as refused:
        caller.cancel(member, redemption.redemption_id, request_id=key, reason="another")
    assert refused.value.reason == "IDEMPOTENCY_KEY_REUSED"


def test_cancelling_what_is_cancelled_changes_nothing(caller: Caller, ledger: Ledger, books: Books) -> None:
    member = ledger.member(0)
    redemption = caller.redemption(member, caller.reward().reward_id)
    again = caller.cancel(member, redemption.redemption_id).response.redemption
    assert again == redemption
    assert again.cancel_reason == "INSUFFICIENT_BALANCE"


def test_an_unknown_redemption_is_not_found(caller: Caller, ledger: Ledger) -> None:
    with pytest.raises(NotFound) as refused:
        caller.cancel(ledger.member(), new_id())
    assert refused.value.reason == "REDEMPTION_NOT_FOUND"


def test_a_used_voucher_ends_the_choice(caller: Caller, ledger: Ledger, books: Books) -> None:
    member = ledger.member()
    redemption = caller.redemption(member, caller.reward().reward_id)
    caller.use(redemption.voucher.code)
    with pytest.raises(Precondition) as refused:
        caller.cancel(member, redemption.redemption_id)
    assert refused.value.reason == "VOUCHER_USED"
    assert ledger.available(member) == 1_000 - COST


def test_an_expired_voucher_ends_the_choice(caller: Caller, ledger: Ledger, clock: MovableClock, books: Books) -> None:
    member = ledger.member()
    redemption = caller.redemption(member, caller.reward(voucher_validity_days=1).reward_id)
    clock.ahead = timedelta(days=1, minutes=1)
    with pytest.raises(Precondition) as refused:
        caller.cancel(member, redemption.redemption_id)
    assert refused.value.reason == "VOUCHER_EXPIRED"


def test_a_redemption_under_way_is_not_cancelled_and_may_be_later_with_the_same_key(
    caller: Caller, ledger: Ledger, sweep: Sweep, books: Books
) -> None:
    member, key = ledger.member(), new_id()
    ledger.is_away("CaptureHold")
    redemption = caller.redemption(member, caller.reward().reward_id)
    for _ in range(2):
        with pytest.raises(Precondition) as refused:
            caller.cancel(member, redemption.redemption_id, request_id=key)
        assert (refused.value.reason, refused.value.replayed) == ("REDEMPTION_IN_PROGRESS", False)
    ledger.is_back()
    sweep()

    cancelled = caller.cancel(member, redemption.redemption_id, request_id=key).response.redemption

    assert cancelled.state == pb.REDEMPTION_STATE_CANCELLED


@pytest.mark.parametrize("has_effect", [False, True])
def test_while_the_ledger_is_away_the_voucher_is_dead_and_the_sweeper_gets_the_points_back(
    caller: Caller, ledger: Ledger, sweep: Sweep, books: Books, has_effect: bool
) -> None:
    member, reward = ledger.member(), caller.reward(stock=1)
    redemption = caller.redemption(member, reward.reward_id)
    (ledger.loses_answers if has_effect else ledger.is_away)("ReverseCapture")

    pending = caller.cancel(member, redemption.redemption_id).response.redemption
    assert (pending.state, pending.cancel_reason) == (pb.REDEMPTION_STATE_CONFIRMED, "")
    assert pending.voucher.state == pb.VOUCHER_STATE_CANCELLED
    with pytest.raises(Precondition, match="cancelled"):
        caller.use(redemption.voucher.code)
    # A second wish to cancel joins the first.
    assert caller.cancel(member, redemption.redemption_id).response.redemption == pending

    ledger.is_back()
    sweep()
    assert caller.get_redemption(member, redemption.redemption_id).state == pb.REDEMPTION_STATE_CANCELLED
    assert ledger.available(member) == 1_000


def test_a_reversal_that_the_ledger_has_forgotten_is_still_a_reversal(
    caller: Caller, ledger: Ledger, sweep: Sweep, books: Books
) -> None:
    member = ledger.member()
    redemption = caller.redemption(member, caller.reward().reward_id)
    ledger.loses_answers("ReverseCapture")
    caller.cancel(member, redemption.redemption_id)
    ledger.is_back()
    ledger.answers.clear()

    sweep()

    assert caller.get_redemption(member, redemption.redemption_id).state == pb.REDEMPTION_STATE_CANCELLED
    assert ledger.available(member) == 1_000


def test_a_capture_that_a_restored_ledger_does_not_know_has_nothing_to_give_back(
    caller: Caller, ledger: Ledger, sweep: Sweep, books: Books
) -> None:
    member = ledger.member()
    redemption = caller.redemption(member, caller.reward().reward_id)
    ledger.holds.clear()
    ledger.answers.clear()

    caller.cancel(member, redemption.redemption_id)
    sweep()

    cancelled = caller.get_redemption(member, redemption.redemption_id)
    assert (cancelled.state, cancelled.voucher.state) == (pb.REDEMPTION_STATE_CANCELLED, pb.VOUCHER_STATE_CANCELLED)


def test_the_reason_reaches_the_ledger(caller: Caller, ledger: Ledger) -> None:
    member = ledger.member()
    redemption = caller.redemption(member, caller.reward().reward_id)
    caller.cancel(member, redemption.redemption_id, reason="  bought the wrong one ")
    assert ledger.reasons == ["bought the wrong one"]
