"""What a till learns of a redemption from the status alone."""

from __future__ import annotations

from typing import Any

import pytest
from loyalty.rewards.v1 import rewards_pb2 as pb

from tests.fixtures.suite import Answer
from tests.integration.gateway.conventions import is_problem
from tests.integration.gateway.stage import MEMBER_ID, OTHER_ID, Gateway, Puppets, timestamp

PATH = f"/v1/members/{MEMBER_ID}/redemptions"


def redemption(state: pb.RedemptionState.ValueType, **changes: Any) -> pb.RedeemResponse:
    usual: dict[str, Any] = {
        "redemption_id": OTHER_ID,
        "member_id": MEMBER_ID,
        "reward_id": OTHER_ID,
        "reward_name": "Tea",
        "cost_points": 100,
        "wallet": "points",
        "state": state,
        "requested_at": timestamp(),
        "updated_at": timestamp(),
    }
    return pb.RedeemResponse(redemption=pb.Redemption(**(usual | changes)))


def redeem(gateway: Gateway) -> Answer:
    return gateway.caller("till").post(PATH, {"reward_id": OTHER_ID})


def test_a_confirmed_one_is_created_with_its_voucher(gateway: Gateway, puppets: Puppets) -> None:
    voucher = pb.Voucher(
        code="AAAA-BBBB-CCCC",
        benefit=pb.Benefit(kind=pb.BENEFIT_KIND_PERCENTAGE_DISCOUNT, basis_points=1_000),
        state=pb.VOUCHER_STATE_ISSUED,
        issued_at=timestamp(),
        expires_at=timestamp(),
    )
    puppets.says["Redeem"] = redemption(pb.REDEMPTION_STATE_CONFIRMED, voucher=voucher)
    answer = redeem(gateway)
    assert (answer.status, answer.headers["location"]) == (201, f"{PATH}/{OTHER_ID}")
    assert answer.body["voucher"]["code"] == "AAAA-BBBB-CCCC"
    assert answer.body["voucher"]["benefit"] == {
        "kind": "percentage_discount",
        "amount_minor": None,
        "currency": None,
        "basis_points": 1_000,
        "sku": None,
    }


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (pb.REDEMPTION_STATE_REQUESTED, "requested"),
        (pb.REDEMPTION_STATE_HELD, "held"),
        (pb.REDEMPTION_STATE_ISSUED, "issued"),
    ],
)
def test_one_on_the_way_is_accepted_and_tells_where_to_look_again(
    gateway: Gateway, puppets: Puppets, state: pb.RedemptionState.ValueType, word: str
) -> None:
    puppets.says["Redeem"] = redemption(state)
    answer = redeem(gateway)
    assert (answer.status, answer.body["state"]) == (202, word)
    assert (answer.headers["location"], answer.headers["retry-after"]) == (f"{PATH}/{OTHER_ID}", "1")


@pytest.mark.parametrize("reason", ["INSUFFICIENT_BALANCE", "SERVICE_TIMEOUT", "VERSION_MISMATCH"])
def test_a_cancelled_one_is_a_problem_that_names_it(gateway: Gateway, puppets: Puppets, reason: str) -> None:
    puppets.says["Redeem"] = redemption(pb.REDEMPTION_STATE_CANCELLED, cancel_reason=reason)
    answer = redeem(gateway)
    assert is_problem(answer, 409, reason)
    assert answer.body["metadata"] == {"redemption_id": OTHER_ID, "location": f"{PATH}/{OTHER_ID}"}


def test_a_cancelled_one_that_is_replayed_says_so(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["Redeem"] = redemption(pb.REDEMPTION_STATE_CANCELLED, cancel_reason="OUT_OF_STOCK")
    puppets.replays.add("Redeem")
    assert redeem(gateway).replayed


def test_a_cancelled_one_can_be_read(gateway: Gateway, puppets: Puppets) -> None:
    found = redemption(pb.REDEMPTION_STATE_CANCELLED, cancel_reason="OUT_OF_STOCK").redemption
    puppets.says["GetRedemption"] = pb.GetRedemptionResponse(redemption=found)
    body = gateway.caller("till").get(f"{PATH}/{OTHER_ID}").expect(200)
    assert (body["state"], body["cancel_reason"], body["voucher"]) == ("cancelled", "OUT_OF_STOCK", None)


@pytest.mark.parametrize(
    ("state", "status"), [(pb.REDEMPTION_STATE_CANCELLED, 200), (pb.REDEMPTION_STATE_CONFIRMED, 202)]
)
def test_a_cancellation_says_whether_the_points_are_back_yet(
    gateway: Gateway, puppets: Puppets, state: pb.RedemptionState.ValueType, status: int
) -> None:
    puppets.says["CancelRedemption"] = pb.CancelRedemptionResponse(redemption=redemption(state).redemption)
    answer = gateway.caller("till").post(f"{PATH}/{OTHER_ID}/cancel", {"reason": "changed their mind"})
    assert answer.status == status
    assert answer.headers.get("retry-after") == ("1" if status == 202 else None)
