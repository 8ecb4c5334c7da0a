"""Requests to `members` as callers would send them, each valid until a test changes what it is about."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import grpc
from loyalty.members.v1 import members_pb2 as pb
from loyalty.members.v1.members_pb2_grpc import MembersServiceStub

from kit.call import Call
from kit.client import Answered, invoke
from kit.errors import Refusal
from services.members.domain.identifiers import Identifier, IdentifierKind
from services.members.domain.members import Member
from services.members.domain.profiles import Profile
from services.members.domain.statuses import MemberStatus
from services.members.domain.traits import Traits
from services.members.sealing import MasterKeys, Pepper

MASTER_KEY = bytes(range(32))
PEPPER = bytes(range(32, 64))

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEADLINE_MS = 20_000


def master_keys() -> MasterKeys:
    return MasterKeys(MASTER_KEY)


def pepper() -> Pepper:
    return Pepper(PEPPER)


def new_id() -> str:
    return str(uuid.uuid4())


@contextlib.contextmanager
def refused(reason: str, **metadata: str | int) -> Iterator[None]:
    """Within this, a request is refused with this reason and at least this metadata."""
    try:
        yield
    except Refusal as refusal:
        expected = {name: str(value) for name, value in metadata.items()}
        assert (refusal.reason, refusal.metadata) == (reason, refusal.metadata | expected)
    else:
        raise AssertionError(f"not refused with {reason}")


# ---- domain values


def identifier(value: str = "CARD-1", kind: IdentifierKind = IdentifierKind.CARD) -> Identifier:
    return Identifier(uuid.uuid4(), kind, value, NOON)


def member(
    *identifiers: Identifier,
    status: MemberStatus = MemberStatus.ACTIVE,
    version: int = 1,
    profile: Profile | None = None,
    traits: Traits | None = None,
) -> Member:
    return Member(
        member_id=uuid.uuid4(),
        program_id=uuid.uuid4(),
        status=status,
        profile=profile or Profile(),
        identifiers=identifiers or (identifier(),),
        version=version,
        enrolled_at=NOON,
        updated_at=NOON,
        traits=traits or Traits(),
    )


# ---- identifiers on the wire


def card(value: str) -> pb.NewIdentifier:
    return pb.NewIdentifier(kind=pb.IDENTIFIER_KIND_CARD, value=value)


def phone(value: str) -> pb.NewIdentifier:
    return pb.NewIdentifier(kind=pb.IDENTIFIER_KIND_PHONE, value=value)


def email(value: str) -> pb.NewIdentifier:
    return pb.NewIdentifier(kind=pb.IDENTIFIER_KIND_EMAIL, value=value)


def external_id(value: str) -> pb.NewIdentifier:
    return pb.NewIdentifier(kind=pb.IDENTIFIER_KIND_EXTERNAL_ID, value=value)


# ---- a caller


class Caller:
    """Somebody who calls `members` over a channel; each write has an idempotency key of its own unless one is given."""

    def __init__(self, channel: grpc.Channel, caller_id: str = "caller-1") -> None:
        self._channel = channel
        self.stub = MembersServiceStub(channel)
        self.call = Call(caller_id)

    def as_caller(self, caller_id: str) -> Caller:
        return Caller(self._channel, caller_id)

    def create_program(
        self, program_id: str = "", *, request_id: str = "", **fields: str
    ) -> Answered[pb.CreateProgramResponse]:
        request = pb.CreateProgramRequest(
            request_id=request_id or new_id(),
            program_id=program_id or new_id(),
            **{"name": "Bazaar", "currency": "PKR", "region": "PK"} | fields,
        )
        return invoke(self.stub.CreateProgram, request, call=self.call, deadline_ms=DEADLINE_MS)

    def program(self, region: str = "PK") -> str:
        """The id of a new program."""
        return self.create_program(region=region).response.program.program_id

    def list_programs(self, page_size: int = 0, page_token: str = "") -> pb.ListProgramsResponse:
        request = pb.ListProgramsRequest(page_size=page_size, page_token=page_token)
        return invoke(self.stub.ListPrograms, request, call=self.call, deadline_ms=DEADLINE_MS).response

    def enrol(
        self,
        program_id: str,
        *identifiers: pb.NewIdentifier,
        profile: pb.Profile | None = None,
        request_id: str = "",
    ) -> Answered[pb.EnrolResponse]:
        request = pb.EnrolRequest(
            program_id=program_id, request_id=request_id or new_id(), identifiers=identifiers, profile=profile
        )
        return invoke(self.stub.Enrol, request, call=self.call, deadline_ms=DEADLINE_MS)

    def member(self, program_id: str, *identifiers: pb.NewIdentifier, profile: pb.Profile | None = None) -> pb.Member:
        """A new member, by default with one card of a random number."""
        return self.enrol(program_id, *identifiers or (card(new_id()),), profile=profile).response.member

    def resolve(self, program_id: str, identifier: pb.NewIdentifier) -> pb.Member:
        request = pb.ResolveMemberRequest(program_id=program_id, identifier=identifier)
        return invoke(self.stub.ResolveMember, request, call=self.call, deadline_ms=DEADLINE_MS).response.member

    def get(self, program_id: str, member_id: str) -> pb.Member:
        request = pb.GetMemberRequest(program_id=program_id, member_id=member_id)
        return invoke(self.stub.GetMember, request, call=self.call, deadline_ms=DEADLINE_MS).response.member

    def update(
        self, member: pb.Member, profile: pb.Profile, *, expected_version: int = 0, request_id: str = ""
    ) -> Answered[pb.UpdateMemberResponse]:
        request = pb.UpdateMemberRequest(
            program_id=member.program_id,
            request_id=request_id or new_id(),
            member_id=member.member_id,
            expected_version=expected_version,
            profile=profile,
        )
        return invoke(self.stub.UpdateMember, request, call=self.call, deadline_ms=DEADLINE_MS)

    def change_status(
        self,
        member: pb.Member,
        status: pb.MemberStatus.ValueType,
        *,
        reason: str = "as agreed",
        expected_version: int = 0,
        request_id: str = "",
    ) -> Answered[pb.ChangeMemberStatusResponse]:
        request = pb.ChangeMemberStatusRequest(
            program_id=member.program_id,
            request_id=request_id or new_id(),
            member_id=member.member_id,
            expected_version=expected_version,
            status=status,
            reason=reason,
        )
        return invoke(self.stub.ChangeMemberStatus, request, call=self.call, deadline_ms=DEADLINE_MS)

    def set_traits(
        self, member: pb.Member, traits: pb.Traits, *, expected_version: int = 0, request_id: str = ""
    ) -> Answered[pb.SetMemberTraitsResponse]:
        request = pb.SetMemberTraitsRequest(
            program_id=member.program_id,
            request_id=request_id or new_id(),
            member_id=member.member_id,
            expected_version=expected_version,
            traits=traits,
        )
        return invoke(self.stub.SetMemberTraits, request, call=self.call, deadline_ms=DEADLINE_MS)

    def add(
        self, member: pb.Member, identifier: pb.NewIdentifier, *, request_id: str = ""
    ) -> Answered[pb.AddIdentifierResponse]:
        request = pb.AddIdentifierRequest(
            program_id=member.program_id,
            request_id=request_id or new_id(),
            member_id=member.member_id,
            identifier=identifier,
        )
        return invoke(self.stub.AddIdentifier, request, call=self.call, deadline_ms=DEADLINE_MS)

    def remove(
        self, member: pb.Member, identifier_id: str, *, request_id: str = ""
    ) -> Answered[pb.RemoveIdentifierResponse]:
        request = pb.RemoveIdentifierRequest(
            program_id=member.program_id,
            request_id=request_id or new_id(),
            member_id=member.member_id,
            identifier_id=identifier_id,
        )
        return invoke(self.stub.RemoveIdentifier, request, call=self.call, deadline_ms=DEADLINE_MS)

    def create_api_key(
        self,
        program_id: str,
        *,
        name: str = "till 4, High Street",
        role: pb.CallerRole.ValueType = pb.CALLER_ROLE_TILL,
        request_id: str = "",
        replaces: str = "",
    ) -> Answered[pb.CreateApiKeyResponse]:
        request = pb.CreateApiKeyRequest(
            program_id=program_id,
            request_id=request_id or new_id(),
            name=name,
            role=role,
            replaces_api_key_id=replaces,
        )
        return invoke(self.stub.CreateApiKey, request, call=self.call, deadline_ms=DEADLINE_MS)

    def list_api_keys(self, program_id: str, page_size: int = 0, page_token: str = "") -> pb.ListApiKeysResponse:
        request = pb.ListApiKeysRequest(program_id=program_id, page_size=page_size, page_token=page_token)
        return invoke(self.stub.ListApiKeys, request, call=self.call, deadline_ms=DEADLINE_MS).response

    def revoke_api_key(
        self, program_id: str, api_key_id: str, *, request_id: str = ""
    ) -> Answered[pb.RevokeApiKeyResponse]:
        request = pb.RevokeApiKeyRequest(
            program_id=program_id, request_id=request_id or new_id(), api_key_id=api_key_id
        )
        return invoke(self.stub.RevokeApiKey, request, call=self.call, deadline_ms=DEADLINE_MS)

    def authenticate(self, key_hash: bytes) -> pb.ApiKey:
        request = pb.AuthenticateApiKeyRequest(key_hash=key_hash)
        return invoke(self.stub.AuthenticateApiKey, request, call=self.call, deadline_ms=DEADLINE_MS).response.api_key
