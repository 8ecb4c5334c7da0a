"""What `points` makes of answers of `members`."""

from __future__ import annotations

import uuid
from typing import Any

import grpc
import pytest
from loyalty.members.v1 import members_pb2 as pb
from loyalty.members.v1.members_pb2_grpc import MembersServiceServicer

from kit import client
from kit.call import Call
from services.points.clients import MembersClient
from services.points.domain.earning.earners import Earner
from services.points.domain.errors import MemberUnknownForNow
from tests.integration.points.served import DEADLINE_MS, serving


def newer_members() -> MembersServiceServicer:
    """Answers with a status more than this process was made for."""
    unheard_of: Any = 99

    def get_member(_: object, request: pb.GetMemberRequest, __: grpc.ServicerContext) -> pb.GetMemberResponse:
        return pb.GetMemberResponse(member=pb.Member(member_id=request.member_id, status=unheard_of, version=1))

    servicer: MembersServiceServicer = type("NewerMembers", (MembersServiceServicer,), {"GetMember": get_member})()
    return servicer


def members_saying(member: pb.Member) -> MembersServiceServicer:
    def get_member(_: object, request: pb.GetMemberRequest, __: grpc.ServicerContext) -> pb.GetMemberResponse:
        return pb.GetMemberResponse(member=member)

    servicer: MembersServiceServicer = type("Saying", (MembersServiceServicer,), {"GetMember": get_member})()
    return servicer


@pytest.mark.parametrize(
    ("traits", "earner"),
    [
        (
            pb.Traits(tier="gold", segments=["old", "vip"], attributes={"city": "Lahore"}),
            Earner("active", "gold", ("old", "vip"), {"city": "Lahore"}),
        ),
        (None, Earner("active")),
    ],
)
def test_the_traits_are_told_with_the_status(traits: pb.Traits | None, earner: Earner) -> None:
    said = pb.Member(status=pb.MEMBER_STATUS_ACTIVE, version=3, traits=traits)
    with serving(members_saying(said)) as address, client.channel(address) as channel:
        member = MembersClient(channel, DEADLINE_MS).member(Call("till-1"), uuid.uuid4(), uuid.uuid4())
    assert (member.earner, member.member_version) == (earner, 3)


def test_a_status_that_nobody_here_knows_is_no_fault_of_the_till() -> None:
    with serving(newer_members()) as address, client.channel(address) as channel:
        members = MembersClient(channel, DEADLINE_MS)
        with pytest.raises(MemberUnknownForNow, match="not known here"):
            members.member(Call("till-1"), uuid.uuid4(), uuid.uuid4())
