"""Making a used voucher good again: by staff, and with a return of what it was used for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, timedelta

import pytest
import sqlalchemy as sa
from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.errors import Conflict, Invalid, NotFound, Precondition
from tests.factories.rewards import Caller, Ledger, goods_return, new_id, reasons, together
from tests.integration.rewards.announced import announced
from tests.integration.rewards.conftest import MovableClock

Books = Callable[[], None]
RECEIPT = {"terminal_id": "till 2", "receipt": "4711"}


@pytest.fixture
def redemption(caller: Caller, ledger: Ledger, books: Books) -> pb.Redemption:
    """One whose voucher is used."""
    found = caller.redemption(ledger.member(), caller.reward(voucher_validity_days=30).reward_id)
    caller.use(found.voucher.code, **RECEIPT)
    return found


@pytest.fixture
def code(redemption: pb.Redemption) -> str:
    return redemption.voucher.code


def test_a_reinstated_voucher_is_good_for_as_long_as_it_still_was(
    caller: Caller, redemption: pb.Redemption, code: str, clock: MovableClock
) -> None:
    used_at = caller.voucher(code).used_at.ToDatetime(UTC)
    clock.ahead = timedelta(days=100)
    again = caller.reinstate(code).response.voucher
    assert (again.state, again.HasField("used_at")) == (pb.VOUCHER_STATE_ISSUED, False)
    left = redemption.voucher.expires_at.ToDatetime(UTC) - used_at
    assert abs(again.expires_at.ToDatetime(UTC) - clock.now() - left) < timedelta(minutes=1)
    assert caller.voucher(code) == again

    clock.ahead += left + timedelta(seconds=1)
    assert caller.voucher(code).state == pb.VOUCHER_STATE_EXPIRED
    with pytest.raises(Precondition) as refused:
        caller.reinstate(code)
    assert refused.value.reason == "VOUCHER_NOT_USED"


def test_it_is_used_again_and_reinstated_again(caller: Caller, code: str) -> None:
    for _ in range(3):
        caller.reinstate(code)
        caller.use(code, **RECEIPT)
    with pytest.raises(Precondition) as refused:
        caller.use(code)
    assert refused.value.reason == "VOUCHER_USED"


def test_its_redemption_is_cancelled_and_then_it_comes_back_no_more(
    caller: Caller, ledger: Ledger, redemption: pb.Redemption, code: str
) -> None:
    caller.reinstate(code)
    caller.cancel(redemption.member_id, redemption.redemption_id)
    assert ledger.available(redemption.member_id) == 1_000
    for act in (caller.reinstate, caller.use):
        with pytest.raises(Precondition) as refused:
            act(code)
        assert refused.value.reason == "VOUCHER_CANCELLED"


def test_a_reinstatement_happens_once_for_a_key(caller: Caller, code: str) -> None:
    key = new_id()
    first = caller.reinstate(code, request_id=key)
    caller.use(code)
    again = caller.reinstate(code, request_id=key)
    assert (again.replayed, again.response) == (True, first.response)
    assert caller.voucher(code).state == pb.VOUCHER_STATE_USED
    with pytest.raises(Conflict) as reused:
        caller.reinstate(code, request_id=key, reason="another one")
    assert reused.value.reason == "IDEMPOTENCY_KEY_REUSED"


def test_what_is_not_used_is_not_reinstated(caller: Caller, ledger: Ledger, code: str) -> None:
    unused = caller.redemption(ledger.member(), caller.reward().reward_id).voucher.code
    with pytest.raises(Precondition) as refused:
        caller.reinstate(unused)
    assert refused.value.reason == "VOUCHER_NOT_USED"
    caller.program_id = new_id()
    with pytest.raises(NotFound):
        caller.reinstate(code)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("reason", ""),
        ("actor", " "),
        ("reason", "call 0300-1234567"),
        ("actor", "a@example.com"),
        ("reason", "x" * 501),
    ],
)
def test_reason_and_actor_are_given_and_hold_no_contacts(caller: Caller, code: str, field: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        caller.reinstate(code, **{field: text})
    assert refused.value.metadata["field"] == field
    assert caller.voucher(code).state == pb.VOUCHER_STATE_USED


# ---- with a return of goods


def test_a_return_gives_back_what_was_used_on_its_receipt(caller: Caller, code: str) -> None:
    back = goods_return("4711")
    assert caller.preview_reinstatement(code, back).state == pb.VOUCHER_STATE_ISSUED
    assert caller.voucher(code).state == pb.VOUCHER_STATE_USED
    assert caller.reinstate_with(code, back).response.voucher.state == pb.VOUCHER_STATE_ISSUED
    assert caller.voucher(code).state == pb.VOUCHER_STATE_ISSUED


@pytest.mark.parametrize(
    "back",
    [
        goods_return("4712"),
        goods_return("4711", store_id="store 8"),
        goods_return("4711", terminal_id="till 3"),
        goods_return("4711", business_day="2020-01-01"),
    ],
)
def test_a_return_of_another_receipt_gives_nothing_back(caller: Caller, code: str, back: pb.GoodsReturn) -> None:
    for act in (caller.preview_reinstatement, caller.reinstate_with):
        with pytest.raises(Precondition) as refused:
            act(code, back)
        assert refused.value.reason == "VOUCHER_OF_ANOTHER_RECEIPT"
    assert caller.voucher(code).state == pb.VOUCHER_STATE_USED


def test_a_return_gives_a_voucher_back_once_under_whatever_key(caller: Caller, code: str) -> None:
    back = goods_return("4711")
    caller.reinstate_with(code, back)
    caller.use(code, **RECEIPT)
    # The same return again finds what it did, and takes nothing from the customer after that.
    assert caller.preview_reinstatement(code, back).state == pb.VOUCHER_STATE_USED
    assert caller.reinstate_with(code, back).response.voucher.state == pb.VOUCHER_STATE_USED
    # Another return of the same receipt is another fact.
    assert caller.reinstate_with(code, goods_return("4711")).response.voucher.state == pb.VOUCHER_STATE_ISSUED


@pytest.mark.parametrize(
    ("back", "field"),
    [
        (pb.GoodsReturn(receipt=goods_return().receipt), "goods_return.original_receipt"),
        (pb.GoodsReturn(original_receipt=goods_return().receipt), "goods_return.receipt"),
        (goods_return(business_day="2026-02-30"), "goods_return.original_receipt.business_day"),
        (goods_return(store_id=""), "goods_return.original_receipt.store_id"),
    ],
)
def test_a_return_that_is_malformed_names_the_field(
    caller: Caller, code: str, back: pb.GoodsReturn, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        caller.reinstate_with(code, back)
    assert refused.value.metadata["field"] == field


# ---- what stays


def test_it_is_announced_without_code_and_reason(
    caller: Caller, redemption: pb.Redemption, code: str, engine: sa.Engine
) -> None:
    expires_at = caller.reinstate(code, reason="order cancelled").response.voucher.expires_at
    caller.use(code)
    found = announced(engine, redemption.redemption_id)
    assert [(kind, version) for kind, version, _ in found] == [
        ("redemption.confirmed", 1),
        ("voucher.used", 2),
        ("voucher.reinstated", 3),
        ("voucher.used", 4),
    ]
    assert found[2][2]["expires_at"] == expires_at.ToDatetime(UTC).isoformat()
    assert "order cancelled" not in str(found)
    assert code.replace("-", "") not in str(found)


def test_each_use_and_each_reinstatement_stays_as_a_row(caller: Caller, code: str, engine: sa.Engine) -> None:
    caller.reinstate(code, reason="order cancelled", actor="b.khan")
    caller.use(code, receipt="4712")
    with engine.connect() as connection:
        uses = connection.execute(
            sa.text(
                "SELECT ordinal, store_id, terminal_id, receipt_number, caller_id FROM voucher_uses ORDER BY ordinal"
            )
        ).all()
        back = connection.execute(
            sa.text("SELECT ordinal, reason, actor, return_id, caller_id FROM voucher_reinstatements")
        ).all()
    assert uses == [(1, "store 7", "till 2", "4711", "till-1"), (2, "store 7", "", "4712", "till-1")]
    assert back == [(1, "order cancelled", "b.khan", None, "till-1")]


# ---- many at once


def test_a_used_voucher_is_reinstated_by_one(caller: Caller, code: str) -> None:
    results = together(16, lambda _: caller.reinstate(code))
    assert Counter(reasons(results)) == {"VOUCHER_NOT_USED": 15}


def test_one_return_sent_many_times_reinstates_once(caller: Caller, code: str, engine: sa.Engine) -> None:
    back = goods_return("4711")
    assert reasons(together(16, lambda _: caller.reinstate_with(code, back))) == []
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM voucher_reinstatements")) == 1


def test_a_reinstated_voucher_is_used_by_one_till(caller: Caller, code: str) -> None:
    caller.reinstate(code)
    results = together(16, lambda _: caller.use(code))
    assert Counter(reasons(results)) == {"VOUCHER_USED": 15}


def test_a_use_and_a_reinstatement_follow_each_other(caller: Caller, code: str, engine: sa.Engine) -> None:
    results = together(16, lambda number: caller.use(code) if number % 2 else caller.reinstate(code))
    refused = Counter(reasons(results))
    assert refused.keys() <= {"VOUCHER_USED", "VOUCHER_NOT_USED"}
    used, back = 1 + 8 - refused["VOUCHER_USED"], 8 - refused["VOUCHER_NOT_USED"]
    assert used - back == (caller.voucher(code).state == pb.VOUCHER_STATE_USED)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM voucher_uses")) == used
        assert connection.scalar(sa.text("SELECT count(*) FROM voucher_reinstatements")) == back


def test_a_reinstatement_and_a_cancellation_leave_one_truth(
    caller: Caller, ledger: Ledger, redemption: pb.Redemption, code: str
) -> None:
    member_id, redemption_id = redemption.member_id, redemption.redemption_id
    results = together(2, lambda number: caller.cancel(member_id, redemption_id) if number else caller.reinstate(code))
    # Either the cancellation came too early, or it found a voucher that is good again.
    if reasons(results):
        assert reasons(results) == ["VOUCHER_USED"]
        assert caller.voucher(code).state == pb.VOUCHER_STATE_ISSUED
    else:
        assert caller.voucher(code).state == pb.VOUCHER_STATE_CANCELLED
        assert ledger.available(member_id) == 1_000
