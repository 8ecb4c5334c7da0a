"""How a sale finds its member."""

from __future__ import annotations

from typing import Any

import pytest
from loyalty.members.v1 import members_pb2
from loyalty.points.v1 import sales_pb2

from kit.errors import NotFound, Unavailable
from tests.fixtures.suite import sale
from tests.integration.gateway.conventions import is_problem
from tests.integration.gateway.stage import MEMBER_ID, PROGRAM_ID, Gateway, Puppets, member, open_gateway, timestamp

PHONE = {"identifier": {"kind": "phone", "value": "0300 1234567"}}


class MemberNotFound(NotFound):
    """No such member."""

    reason = "MEMBER_NOT_FOUND"


class DatabaseUnavailable(Unavailable):
    """What `members` says while its database is away."""

    reason = "DATABASE_UNAVAILABLE"


def recorded(request: Any) -> sales_pb2.RecordPurchaseResponse:
    purchase = sales_pb2.Purchase(
        purchase_id=MEMBER_ID, member_id=request.member_id, sale=request.sale, recorded_at=timestamp()
    )
    return sales_pb2.RecordPurchaseResponse(purchase=purchase)


@pytest.fixture(autouse=True)
def selling(puppets: Puppets) -> None:
    puppets.says["RecordPurchase"] = recorded
    puppets.says["ResolveMember"] = members_pb2.ResolveMemberResponse(member=member())


def test_a_member_known_by_id_is_not_looked_up(gateway: Gateway, puppets: Puppets) -> None:
    gateway.caller("till").post("/v1/purchases", sale(member_id=MEMBER_ID.upper())).expect(201)
    assert puppets.requests("RecordPurchase")[0].member_id == MEMBER_ID
    assert puppets.requests("ResolveMember") == []


@pytest.mark.parametrize("changes", [{}, {"member": None}])
def test_a_sale_without_a_member_is_anonymous(gateway: Gateway, puppets: Puppets, changes: dict[str, Any]) -> None:
    answer = gateway.caller("till").post("/v1/purchases", sale(**changes)).expect(201)
    assert (answer["purchase"]["member_id"], answer["account"]) == (None, None)
    assert puppets.requests("RecordPurchase")[0].member_id == ""


def test_an_identifier_is_resolved_within_the_program_and_remembered(gateway: Gateway, puppets: Puppets) -> None:
    caller = gateway.caller("till")
    for _ in range(3):
        caller.post("/v1/purchases", sale(member={"identifier": {"kind": "phone", "value": "0300 7654321"}})).expect(
            201
        )
    asked = puppets.requests("ResolveMember")
    assert [(each.program_id, each.identifier.value) for each in asked] == [(PROGRAM_ID, "0300 7654321")]
    assert [each.member_id for each in puppets.requests("RecordPurchase")] == [MEMBER_ID] * 3


def test_an_unknown_identifier_records_nothing_and_is_asked_for_again(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["ResolveMember"] = MemberNotFound("no member has this identifier")
    caller = gateway.caller("till")
    for _ in range(2):
        answer = caller.post("/v1/purchases", sale(member={"identifier": {"kind": "card", "value": "C-404"}}))
        assert is_problem(answer, 404, "MEMBER_NOT_FOUND")
    assert (len(puppets.requests("ResolveMember")), puppets.requests("RecordPurchase")) == (2, [])


def test_a_remembered_identifier_serves_while_members_is_away(puppets: Puppets) -> None:
    with open_gateway(puppets, identifier_fresh_s=0) as gateway:
        caller = gateway.caller("till")
        caller.post("/v1/purchases", sale(member=PHONE)).expect(201)
        puppets.says["ResolveMember"] = DatabaseUnavailable("the service cannot reach its database, try again")
        caller.post("/v1/purchases", sale(member=PHONE)).expect(201)
        other = {"identifier": {"kind": "phone", "value": "0300 0000000"}}
        assert is_problem(caller.post("/v1/purchases", sale(member=other)), 503, "DATABASE_UNAVAILABLE")
        gateway.members.stop(0)
        caller.post("/v1/purchases", sale(member=PHONE)).expect(201)


@pytest.mark.parametrize(
    "reference",
    [{}, {"member_id": MEMBER_ID, **PHONE}, {"member_id": "42"}, {"identifier": {"kind": "phone"}}, "42"],
)
def test_a_member_is_named_in_one_way(gateway: Gateway, puppets: Puppets, reference: object) -> None:
    answer = gateway.caller("till").post("/v1/purchases", sale(member=reference))
    assert is_problem(answer, 422, "INVALID_FIELD")
    assert all(each["field"].startswith("member") for each in answer.body["errors"])
    assert not any("By" in each["field"] for each in answer.body["errors"])


@pytest.mark.parametrize(
    "occurred_at",
    [
        "2026-03-01",
        "2026-03-01T12:00:00",
        "2026-03-01 12:00:00Z",
        1772366400,
        "1772366400",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_an_instant_is_written_as_rfc_3339_writes_it(gateway: Gateway, occurred_at: object) -> None:
    answer = gateway.caller("till").post("/v1/purchases", sale(occurred_at=occurred_at))
    assert is_problem(answer, 422, "INVALID_FIELD")
    assert [each["field"] for each in answer.body["errors"]] == ["occurred_at"]


def test_instants_come_back_in_utc(gateway: Gateway) -> None:
    answer = gateway.caller("till").post("/v1/purchases", sale(occurred_at="2026-03-01T17:00:00.25+05:00")).expect(201)
    assert answer["purchase"]["occurred_at"] == "2026-03-01T12:00:00.250000Z"


def test_a_recorded_purchase_says_where_it_stands(gateway: Gateway) -> None:
    answer = gateway.caller("till").post("/v1/purchases", sale())
    assert answer.headers["location"] == f"/v1/purchases/{MEMBER_ID}"


def test_a_preview_needs_no_key_and_resolves_too(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["PreviewPurchase"] = lambda request: sales_pb2.PreviewPurchaseResponse(
        purchase=sales_pb2.Purchase(member_id=request.member_id, sale=request.sale)
    )
    answer = gateway.caller("till").post("/v1/purchases/preview", sale(member=PHONE), key="").expect(200)
    assert (answer["purchase"]["member_id"], answer["purchase"]["recorded_at"]) == (MEMBER_ID, None)
