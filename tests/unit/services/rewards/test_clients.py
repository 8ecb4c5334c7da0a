"""What is asked of `points`, and under which key."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

import pytest

from kit.call import Call
from kit.client import channel
from services.points.domain.errors import HoldOfRedemption
from services.points.domain.ledger.accounts import AccountKey
from services.points.domain.sales.refunds import PlacedHold, PointsRefund, expect_refundable
from services.rewards.clients import GrpcPoints
from tests.factories.rewards import COST, redemption

CALL = Call("rewards")


class Sent(Exception):
    """Carries the request that would have been sent."""


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> GrpcPoints:
    """A client whose every request comes back as an exception."""

    def invoke(_method: object, request: Any, **_: object) -> object:
        raise Sent(request)

    monkeypatch.setattr("services.rewards.clients.invoke", invoke)
    return GrpcPoints(channel("127.0.0.1:1"), deadline_ms=1)


def request_of(points: GrpcPoints, step: str, about: object) -> Any:
    with pytest.raises(Sent) as sent:
        getattr(points, step)(CALL, about)
    return sent.value.args[0]


def test_each_step_has_a_request_id_of_its_own_for_good(points: GrpcPoints) -> None:
    one = dataclasses.replace(redemption(), hold_id=uuid.uuid4(), cancel_note="a mistake")
    other = dataclasses.replace(one, redemption_id=uuid.uuid4())
    steps = ("place_hold", "capture_hold", "release_hold", "reverse_capture")
    ids = [request_of(points, step, about).request_id for about in (one, other) for step in steps]
    assert len(set(ids)) == len(ids)
    # What a redemption has been through does not change the key, nor the request.
    later = dataclasses.replace(one, version=7)
    assert [request_of(points, step, later) for step in steps] == [request_of(points, step, one) for step in steps]


def test_the_hold_is_over_the_price(points: GrpcPoints) -> None:
    about = redemption(wallet="stamps")
    request = request_of(points, "place_hold", about)
    assert (request.member_id, request.wallet, request.amount) == (str(about.member_id), "stamps", COST)
    assert request.reference == f"redemption {about.redemption_id}"
    # By which `points` knows that no return of goods may give these points back.
    hold = PlacedHold(uuid.uuid4(), AccountKey(about.program_id, about.member_id, about.wallet), request.reference)
    with pytest.raises(HoldOfRedemption):
        expect_refundable(hold, PointsRefund(hold.hold_id, 0), about.member_id)
    # None named, so that a setting that changes between two tries cannot make them two different requests.
    assert request.timeout_s == 0
