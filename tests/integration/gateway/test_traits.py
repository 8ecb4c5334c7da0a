"""Traits at the gateway: who may tell them, how they travel, and what is refused before anybody asks."""

from __future__ import annotations

from typing import Any

import pytest
from loyalty.members.v1 import members_pb2

from tests.integration.gateway.conventions import is_problem
from tests.integration.gateway.stage import MEMBER_ID, PROGRAM_ID, Gateway, Puppets, member

PATH = f"/v1/members/{MEMBER_ID}/traits"
TRAITS: dict[str, Any] = {"tier": "gold", "segments": ["vip", "old"], "attributes": {"city": "Lahore"}}


@pytest.fixture(autouse=True)
def setting(puppets: Puppets) -> None:
    puppets.says["SetMemberTraits"] = lambda request: members_pb2.SetMemberTraitsResponse(
        member=member(traits=request.traits, version=4)
    )


def test_traits_are_taken_in_and_told(gateway: Gateway, puppets: Puppets) -> None:
    answer = gateway.caller("staff").put(PATH, {"traits": TRAITS}, version=3)
    told = answer.expect(200)
    (asked,) = puppets.requests("SetMemberTraits")
    assert (asked.program_id, asked.member_id, asked.expected_version) == (PROGRAM_ID, MEMBER_ID, 3)
    assert asked.traits == members_pb2.Traits(**TRAITS)
    assert (told["traits"], told["version"], answer.headers["etag"]) == (TRAITS, 4, '"4"')


def test_what_is_left_out_is_there_no_longer(gateway: Gateway, puppets: Puppets) -> None:
    told = gateway.caller("admin").put(PATH, {"traits": {}}, version="*").expect(200)
    assert told["traits"] == {"tier": None, "segments": [], "attributes": {}}
    (asked,) = puppets.requests("SetMemberTraits")
    assert (asked.traits, asked.expected_version) == (members_pb2.Traits(), 0)


@pytest.mark.parametrize(("role", "may"), [("till", False), ("app", False), ("staff", True), ("admin", True)])
def test_traits_are_for_staff_to_tell_and_for_all_to_see(
    gateway: Gateway, puppets: Puppets, role: str, may: bool
) -> None:
    puppets.says["GetMember"] = members_pb2.GetMemberResponse(member=member(traits=members_pb2.Traits(tier="gold")))
    answer = gateway.caller(role).put(PATH, {"traits": TRAITS}, version=3)
    assert answer.status == 200 if may else is_problem(answer, 403, "ROLE_NOT_ALLOWED")
    assert gateway.caller(role).get(f"/v1/members/{MEMBER_ID}").expect(200)["traits"]["tier"] == "gold"


def test_traits_are_changed_as_they_were_read(gateway: Gateway, puppets: Puppets) -> None:
    answer = gateway.caller("staff").put(PATH, {"traits": TRAITS})
    assert is_problem(answer, 428, "PRECONDITION_REQUIRED")
    assert puppets.requests("SetMemberTraits") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "traits"),
        ({"traits": None}, "traits"),
        ({"traits": TRAITS, "tier": "gold"}, "tier"),
        ({"traits": {"tier": None}}, "traits.tier"),
        ({"traits": {"tier": "t" * 65}}, "traits.tier"),
        ({"traits": {"segments": ["a", "b", "c", ""]}}, "traits.segments[3]"),
        ({"traits": {"segments": ["a", 7]}}, "traits.segments[1]"),
        ({"traits": {"segments": [str(number) for number in range(51)]}}, "traits.segments"),
        ({"traits": {"segments": {"a": "b"}}}, "traits.segments"),
        ({"traits": {"attributes": {"city": "c" * 201}}}, "traits.attributes.city"),
        ({"traits": {"attributes": {"city": 7}}}, "traits.attributes.city"),
        ({"traits": {"attributes": {"City": "x"}}}, "traits.attributes.City"),
        ({"traits": {"attributes": {f"n{number}": "" for number in range(21)}}}, "traits.attributes"),
    ],
)
def test_what_is_malformed_is_named_and_asks_nobody(
    gateway: Gateway, puppets: Puppets, body: dict[str, Any], field: str
) -> None:
    answer = gateway.caller("staff").put(PATH, body, version=3)
    assert is_problem(answer, 422, "INVALID_FIELD")
    assert [each["field"] for each in answer.body["errors"]] == [field]
    assert puppets.requests("SetMemberTraits") == []
