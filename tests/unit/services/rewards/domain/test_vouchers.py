"""The life of a voucher."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import datetime, timedelta

import pytest

from kit.errors import Refusal
from services.rewards.domain import vouchers
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
