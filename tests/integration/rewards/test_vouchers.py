"""Looking vouchers up and using them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.errors import Conflict, Invalid, NotFound, Precondition
from services.rewards.domain.codes import code_from, printed
from tests.factories.rewards import Caller, Ledger, new_id
from tests.integration.rewards.conftest import MovableClock

Books = Callable[[], None]


@pytest.fixture
def code(caller: Caller, ledger: Ledger) -> str:
    """The code of a good voucher."""
    reward = caller.reward(voucher_validity_days=30)
    return caller.redemption(ledger.member(), reward.reward_id).voucher.code


def test_a_code_is_read_as_people_type_it(caller: Caller, code: str) -> None:
    voucher = caller.voucher(code)
    assert len(code) == len("XXXX-XXXX-XXXX")
    for typed in (code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')} "):
        assert caller.voucher(typed) == voucher
    misread = code.replace("1", "i").replace("0", "o")
    assert caller.voucher(misread) == voucher


def test_a_typing_error_is_told_from_an_unknown_code(caller: Caller, code: str) -> None:
    wrong = ("0" if code[0] != "0" else "1") + code[1:]
    for typed in (wrong, code[:-1], "", "U" * 12):
        with pytest.raises(Invalid) as malformed:
            caller.voucher(typed)
        assert malformed.value.metadata["field"] == "code"
    with pytest.raises(NotFound) as unknown:
        caller.voucher(printed(code_from(bytes(11))))
    assert unknown.value.reason == "VOUCHER_NOT_FOUND"


def test_a_code_is_of_one_program(caller: Caller, code: str) -> None:
    caller.program_id = new_id()
    with pytest.raises(NotFound):
        caller.voucher(code)
    with pytest.raises(NotFound):
        caller.use(code)


def test_a_voucher_is_used_once(caller: Caller, code: str, books: Books) -> None:
    key = new_id()
    used = caller.use(code, request_id=key)
    assert used.response.voucher.state == pb.VOUCHER_STATE_USED
    assert used.response.voucher.HasField("used_at")
    assert caller.voucher(code) == used.response.voucher

    again = caller.use(code, request_id=key)
    assert (again.replayed, again.response) == (True, used.response)
    with pytest.raises(Precondition) as refused:
        caller.use(code)
    assert refused.value.reason == "VOUCHER_USED"
    with pytest.raises(Conflict) as reused:
        caller.use(code, request_id=key, store_id="another")
    assert reused.value.reason == "IDEMPOTENCY_KEY_REUSED"


def test_a_used_voucher_never_expires(caller: Caller, code: str, clock: MovableClock) -> None:
    caller.use(code)
    clock.ahead = timedelta(days=31)
    assert caller.voucher(code).state == pb.VOUCHER_STATE_USED


def test_a_voucher_expires_by_the_clock_alone(caller: Caller, code: str, clock: MovableClock, books: Books) -> None:
    clock.ahead = timedelta(days=30, minutes=-1)
    assert caller.voucher(code).state == pb.VOUCHER_STATE_ISSUED
    clock.ahead = timedelta(days=30)
    voucher = caller.voucher(code)
    assert voucher.state == pb.VOUCHER_STATE_EXPIRED
    redemption = caller.get_redemption(voucher.member_id, voucher.redemption_id)
    assert redemption.state == pb.REDEMPTION_STATE_CONFIRMED
    assert redemption.voucher == voucher
    with pytest.raises(Precondition) as refused:
        caller.use(code)
    assert refused.value.reason == "VOUCHER_EXPIRED"


def test_a_voucher_that_is_not_good_yet_does_not_exist(
    caller: Caller, ledger: Ledger, storage_codes: Callable[[], list[str]]
) -> None:
    ledger.is_away("CaptureHold")
    caller.redemption(ledger.member(), caller.reward().reward_id)
    (code,) = storage_codes()
    with pytest.raises(NotFound):
        caller.voucher(code)
    with pytest.raises(NotFound) as refused:
        caller.use(code)
    assert refused.value.reason == "VOUCHER_NOT_FOUND"


def test_a_voucher_that_never_became_good_does_not_exist(
    caller: Caller, ledger: Ledger, storage_codes: Callable[[], list[str]], books: Books
) -> None:
    ledger.before = lambda name: ledger.expire_holds() if name == "CaptureHold" else None
    caller.redemption(ledger.member(), caller.reward().reward_id)
    (code,) = storage_codes()
    for call in (caller.voucher, caller.use):
        with pytest.raises(NotFound):
            call(code)
