"""Redeeming: from points to a voucher, or back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.points.v1 import ledger_pb2
from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.client import invoke
from kit.convert import timestamp_of
from kit.errors import Conflict, Invalid, NotFound, Precondition
from tests.factories.rewards import COST, NOON, Caller, Ledger, new_id
from tests.integration.rewards.conftest import MovableClock

Books = Callable[[], None]
Sweep = Callable[[], None]


def test_a_member_pays_with_points_and_gets_a_voucher(caller: Caller, ledger: Ledger, books: Books) -> None:
    member, reward = ledger.member(250), caller.reward(stock=5)

    redemption = caller.redemption(member, reward.reward_id)

    assert redemption.state == pb.REDEMPTION_STATE_CONFIRMED
    assert (redemption.member_id, redemption.reward_id) == (member, reward.reward_id)
    assert (redemption.reward_name, redemption.cost_points, redemption.wallet) == ("Ten off", COST, "points")
    assert redemption.voucher.state == pb.VOUCHER_STATE_ISSUED
    assert redemption.voucher.benefit == reward.terms.benefit
    days = redemption.voucher.expires_at.ToDatetime() - redemption.voucher.issued_at.ToDatetime()
    assert days == timedelta(days=90)
    assert ledger.available(member) == 250 - COST
    assert caller.get(reward.reward_id).stock == 4
    assert caller.get(reward.reward_id).version == 1
    assert caller.get_redemption(member, redemption.redemption_id) == redemption
    assert caller.voucher(redemption.voucher.code) == redemption.voucher
    assert ledger.calls == ["PlaceHold", "CaptureHold"]


def test_the_hold_names_its_redemption(caller: Caller, ledger: Ledger) -> None:
    redemption = caller.redemption(ledger.member(), caller.reward().reward_id)
    (hold,) = ledger.spent_holds()
    assert hold.reference == f"redemption {redemption.redemption_id}"


def test_a_reward_without_stock_has_no_end(caller: Caller, ledger: Ledger, books: Books) -> None:
    reward = caller.reward()
    assert caller.redemption(ledger.member(), reward.reward_id).state == pb.REDEMPTION_STATE_CONFIRMED
    assert not caller.get(reward.reward_id).HasField("stock")


def test_redemptions_keep_the_terms_they_were_requested_under(caller: Caller, ledger: Ledger) -> None:
    member, reward = ledger.member(), caller.reward()
    redemption = caller.redemption(member, reward.reward_id)

    caller.update(reward.reward_id, name="Twenty off", cost_points=7)

    kept = caller.get_redemption(member, redemption.redemption_id)
    assert (kept.reward_name, kept.cost_points, kept.voucher.reward_name) == ("Ten off", COST, "Ten off")


# ---- Asking again


def test_the_same_request_is_one_redemption(caller: Caller, ledger: Ledger, books: Books) -> None:
    member, reward, key = ledger.member(), caller.reward(stock=5), new_id()

    first = caller.redeem(member, reward.reward_id, request_id=key)
    again = caller.redeem(member, reward.reward_id, request_id=key)

    assert (first.replayed, again.replayed) == (False, True)
    assert again.response == first.response
    assert caller.get(reward.reward_id).stock == 4


def test_a_replay_tells_how_far_the_redemption_has_come_since(
    caller: Caller, ledger: Ledger, sweep: Sweep, books: Books
) -> None:
    member, reward, key = ledger.member(), caller.reward(), new_id()
    ledger.is_away("CaptureHold")
    first = caller.redeem(member, reward.reward_id, request_id=key).response.redemption
    assert first.state == pb.REDEMPTION_STATE_ISSUED
    ledger.is_back()
    sweep()

    again = caller.redeem(member, reward.reward_id, request_id=key)

    assert again.replayed
    assert again.response.redemption.redemption_id == first.redemption_id
    assert again.response.redemption.state == pb.REDEMPTION_STATE_CONFIRMED


def test_a_key_names_one_wish(caller: Caller, ledger: Ledger) -> None:
    member, key = ledger.member(), new_id()
    caller.redeem(member, caller.reward().reward_id, request_id=key)
    with pytest.raises(Conflict) as refused:
        caller.redeem(member, caller.reward().reward_id, request_id=key)
    assert (refused.value.reason, refused.value.metadata["fields"]) == ("IDEMPOTENCY_KEY_REUSED", "reward_id")


# ---- Refused outright, with nothing recorded


def test_an_unknown_reward_is_refused(caller: Caller, ledger: Ledger) -> None:
    with pytest.raises(NotFound) as refused:
        caller.redeem(ledger.member(), new_id())
    assert refused.value.reason == "REWARD_NOT_FOUND"


def test_a_reward_of_another_program_is_unknown(address: str, caller: Caller, ledger: Ledger) -> None:
    reward = caller.reward()
    caller.program_id = new_id()
    with pytest.raises(NotFound, match="no such reward"):
        caller.redeem(ledger.member(), reward.reward_id)


def test_a_reward_that_has_not_started_is_refused_and_stays_so(
    caller: Caller, ledger: Ledger, clock: MovableClock
) -> None:
    member, key = ledger.member(), new_id()
    reward = caller.reward(starts_at=timestamp_of(clock.now() + timedelta(hours=1)))
    for expected in (False, True):
        with pytest.raises(Precondition) as refused:
            caller.redeem(member, reward.reward_id, request_id=key)
        assert (refused.value.reason, refused.value.replayed) == ("REWARD_NOT_STARTED", expected)
        clock.ahead = timedelta(hours=2)
    assert caller.redemption(member, reward.reward_id).state == pb.REDEMPTION_STATE_CONFIRMED


def test_a_reward_that_has_ended_is_refused(caller: Caller, ledger: Ledger) -> None:
    reward = caller.reward(ends_at=timestamp_of(NOON.replace(year=2020)))
    with pytest.raises(Precondition) as refused:
        caller.redeem(ledger.member(), reward.reward_id)
    assert refused.value.reason == "REWARD_ENDED"


def test_a_reward_that_is_out_of_stock_is_refused(caller: Caller, ledger: Ledger, books: Books) -> None:
    reward = caller.reward(stock=0)
    with pytest.raises(Precondition) as refused:
        caller.redeem(ledger.member(), reward.reward_id)
    assert refused.value.reason == "OUT_OF_STOCK"
    assert ledger.calls == []


def test_a_limit_per_member_is_one_members_own(caller: Caller, ledger: Ledger, books: Books) -> None:
    member, reward = ledger.member(), caller.reward(limit_per_member=2)
    caller.redemption(member, reward.reward_id)
    caller.redemption(member, reward.reward_id)
    with pytest.raises(Precondition) as refused:
        caller.redeem(member, reward.reward_id)
    assert (refused.value.reason, refused.value.metadata["limit_per_member"]) == ("LIMIT_REACHED", "2")
    assert caller.redemption(ledger.member(), reward.reward_id).state == pb.REDEMPTION_STATE_CONFIRMED


def test_guards_are_met_in_order(caller: Caller, ledger: Ledger) -> None:
    past, future = Timestamp(seconds=1), Timestamp(seconds=4_000_000_000)
    member = ledger.member()
    worst = caller.reward(stock=0, starts_at=future, ends_at=future, limit_per_member=1)
    ended = caller.reward(stock=0, ends_at=past)
    for reward, reason in ((worst, "REWARD_NOT_STARTED"), (ended, "REWARD_ENDED")):
        with pytest.raises(Precondition) as refused:
            caller.redeem(member, reward.reward_id)
        assert refused.value.reason == reason


@pytest.mark.parametrize(
    "changes", [{"member_id": ""}, {"member_id": "4711"}, {"reward_id": ""}, {"request_id": ""}, {"program_id": "x"}]
)
def test_a_malformed_request_is_refused(caller: Caller, changes: dict[str, str]) -> None:
    fields = {"program_id": new_id(), "request_id": new_id(), "member_id": new_id(), "reward_id": new_id()}
    with pytest.raises(Invalid) as refused:
        _raw_redeem(caller, pb.RedeemRequest(**fields | changes))
    assert refused.value.metadata["field"] == next(iter(changes))


# ---- Turned back before the pivot


def test_too_few_points_cancel_the_redemption(caller: Caller, ledger: Ledger, books: Books) -> None:
    member, reward = ledger.member(COST - 1), caller.reward(stock=1, limit_per_member=1)

    redemption = caller.redemption(member, reward.reward_id)

    assert (redemption.state, redemption.cancel_reason) == (pb.REDEMPTION_STATE_CANCELLED, "INSUFFICIENT_BALANCE")
    assert not redemption.HasField("voucher")
    assert caller.get(reward.reward_id).stock == 1
    # The try does not count against the limit.
    ledger.balances[member] = COST
    assert caller.redemption(member, reward.reward_id).state == pb.REDEMPTION_STATE_CONFIRMED


def test_a_unit_that_another_took_meanwhile_cancels_the_redemption(
    caller: Caller, ledger: Ledger, books: Books
) -> None:
    member, reward = ledger.member(), caller.reward(stock=1, limit_per_member=1)
    ledger.before = lambda name: _empty(caller, reward, name == "PlaceHold")

    redemption = caller.redemption(member, reward.reward_id)

    assert (redemption.state, redemption.cancel_reason) == (pb.REDEMPTION_STATE_CANCELLED, "OUT_OF_STOCK")
    assert ledger.available(member) == 1_000
    assert ledger.calls == ["PlaceHold", "ReleaseHold"]


def test_a_hold_that_ran_out_cancels_the_redemption(caller: Caller, ledger: Ledger, books: Books) -> None:
    member, reward = ledger.member(), caller.reward(stock=1)
    ledger.before = lambda name: ledger.expire_holds() if name == "CaptureHold" else None

    redemption = caller.redemption(member, reward.reward_id)

    assert (redemption.state, redemption.cancel_reason) == (pb.REDEMPTION_STATE_CANCELLED, "HOLD_EXPIRED")
    assert not redemption.HasField("voucher")
    assert caller.get(reward.reward_id).stock == 1


# ---- Not known how a step ended


@pytest.mark.parametrize(
    ("lost", "state"),
    [("PlaceHold", pb.REDEMPTION_STATE_REQUESTED), ("CaptureHold", pb.REDEMPTION_STATE_ISSUED)],
)
@pytest.mark.parametrize("has_effect", [False, True])
def test_an_unknown_step_is_told_as_it_stands_and_finished_by_the_sweeper(
    caller: Caller,
    ledger: Ledger,
    sweep: Sweep,
    books: Books,
    lost: str,
    state: pb.RedemptionState.ValueType,
    has_effect: bool,
) -> None:
    member, reward = ledger.member(), caller.reward(stock=3)
    (ledger.loses_answers if has_effect else ledger.is_away)(lost)

    redemption = caller.redemption(member, reward.reward_id)
    assert redemption.state == state
    assert not redemption.HasField("voucher")
    sweep()
    assert caller.get_redemption(member, redemption.redemption_id).state == state

    ledger.is_back()
    sweep()
    assert caller.get_redemption(member, redemption.redemption_id).state == pb.REDEMPTION_STATE_CONFIRMED
    assert ledger.available(member) == 1_000 - COST
    assert caller.get(reward.reward_id).stock == 2


def test_a_capture_that_the_ledger_has_forgotten_is_still_a_capture(
    caller: Caller, ledger: Ledger, sweep: Sweep, books: Books
) -> None:
    member, reward = ledger.member(), caller.reward()
    ledger.loses_answers("CaptureHold")
    redemption = caller.redemption(member, reward.reward_id)
    ledger.is_back()
    ledger.answers.clear()

    sweep()

    assert caller.get_redemption(member, redemption.redemption_id).state == pb.REDEMPTION_STATE_CONFIRMED


def test_a_hold_that_cannot_be_released_keeps_the_redemption_open(
    caller: Caller, ledger: Ledger, sweep: Sweep, books: Books
) -> None:
    member, reward = ledger.member(), caller.reward(stock=1)

    def before(name: str) -> None:
        _empty(caller, reward, name == "PlaceHold")
        if name == "ReleaseHold":
            raise ConnectionError("an accident of the ledger")

    ledger.before = before
    redemption = caller.redemption(member, reward.reward_id)
    assert (redemption.state, redemption.cancel_reason) == (pb.REDEMPTION_STATE_HELD, "")

    ledger.is_back()
    ledger.expire_holds()
    sweep()

    over = caller.get_redemption(member, redemption.redemption_id)
    assert (over.state, over.cancel_reason) == (pb.REDEMPTION_STATE_CANCELLED, "OUT_OF_STOCK")


def test_a_hold_that_the_ledger_does_not_know_cancels_the_redemption(
    caller: Caller, ledger: Ledger, books: Books
) -> None:
    member, reward = ledger.member(), caller.reward(stock=1)
    ledger.before = lambda name: ledger.holds.clear() if name == "CaptureHold" else None
    redemption = caller.redemption(member, reward.reward_id)
    assert (redemption.state, redemption.cancel_reason) == (pb.REDEMPTION_STATE_CANCELLED, "HOLD_NOT_FOUND")
    assert caller.get(reward.reward_id).stock == 1


def test_a_redemption_that_turned_back_after_its_points_were_spent_waits_for_a_person(
    caller: Caller, ledger: Ledger, sweep: Sweep
) -> None:
    member, reward = ledger.member(), caller.reward(stock=1)

    def before(name: str) -> None:
        _empty(caller, reward, name == "PlaceHold")
        if name == "ReleaseHold":
            # Nobody but this redemption should ever touch its hold.
            for hold in ledger.open_holds():
                hold.state, hold.captured = ledger_pb2.HOLD_STATE_CAPTURED, hold.amount

    ledger.before = before
    redemption = caller.redemption(member, reward.reward_id)
    sweep()
    assert caller.get_redemption(member, redemption.redemption_id).state == pb.REDEMPTION_STATE_HELD


def test_an_unknown_redemption_is_not_found(caller: Caller, ledger: Ledger) -> None:
    redemption = caller.redemption(ledger.member(), caller.reward().reward_id)
    for member_id, redemption_id in ((new_id(), redemption.redemption_id), (redemption.member_id, new_id())):
        with pytest.raises(NotFound) as refused:
            caller.get_redemption(member_id, redemption_id)
        assert refused.value.reason == "REDEMPTION_NOT_FOUND"


def _empty(caller: Caller, reward: pb.Reward, now: bool) -> None:
    if now:
        caller.update(reward.reward_id, stock=0, limit_per_member=reward.terms.limit_per_member)


def _raw_redeem(caller: Caller, request: pb.RedeemRequest) -> None:
    invoke(caller.stub.Redeem, request, call=caller.call, deadline_ms=10_000)
