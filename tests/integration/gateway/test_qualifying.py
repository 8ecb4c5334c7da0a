"""Qualifying sums through the gateway: what is asked of `points`, what is told, and windows that cannot be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from loyalty.points.v1 import earning_pb2 as pb

from tests.integration.gateway.stage import MEMBER_ID, NOON, PROGRAM_ID, Gateway, Puppets, timestamp

SUMS = f"/v1/members/{MEMBER_ID}/qualifying-sums"
DAY = timedelta(days=1)
WINDOW = pb.QualifyingWindow(occurred_from=timestamp(NOON), occurred_until=timestamp(NOON + DAY))


def an_answer(window: pb.QualifyingWindow, units: int) -> pb.GetQualifyingSumsResponse:
    sums = [pb.QualifyingSum(window=window, units=units)]
    return pb.GetQualifyingSumsResponse(member_id=MEMBER_ID, wallet="miles", sums=sums, read_at=timestamp(NOON + DAY))


def test_a_sum_is_told_with_its_window(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["GetQualifyingSums"] = an_answer(WINDOW, 120)
    instants = [f"{instant:%Y-%m-%dT%H:%M:%SZ}" for instant in (NOON, NOON + DAY)]
    answer = gateway.caller("till").get(f"{SUMS}?wallet=miles&from={instants[0]}&to={instants[1]}")
    assert puppets.requests("GetQualifyingSums") == [
        pb.GetQualifyingSumsRequest(program_id=PROGRAM_ID, member_id=MEMBER_ID, wallet="miles", windows=[WINDOW])
    ]
    assert answer.expect(200) == {
        "member_id": MEMBER_ID,
        "wallet": "miles",
        "occurred_from": instants[0],
        "occurred_until": instants[1],
        "units": 120,
        "read_at": instants[1],
    }


def test_a_window_without_ends_is_for_ever(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["GetQualifyingSums"] = an_answer(pb.QualifyingWindow(), 0)
    body = gateway.caller("app").get(SUMS).expect(200)
    (asked,) = puppets.requests("GetQualifyingSums")
    assert list(asked.windows) == [pb.QualifyingWindow()]
    assert (body["occurred_from"], body["occurred_until"], body["units"]) == (None, None, 0)


@pytest.mark.parametrize("role", ["till", "app", "staff", "admin"])
def test_everybody_may_read_a_sum(gateway: Gateway, puppets: Puppets, role: str) -> None:
    puppets.says["GetQualifyingSums"] = an_answer(WINDOW, 1)
    assert gateway.caller(role).get(SUMS).status == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("to=2026-03-01", "to"),
        ("from=2026-03-01T00:00:00Z&to=2026-03-01T00:00:00Z", "to"),
        ("from=2026-03-01T00:00:00Z&to=2026-03-01T01:00:00%2B02:00", "to"),
        ("wallet=%00", "wallet"),
        ("start=1", "start"),
    ],
)
def test_a_window_that_cannot_be_is_named(gateway: Gateway, query: str, field: str) -> None:
    answer = gateway.caller("admin").get(f"{SUMS}?{query}")
    assert (answer.status, answer.reason) == (422, "INVALID_FIELD")
    assert [each["field"] for each in answer.body["errors"]] == [field]
