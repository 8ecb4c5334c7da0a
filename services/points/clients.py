"""The other services as this one sees them."""

from __future__ import annotations

from uuid import UUID

import grpc
from loyalty.members.v1 import members_pb2 as pb
from loyalty.members.v1 import members_pb2_grpc

from kit import client
from kit.call import Call
from kit.circuit import Circuit, CircuitBounds, guarded
from kit.convert import EnumMap
from kit.errors import Invalid, Kind, Refusal
from services.points.domain.errors import MemberNotFound, MemberUnknownForNow
from services.points.domain.program.policy import KnownMember, MemberStatus

_STATUS = EnumMap(pb.MemberStatus, MemberStatus)


class MembersClient:
    """`members` over gRPC."""

    def __init__(self, channel: grpc.Channel, deadline_ms: int, circuit: Circuit | None = None) -> None:
        self._stub = guarded(members_pb2_grpc.MembersServiceStub(channel), circuit or Circuit(CircuitBounds()))
        self._deadline_ms = deadline_ms

    def member(self, call: Call, program_id: UUID, member_id: UUID) -> KnownMember:
        """What a member may do and what rules may ask of them, asked of `members`."""
        request = pb.GetMemberRequest(program_id=str(program_id), member_id=str(member_id))
        try:
            answered = client.invoke(self._stub.GetMember, request, call=call, deadline_ms=self._deadline_ms)
        except Refusal as refusal:
            if refusal.kind is Kind.NOT_FOUND:
                raise MemberNotFound("the program has no such member", member_id=str(member_id)) from refusal
            raise MemberUnknownForNow("the member is new here and cannot be looked up now, try again") from refusal
        except client.ServiceFailed as failure:
            raise MemberUnknownForNow("the member is new here and cannot be looked up now, try again") from failure
        return _standing(answered.response.member, program_id, member_id)


def _standing(member: pb.Member, program_id: UUID, member_id: UUID) -> KnownMember:
    try:
        status = _STATUS.to_domain(member.status, "status")
    except Invalid as unheard_of:
        # A newer `members` than this process was made for; whoever asked has done nothing wrong.
        raise MemberUnknownForNow("the member has a status that is not known here") from unheard_of
    traits = member.traits
    segments, attributes = tuple(traits.segments), dict(traits.attributes)
    return KnownMember(member_id, program_id, status, member.version, traits.tier, segments, attributes)
