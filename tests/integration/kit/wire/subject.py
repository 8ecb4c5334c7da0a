"""A service to talk to: one RPC, whose answer each test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import grpc
from loyalty.members.v1 import members_pb2 as pb
from loyalty.members.v1 import members_pb2_grpc

SERVICE = "loyalty.members.v1.MembersService"
METHOD = f"{SERVICE}/GetMember"

PROGRAM_ID = "6a0f4c1e-3b1d-4a53-9b1e-0a4f6f1f7a11"
MEMBER_ID = "2d9f7a52-54a5-4e35-8b9c-1f2a3b4c5d6e"
REQUEST = pb.GetMemberRequest(program_id=PROGRAM_ID, member_id=MEMBER_ID)
# What the process of these tests answers when it ends, and not before.
FOR_EVER = pb.GetMemberRequest(program_id=PROGRAM_ID, member_id=PROGRAM_ID)

Answer: TypeAlias = Callable[[pb.GetMemberRequest, grpc.ServicerContext], pb.GetMemberResponse]

# What no healthy test ever waits for.
PATIENCE_S = 30.0
DEADLINE_MS = 30_000


class _Subject(members_pb2_grpc.MembersServiceServicer):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def GetMember(  # noqa: N802 - the RPC's name
        self, request: pb.GetMemberRequest, context: grpc.ServicerContext
    ) -> pb.GetMemberResponse:
        return self._answer(request, context)


def subject(answer: Answer) -> object:
    """A servicer that answers GetMember so, and knows nothing else."""
    return cast("Callable[[Answer], Any]", _Subject)(answer)


def echo(request: pb.GetMemberRequest, _context: grpc.ServicerContext) -> pb.GetMemberResponse:
    """Says back what it was asked for."""
    return pb.GetMemberResponse(member=pb.Member(member_id=request.member_id))
