"""The life of a voucher."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Refusal
from services.rewards.domain import vouchers
from services.rewards.domain.errors import VoucherOfAnotherReceipt
from services.rewards.domain.reinstatements import GoodsReturn, ReceiptKey, expect_used_on, reinstated_with
from services.rewards.domain.vouchers import Use, Voucher, VoucherState
from tests.factories.rewards import NOON, terms

END = NOON + timedelta(days=30)
USE = Use("store 7", "till 2", "4711")


def voucher(state: VoucherState) -> Voucher:
    found = Voucher(
        program_id=uuid.uuid4(),
        member_id=uuid.uuid4(),
        redemption_id=uuid.uuid4(),
        reward_id=uuid.uuid4(),
        reward_name="Ten off",
        benefit=terms().benefit,
        code="000000000000",
        state=VoucherState.SET_ASIDE,
    )
    if state is VoucherState.SET_ASIDE:
        return found
    return dataclasses.replace(vouchers.made_good(found, 30, NOON), state=state)


@pytest.mark.parametrize(
    ("state", "now", "seen"),
    [
        (VoucherState.SET_ASIDE, NOON, None),
        (VoucherState.VOID, NOON, None),
        (VoucherState.ISSUED, END - timedelta(microseconds=1), VoucherState.ISSUED),
        (VoucherState.ISSUED, END, VoucherState.EXPIRED),
        (VoucherState.USED, END, VoucherState.USED),
        (VoucherState.CANCELLED, END, VoucherState.CANCELLED),
    ],
)
def test_what_others_see_depends_on_the_instant(state: VoucherState, now: datetime, seen: VoucherState | None) -> None:
    found = vouchers.as_seen(voucher(state), now)
    assert (found.state if found else None) is seen


def test_a_good_voucher_is_used() -> None:
    used = vouchers.used(voucher(VoucherState.ISSUED), USE, NOON)
    assert (used.state, used.used_at, used.use) == (VoucherState.USED, NOON, USE)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (VoucherState.SET_ASIDE, "VOUCHER_NOT_FOUND"),
        (VoucherState.VOID, "VOUCHER_NOT_FOUND"),
        (VoucherState.CANCELLED, "VOUCHER_CANCELLED"),
        (VoucherState.USED, "VOUCHER_USED"),
        (VoucherState.ISSUED, "VOUCHER_EXPIRED"),
    ],
)
def test_no_other_is_used_whatever_the_hour(state: VoucherState, reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        vouchers.used(voucher(state), USE, END)
    assert refused.value.reason == reason


def a_used_one(used_at: datetime) -> Voucher:
    return vouchers.used(voucher(VoucherState.ISSUED), USE, used_at)


@given(st.integers(0, 30 * 86_400 - 1), st.integers(0, 10**8))
def test_a_reinstated_voucher_is_good_for_as_long_as_it_still_was(used_after_s: int, paused_s: int) -> None:
    used_at = NOON + timedelta(seconds=used_after_s)
    now = used_at + timedelta(seconds=paused_s)
    again = vouchers.reinstated(a_used_one(used_at), now)
    assert (again.state_at(now), again.used_at, again.use, again.uses) == (VoucherState.ISSUED, None, None, 1)
    assert again.expires_at is not None
    assert again.expires_at - now == END - used_at


def test_a_clock_that_was_set_back_takes_no_time_from_a_voucher() -> None:
    assert vouchers.reinstated(a_used_one(NOON), NOON - timedelta(hours=1)).expires_at == END


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (VoucherState.SET_ASIDE, "VOUCHER_NOT_FOUND"),
        (VoucherState.VOID, "VOUCHER_NOT_FOUND"),
        (VoucherState.CANCELLED, "VOUCHER_CANCELLED"),
        (VoucherState.ISSUED, "VOUCHER_NOT_USED"),
    ],
)
@pytest.mark.parametrize("now", [NOON, END])
def test_no_other_is_reinstated(state: VoucherState, reason: str, now: datetime) -> None:
    with pytest.raises(Refusal) as refused:
        vouchers.reinstated(voucher(state), now)
    assert refused.value.reason == reason


def test_a_reinstated_voucher_is_used_again() -> None:
    again = vouchers.used(vouchers.reinstated(a_used_one(NOON), NOON), USE, NOON)
    assert (again.state, again.uses) == (VoucherState.USED, 2)


RECEIPT = ReceiptKey("pos", "store 7", "till 2", NOON.date(), "4711")


@pytest.mark.parametrize("days", [-2, 0, 2])
def test_a_receipt_is_the_one_of_its_day(days: int) -> None:
    receipt = dataclasses.replace(RECEIPT, business_day=NOON.date() + timedelta(days=days))
    expect_used_on(a_used_one(NOON), receipt)


@pytest.mark.parametrize(
    "other",
    [
        {"store_id": "store 8"},
        {"terminal_id": "till 3"},
        {"receipt_number": "4712"},
        {"business_day": NOON.date() + timedelta(days=3)},
        {"business_day": NOON.date() - timedelta(days=365)},
    ],
)
def test_a_voucher_of_another_receipt_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(VoucherOfAnotherReceipt):
        expect_used_on(a_used_one(NOON), dataclasses.replace(RECEIPT, **other))


def test_a_return_says_reason_and_actor_of_a_reinstatement() -> None:
    receipt = dataclasses.replace(RECEIPT, receipt_number="4712")
    back, return_id = GoodsReturn(receipt, RECEIPT, "17"), uuid.uuid4()
    found = reinstated_with(a_used_one(NOON), NOON, back, return_id)
    assert (found.ordinal, found.return_id, found.actor) == (1, return_id, "17")
    assert found.reason == "return pos/store 7/till 2/2026-03-01/4712"
