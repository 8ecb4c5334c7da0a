"""What services refuse, and what happens to them, as callers see it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest
from google.protobuf.message import Message
from loyalty.members.v1 import members_pb2

from kit.errors import (
    Aborted,
    Conflict,
    Exhausted,
    Forbidden,
    Invalid,
    NotFound,
    Precondition,
    Refusal,
    Unavailable,
)
from tests.fixtures.suite import sale
from tests.fixtures.tills import exchange_of
from tests.fixtures.waiting import wait_until
from tests.integration.gateway.conventions import ENROLMENT, is_problem
from tests.integration.gateway.stage import MEMBER_ID, Gateway, Puppets, member, open_gateway

MEMBER_PATH = f"/v1/members/{MEMBER_ID}"


def saying(kind: type[Refusal], reason: str, **metadata: str | int) -> Refusal:
    refusal = kind("a sentence for people", **metadata)
    refusal.reason = reason
    return refusal


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (saying(NotFound, "MEMBER_NOT_FOUND"), 404),
        (saying(Forbidden, "NOT_YOURS"), 403),
        (saying(Conflict, "IDENTIFIER_TAKEN"), 409),
        (saying(Conflict, "IDEMPOTENCY_KEY_REUSED", fields="identifiers"), 422),
        (saying(Precondition, "MEMBER_TERMINATED"), 409),
        (saying(Precondition, "VERSION_MISMATCH", version=4), 412),
        (saying(Exhausted, "DATABASE_BUSY"), 503),
        (saying(Aborted, "DATABASE_CONTENDED"), 409),
        (saying(Unavailable, "DATABASE_UNAVAILABLE"), 503),
    ],
)
def test_a_refusal_keeps_its_words_on_the_way_out(
    gateway: Gateway, puppets: Puppets, refusal: Refusal, status: int
) -> None:
    puppets.says["Enrol"] = refusal
    answer = gateway.caller("app").post("/v1/members", ENROLMENT)
    assert is_problem(answer, status, refusal.reason)
    assert (answer.body["detail"], answer.body["metadata"]) == ("a sentence for people", refusal.metadata)
    assert ("retry-after" in answer.headers) == isinstance(refusal, Exhausted | Aborted | Unavailable)


def test_the_seconds_to_wait_are_rounded_up(gateway: Gateway, puppets: Puppets) -> None:
    busy = Exhausted("busy", retry_after_ms=2_100)
    busy.reason = "DATABASE_BUSY"
    puppets.says["Enrol"] = busy
    assert gateway.caller("app").post("/v1/members", ENROLMENT).headers["retry-after"] == "3"


def test_a_replayed_refusal_says_so(gateway: Gateway, puppets: Puppets) -> None:
    refusal = saying(Conflict, "IDENTIFIER_TAKEN")
    refusal.replayed = True
    puppets.says["Enrol"] = refusal
    assert gateway.caller("app").post("/v1/members", ENROLMENT).replayed


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("identifiers[0].value", "identifiers[0].value"),
        ("page_token", "cursor"),
        ("request_id", "Idempotency-Key"),
    ],
)
def test_a_field_that_a_service_refuses_is_named_as_the_caller_knows_it(
    gateway: Gateway, puppets: Puppets, field: str, told: str
) -> None:
    puppets.says["Enrol"] = Invalid(field, "is not what it should be")
    answer = gateway.caller("app").post("/v1/members", ENROLMENT)
    assert is_problem(answer, 422, "INVALID_FIELD")
    assert answer.body["errors"] == [{"field": told, "problem": "is not what it should be"}]
    assert answer.body["metadata"]["field"] == told


def test_an_accident_of_a_service_tells_strangers_nothing(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["Enrol"] = RuntimeError("the secret of the house")
    answer = gateway.caller("app").post("/v1/members", ENROLMENT)
    assert is_problem(answer, 500, "INTERNAL")
    assert "secret" not in str(answer.body)


def test_an_answer_that_makes_no_sense_tells_strangers_nothing(gateway: Gateway, puppets: Puppets) -> None:
    unheard_of: int = 99
    puppets.says["Enrol"] = members_pb2.EnrolResponse(member=member(status=unheard_of))
    assert is_problem(gateway.caller("app").post("/v1/members", ENROLMENT), 500, "INTERNAL")


def test_a_service_that_takes_too_long_leaves_the_outcome_open(puppets: Puppets) -> None:
    answered = threading.Event()

    def slowly(_request: object) -> Message:
        answered.wait(60)
        return members_pb2.EnrolResponse(member=member())

    puppets.says["Enrol"] = slowly
    with open_gateway(puppets, write_deadline_ms=100) as gateway:
        answer = gateway.caller("app").post("/v1/members", ENROLMENT)
        answered.set()
        assert is_problem(answer, 504, "SERVICE_TIMEOUT")
        assert "same Idempotency-Key" in answer.body["detail"]
        assert answer.headers["retry-after"] == "1"


def test_a_service_that_is_away_takes_down_only_what_it_owns(puppets: Puppets) -> None:
    with open_gateway(puppets, key_fresh_s=60) as gateway:
        caller = gateway.caller("app")
        caller.get(f"/v1/members/{MEMBER_ID}")
        gateway.members.stop(0)
        assert is_problem(caller.get(f"/v1/members/{MEMBER_ID}"), 503, "SERVICE_UNAVAILABLE")
        assert caller.get("/").status == 200
        assert caller.get("/openapi.json").status == 200


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30, 1.5, "1", True, None])
def test_numbers_that_are_no_int64_are_refused_before_protobuf_sees_them(
    gateway: Gateway, puppets: Puppets, number: object
) -> None:
    body = sale(member_id=MEMBER_ID)
    body["lines"][0]["amount_minor"] = number
    # orjson would not write some of these.
    answer = gateway.caller("till").post("/v1/purchases", json.dumps(body).encode())
    assert is_problem(answer, 422, "INVALID_FIELD")
    assert [each["field"] for each in answer.body["errors"]] == ["lines[0].amount_minor"]
    assert puppets.requests("RecordPurchase") == []


def test_every_wrong_field_is_named_and_no_value_is_repeated(gateway: Gateway) -> None:
    body = {
        "identifiers": [{"kind": "telepathy", "value": "+923001234567"}, {"kind": "phone", "value": "a\u0000b"}],
        "profile": {"given_name": "A" * 101, "birth_date": "31.12.1999", "shoe_size": "forty-three"},
        "secret": "hunter2",
    }
    answer = gateway.caller("app").post("/v1/members", body)
    assert is_problem(answer, 422, "INVALID_FIELD")
    assert {each["field"] for each in answer.body["errors"]} == {
        "identifiers[0].kind",
        "identifiers[1].value",
        "profile.given_name",
        "profile.birth_date",
        "profile.shoe_size",
        "secret",
    }
    for value in ("telepathy", "+923001234567", "AAAA", "31.12.1999", "forty-three", "hunter2"):
        assert value not in str(answer.body)


def test_no_more_than_twenty_wrong_fields_are_named(gateway: Gateway) -> None:
    answer = gateway.caller("till").post("/v1/purchases", sale(lines=[{}] * 500))
    assert len(answer.body["errors"]) == 20


def test_whoever_finds_no_place_is_told_at_once_and_the_others_are_served(puppets: Puppets) -> None:
    gate = threading.Event()

    def held(_request: object) -> Message:
        gate.wait(20)
        return members_pb2.EnrolResponse(member=member())

    puppets.says["Enrol"] = held
    puppets.says["GetMember"] = members_pb2.GetMemberResponse(member=member())
    with open_gateway(puppets, threads=1, waiting_max=1, wait_ms=20_000) as gateway, ThreadPoolExecutor(3) as pool:
        caller = gateway.caller("app")
        first = pool.submit(caller.post, "/v1/members", ENROLMENT)
        wait_until(lambda: len(puppets.requests("Enrol")) == 1, what="the request is under way")
        others = [pool.submit(caller.get, MEMBER_PATH) for _ in range(2)]
        told = next(as_completed(others)).result()
        assert is_problem(told, 503, "GATEWAY_OVERLOADED")
        assert told.headers["retry-after"] == "1"
        gate.set()
        assert first.result().status == 201
        assert sorted(other.result().status for other in others) == [200, 503]
        # A place is given back a moment after the answer has gone out.
        wait_until(lambda: caller.get(MEMBER_PATH).status == 200, what="there is room again")


def test_nobody_waits_longer_than_the_wait(puppets: Puppets) -> None:
    gate = threading.Event()

    def held(_request: object) -> Message:
        gate.wait(20)
        return members_pb2.EnrolResponse(member=member())

    puppets.says["Enrol"] = held
    puppets.says["GetMember"] = members_pb2.GetMemberResponse(member=member())
    with open_gateway(puppets, threads=1, waiting_max=5, wait_ms=50) as gateway, ThreadPoolExecutor(1) as pool:
        caller = gateway.caller("app")
        first = pool.submit(caller.post, "/v1/members", ENROLMENT)
        wait_until(lambda: len(puppets.requests("Enrol")) == 1, what="the request is under way")
        assert is_problem(caller.get(MEMBER_PATH), 503, "GATEWAY_OVERLOADED")
        # Who does not need the same service has places of their own.
        assert caller.get("/").status == 200
        gate.set()
        assert first.result().status == 201


@pytest.mark.parametrize(
    ("path", "rpc", "named", "found"),
    [
        ("/v1/purchases", "RecordPurchase", "sale.lines[0].amount_minor", "lines[0].amount_minor"),
        ("/v1/exchanges", "RecordExchange", "sale.lines[0].amount_minor", "sale.lines[0].amount_minor"),
        ("/v1/exchanges", "RecordExchange", "member_id", "member"),
    ],
)
def test_a_field_is_named_by_its_place_in_the_body(
    gateway: Gateway, puppets: Puppets, path: str, rpc: str, named: str, found: str
) -> None:
    puppets.says[rpc] = Invalid(named, "is wrong")
    answer = gateway.caller("till").post(path, exchange_of("R-1") if rpc == "RecordExchange" else sale())
    assert is_problem(answer, 422, "INVALID_FIELD")
    assert answer.body["errors"] == [{"field": found, "problem": "is wrong"}]
    assert (answer.body["metadata"], answer.body["detail"]) == ({"field": found}, f"{found}: is wrong")


def test_an_identifier_that_cannot_be_is_named_within_the_member(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["ResolveMember"] = Invalid("identifier.value", "is not a phone number")
    phone = {"identifier": {"kind": "phone", "value": "none"}}
    sold = gateway.caller("till").post("/v1/purchases", sale(member=phone))
    asked = gateway.caller("till").post("/v1/members/resolve", phone)
    fields = [answer.body["errors"][0]["field"] for answer in (sold, asked)]
    assert fields == ["member.identifier.value", "identifier.value"]


def test_a_field_is_named_by_its_place_in_the_policy_and_in_the_query(gateway: Gateway, puppets: Puppets) -> None:
    admin = gateway.caller("admin")
    puppets.says["SetProgramPolicy"] = Invalid("policy.transfers.points_max", "must not be less than points_min")
    set_ = admin.put("/v1/program-policy", {"shortfall": "carry", "transfers": {"points_min": 2, "points_max": 1}})
    puppets.says["GetLiability"] = Invalid("valuation.redemption_bp", "is missing")
    period = "from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z"
    read = admin.get(f"/v1/liability?{period}&value_minor=1&revenue_minor=1")
    fields = [answer.body["errors"][0]["field"] for answer in (set_, read)]
    assert fields == ["transfers.points_max", "redemption_bp"]
