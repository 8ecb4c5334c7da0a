"""Activities at the gateway: who may tell of them, how they find their member, and what is refused at once."""

from __future__ import annotations

from typing import Any

import pytest
from loyalty.members.v1 import members_pb2
from loyalty.points.v1 import accounts_pb2, earning_pb2, explanations_pb2, terms_pb2

from kit.errors import Conflict
from tests.integration.gateway.conventions import is_problem
from tests.integration.gateway.stage import MEMBER_ID, NOON, OTHER_ID, PROGRAM_ID, Gateway, Puppets, member, timestamp

TOLD: dict[str, Any] = {
    "member": {"member_id": MEMBER_ID},
    "kind": "event",
    "name": "app-installed",
    "occurred_at": "2026-03-01T12:00:00Z",
    "source": "app",
    "activity_key": "install-7",
    "store_id": "S1",
    "attributes": {"platform": "android"},
}


class ActivityConflict(Conflict):
    """Recorded with other content."""

    reason = "ACTIVITY_CONFLICT"


def recorded(request: Any) -> earning_pb2.RecordActivityResponse:
    explanation = explanations_pb2.Explanation(
        trigger=terms_pb2.EARNING_TRIGGER_EVENT, effect=terms_pb2.EARNING_EFFECT_FIXED, activity_name=request.name
    )
    activity = earning_pb2.Activity(
        activity_id=OTHER_ID,
        member_id=request.member_id,
        kind=request.kind,
        name=request.name,
        occurred_at=request.occurred_at,
        source=request.source,
        activity_key=request.activity_key,
        store_id=request.store_id,
        attributes=request.attributes,
        earnings=[explanations_pb2.Earning(points=50, wallet="points", explanation=explanation)],
        points_earned=50,
        recorded_at=timestamp(),
        earner=explanations_pb2.Earner(status="active", segments=["vip"], attributes={"city": "Lahore"}),
    )
    account = accounts_pb2.Account(member_id=request.member_id, wallet="points", posted=50, available=50, version=1)
    return earning_pb2.RecordActivityResponse(activity=activity, account=account)


@pytest.fixture(autouse=True)
def telling(puppets: Puppets) -> None:
    puppets.says["RecordActivity"] = recorded
    puppets.says["ResolveMember"] = members_pb2.ResolveMemberResponse(member=member())


def test_an_activity_is_taken_in_and_told_with_what_it_earned(gateway: Gateway, puppets: Puppets) -> None:
    answer = gateway.caller("app").post("/v1/activities", TOLD)
    told = answer.expect(201)
    assert answer.headers["location"] == f"/v1/activities/{OTHER_ID}"
    (asked,) = puppets.requests("RecordActivity")
    assert (asked.program_id, asked.member_id, asked.kind) == (PROGRAM_ID, MEMBER_ID, earning_pb2.ACTIVITY_KIND_EVENT)
    assert (asked.occurred_at.ToDatetime(NOON.tzinfo), dict(asked.attributes)) == (NOON, {"platform": "android"})
    assert told["activity"] | {"earnings": [], "recorded_at": ""} == {
        "activity_id": OTHER_ID,
        "member_id": MEMBER_ID,
        "kind": "event",
        "name": "app-installed",
        "occurred_at": "2026-03-01T12:00:00Z",
        "source": "app",
        "activity_key": "install-7",
        "store_id": "S1",
        "cashier_id": None,
        "attributes": {"platform": "android"},
        "earnings": [],
        "earner": {"status": "active", "tier": None, "segments": ["vip"], "attributes": {"city": "Lahore"}},
        "points_earned": 50,
        "recorded_at": "",
        "sentence": None,
    }
    why = told["activity"]["earnings"][0]["explanation"]
    assert (why["trigger"], why["activity_name"]) == ("event", "app-installed")
    assert told["account"]["available"] == 50


def test_its_member_is_found_by_what_they_show(gateway: Gateway, puppets: Puppets) -> None:
    card = {"identifier": {"kind": "card", "value": "C-77"}}
    gateway.caller("till").post("/v1/activities", TOLD | {"kind": "visit", "name": "", "member": card}).expect(201)
    assert [each.identifier.value for each in puppets.requests("ResolveMember")] == ["C-77"]
    assert [each.member_id for each in puppets.requests("RecordActivity")] == [MEMBER_ID]


@pytest.mark.parametrize(("role", "may"), [("till", True), ("app", True), ("staff", False), ("admin", False)])
def test_systems_tell_of_activities_and_people_read_them(
    gateway: Gateway, puppets: Puppets, role: str, may: bool
) -> None:
    puppets.says["GetActivity"] = earning_pb2.GetActivityResponse(
        activity=recorded(
            earning_pb2.RecordActivityRequest(member_id=MEMBER_ID, kind=earning_pb2.ACTIVITY_KIND_VISIT)
        ).activity
    )
    caller = gateway.caller(role)
    answer = caller.post("/v1/activities", TOLD)
    assert answer.status == 201 if may else is_problem(answer, 403, "ROLE_NOT_ALLOWED")
    read = caller.get(f"/v1/activities/{OTHER_ID}").expect(200)
    assert (read["kind"], read["name"], read["points_earned"]) == ("visit", None, 50)
    assert puppets.requests("GetActivity")[0].activity_id == OTHER_ID


def test_a_replay_is_marked(gateway: Gateway, puppets: Puppets) -> None:
    puppets.replays.add("RecordActivity")
    assert gateway.caller("app").post("/v1/activities", TOLD).replayed


def test_a_key_of_another_activity_is_a_conflict(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["RecordActivity"] = ActivityConflict("recorded with another store_id", fields="store_id")
    assert is_problem(gateway.caller("app").post("/v1/activities", TOLD), 409, "ACTIVITY_CONFLICT")


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "nap"},
        {"name": "App Installed"},
        {"occurred_at": "yesterday"},
        {"source": ""},
        {"activity_key": "x" * 101},
        {"attributes": {f"n{number}": "" for number in range(21)}},
        {"attributes": {"size": 7}},
        {"attributes": {"": "x"}},
        {"attributes": {"size": "x" * 201}},
        {"member": None},
        {"sale": {}},
    ],
    ids=str,
)
def test_what_is_malformed_is_refused_before_any_service_is_called(
    gateway: Gateway, puppets: Puppets, changes: dict[str, Any]
) -> None:
    assert is_problem(gateway.caller("app").post("/v1/activities", TOLD | changes), 422, "INVALID_FIELD")
    assert puppets.requests("RecordActivity") == []
