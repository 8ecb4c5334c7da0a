"""Every step of a redemption, and none but those."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from services.rewards.domain import redemptions
from services.rewards.domain.codes import code_from
from services.rewards.domain.errors import RedemptionInProgress, VoucherExpired, VoucherUsed
from services.rewards.domain.redemptions import OutOfStepError, Redemption, RedemptionState, Step, next_step
from services.rewards.domain.vouchers import Use, VoucherState
from tests.factories.rewards import NOON, redemption

HOLD = uuid.uuid4()
CODE = code_from(bytes(11))
USE = Use("store 7", "", "")
LATER = NOON + timedelta(days=1)


def requested() -> Redemption:
    return redemption(limit_per_member=2)


def held() -> Redemption:
    return redemptions.held(requested(), HOLD, NOON)


def issued() -> Redemption:
    return redemptions.issued(held(), CODE, is_stock_taken=True, now=NOON)


def confirmed() -> Redemption:
    return redemptions.confirmed(issued(), NOON)


def refused_late() -> Redemption:
    return redemptions.refused(issued(), "HOLD_EXPIRED", NOON)


def cancelling() -> Redemption:
    return redemptions.cancel_requested(confirmed(), "a mistake", NOON)


def cancelled() -> Redemption:
    return redemptions.cancelled(cancelling(), LATER)


STEPS: dict[Callable[[], Redemption], Step | None] = {
    requested: Step.HOLD,
    held: Step.ISSUE,
    issued: Step.CAPTURE,
    confirmed: None,
    refused_late: Step.RELEASE,
    cancelling: Step.REVERSE,
    cancelled: None,
}
MOVES: dict[str, tuple[Callable[[Redemption], Redemption], set[Step]]] = {
    "held": (lambda each: redemptions.held(each, HOLD, NOON), {Step.HOLD}),
    "issued": (lambda each: redemptions.issued(each, CODE, is_stock_taken=True, now=NOON), {Step.ISSUE}),
    "confirmed": (lambda each: redemptions.confirmed(each, NOON), {Step.CAPTURE}),
    "refused": (lambda each: redemptions.refused(each, "NO", NOON), {Step.HOLD, Step.ISSUE, Step.CAPTURE}),
    "cancelled": (lambda each: redemptions.cancelled(each, NOON), {Step.RELEASE, Step.REVERSE}),
}


@pytest.mark.parametrize("state", STEPS, ids=lambda state: state.__name__)
def test_the_row_alone_says_what_comes_next(state: Callable[[], Redemption]) -> None:
    assert next_step(state()) is STEPS[state]


@pytest.mark.parametrize("state", STEPS, ids=lambda state: state.__name__)
@pytest.mark.parametrize("move", MOVES)
def test_a_move_is_made_from_its_own_step_only(state: Callable[[], Redemption], move: str) -> None:
    make, steps = MOVES[move]
    if STEPS[state] in steps:
        make(state())
        return
    with pytest.raises(OutOfStepError):
        make(state())


def test_a_voucher_becomes_good_when_the_points_are_spent() -> None:
    before, after = issued(), confirmed()
    assert before.voucher is not None
    assert after.voucher is not None
    assert (before.voucher.state, before.voucher.expires_at) == (VoucherState.SET_ASIDE, None)
    assert (after.voucher.state, after.voucher.expires_at) == (VoucherState.ISSUED, NOON + timedelta(days=90))


def test_a_no_to_the_hold_is_the_end() -> None:
    over = redemptions.refused(requested(), "INSUFFICIENT_BALANCE", LATER)
    assert (over.state, over.cancel_reason, over.updated_at) == (
        RedemptionState.CANCELLED,
        "INSUFFICIENT_BALANCE",
        LATER,
    )


def test_a_no_after_the_hold_is_written_down_before_the_hold_goes() -> None:
    turned = redemptions.refused(held(), "OUT_OF_STOCK", NOON)
    assert (turned.state, turned.cancel_reason) == (RedemptionState.HELD, "OUT_OF_STOCK")
    assert redemptions.cancelled(turned, NOON).state is RedemptionState.CANCELLED


def test_a_voucher_that_was_set_aside_is_void_in_the_end() -> None:
    over = redemptions.cancelled(refused_late(), LATER)
    assert over.voucher is not None
    assert over.voucher.state is VoucherState.VOID
    assert redemptions.as_seen(over, LATER).voucher is None


def test_a_cancellation_kills_the_voucher_before_the_points_come_back() -> None:
    turned = cancelling()
    assert turned.voucher is not None
    assert (turned.state, turned.voucher.state) == (RedemptionState.CONFIRMED, VoucherState.CANCELLED)
    assert (turned.cancel_reason, turned.cancel_note) == ("CANCELLED_ON_REQUEST", "a mistake")


@pytest.mark.parametrize("state", [cancelling, cancelled])
def test_cancelling_twice_changes_nothing(state: Callable[[], Redemption]) -> None:
    before = state()
    assert redemptions.cancel_requested(before, "again", LATER) is before


@pytest.mark.parametrize("state", [requested, held, issued, refused_late])
def test_nothing_is_cancelled_while_it_is_under_way(state: Callable[[], Redemption]) -> None:
    with pytest.raises(RedemptionInProgress) as refused:
        redemptions.cancel_requested(state(), "no", LATER)
    assert not refused.value.is_final


def test_a_used_or_expired_voucher_cannot_be_cancelled() -> None:
    used = redemptions.voucher_used(confirmed(), USE, LATER)
    with pytest.raises(VoucherUsed):
        redemptions.cancel_requested(used, "no", LATER)
    with pytest.raises(VoucherExpired):
        redemptions.cancel_requested(confirmed(), "no", NOON + timedelta(days=90))


def test_versions_count_what_is_announced() -> None:
    versions = [state().version for state in (requested, held, issued, confirmed, cancelling, cancelled)]
    assert versions == [0, 0, 0, 1, 1, 2]
    assert redemptions.voucher_used(confirmed(), USE, LATER).version == 2


def test_a_redemption_without_a_voucher_has_none_to_give() -> None:
    broken = dataclasses.replace(confirmed(), voucher=None)
    with pytest.raises(OutOfStepError):
        redemptions.voucher_of(broken)
