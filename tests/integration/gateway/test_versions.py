"""The policy of a program changes from the version that was read."""

from __future__ import annotations

import pytest
from loyalty.points.v1 import program_pb2 as pb

from kit.errors import Precondition
from tests.integration.gateway.conventions import is_problem
from tests.integration.gateway.stage import Gateway, Puppets

PATH = "/v1/program-policy"
POLICY = pb.ProgramPolicy(shortfall=pb.SHORTFALL_POLICY_CARRY, version=4)


def test_a_policy_carries_its_version_as_etag(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["GetProgramPolicy"] = pb.GetProgramPolicyResponse(policy=POLICY)
    puppets.says["SetProgramPolicy"] = pb.SetProgramPolicyResponse(policy=POLICY)
    admin = gateway.caller("admin")
    answers = [admin.get(PATH), admin.put(PATH, {"shortfall": "carry"}, version=3)]
    assert [(each.headers["etag"], each.body["version"]) for each in answers] == [('"4"', 4)] * 2
    assert puppets.requests("SetProgramPolicy")[0].expected_version == 3


@pytest.mark.parametrize("version", [None, "*"])
def test_without_a_version_whatever_is_there_is_replaced(
    gateway: Gateway, puppets: Puppets, version: str | None
) -> None:
    puppets.says["SetProgramPolicy"] = pb.SetProgramPolicyResponse(policy=POLICY)
    gateway.caller("admin").put(PATH, {"shortfall": "carry"}, version=version).expect(200)
    assert puppets.requests("SetProgramPolicy")[0].expected_version == 0


def test_a_version_that_cannot_be_is_refused_here_and_an_old_one_by_the_service(
    gateway: Gateway, puppets: Puppets
) -> None:
    old = Precondition("the policy is at version 4", version=4)
    old.reason = "VERSION_MISMATCH"
    puppets.says["SetProgramPolicy"] = old
    admin = gateway.caller("admin")
    assert is_problem(admin.put(PATH, {"shortfall": "carry"}, version="x"), 412, "VERSION_MISMATCH")
    assert is_problem(
        admin.ask("PUT", PATH, {"shortfall": "carry"}, headers={"If-Match": "4"}), 400, "IF_MATCH_INVALID"
    )
    assert puppets.requests("SetProgramPolicy") == []
    assert is_problem(admin.put(PATH, {"shortfall": "carry"}, version=3), 412, "VERSION_MISMATCH")
