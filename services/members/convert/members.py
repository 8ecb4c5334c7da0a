"""Members and their identifiers."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from loyalty.members.v1 import members_pb2 as pb

from kit.convert import EnumMap, date_of, timestamp_of
from services.members.convert.traits import to_traits, traits_of
from services.members.domain.commands import (
    AddIdentifier,
    ChangeMemberStatus,
    Enrol,
    RemoveIdentifier,
    RestoreMember,
    SetMemberTraits,
    UpdateMember,
)
from services.members.domain.identifiers import Identifier, IdentifierKind, NewIdentifier
from services.members.domain.members import Member
from services.members.domain.profiles import FIELDS, Profile, ProfileChanges
from services.members.domain.statuses import MemberStatus

KINDS = EnumMap(pb.IdentifierKind, IdentifierKind)
STATUSES = EnumMap(pb.MemberStatus, MemberStatus)


def enrol(request: pb.EnrolRequest) -> Enrol:
    """Reads the request."""
    return Enrol(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        identifiers=tuple(map(new_identifier, request.identifiers)),
        profile=_profile_changes(request.profile).values,
    )


def enrol_response(answer: Member) -> pb.EnrolResponse:
    """Writes the answer."""
    return pb.EnrolResponse(member=member(answer))


def resolve_member(request: pb.ResolveMemberRequest) -> tuple[UUID, NewIdentifier]:
    """Reads the request."""
    return UUID(request.program_id), new_identifier(request.identifier)


def get_member(request: pb.GetMemberRequest) -> tuple[UUID, UUID]:
    """Reads the request."""
    return UUID(request.program_id), UUID(request.member_id)


def update_member(request: pb.UpdateMemberRequest) -> UpdateMember:
    """Reads the request."""
    return UpdateMember(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        member_id=UUID(request.member_id),
        expected_version=request.expected_version,
        changes=_profile_changes(request.profile),
    )


def update_member_response(answer: Member) -> pb.UpdateMemberResponse:
    """Writes the answer."""
    return pb.UpdateMemberResponse(member=member(answer))


def change_member_status(request: pb.ChangeMemberStatusRequest) -> ChangeMemberStatus:
    """Reads the request."""
    return ChangeMemberStatus(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        member_id=UUID(request.member_id),
        expected_version=request.expected_version,
        status=STATUSES[request.status],
        reason=request.reason,
    )


def change_member_status_response(answer: Member) -> pb.ChangeMemberStatusResponse:
    """Writes the answer."""
    return pb.ChangeMemberStatusResponse(member=member(answer))


def set_member_traits(request: pb.SetMemberTraitsRequest) -> SetMemberTraits:
    """Reads the request."""
    return SetMemberTraits(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        member_id=UUID(request.member_id),
        expected_version=request.expected_version,
        traits=traits_of(request.traits),
    )


def set_member_traits_response(answer: Member) -> pb.SetMemberTraitsResponse:
    """Writes the answer."""
    return pb.SetMemberTraitsResponse(member=member(answer))


def restore_member(request: pb.RestoreMemberRequest) -> RestoreMember:
    """Reads the request."""
    return RestoreMember(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        member_id=UUID(request.member_id),
        known_version=request.known_version,
        status=STATUSES[request.status],
        traits=traits_of(request.traits),
        reason=request.reason,
    )


def restore_member_response(answer: Member) -> pb.RestoreMemberResponse:
    """Writes the answer."""
    return pb.RestoreMemberResponse(member=member(answer))


def add_identifier(request: pb.AddIdentifierRequest) -> AddIdentifier:
    """Reads the request."""
    return AddIdentifier(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        member_id=UUID(request.member_id),
        identifier=new_identifier(request.identifier),
    )


def add_identifier_response(answer: Member) -> pb.AddIdentifierResponse:
    """Writes the answer."""
    return pb.AddIdentifierResponse(member=member(answer))


def remove_identifier(request: pb.RemoveIdentifierRequest) -> RemoveIdentifier:
    """Reads the request."""
    return RemoveIdentifier(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        member_id=UUID(request.member_id),
        identifier_id=UUID(request.identifier_id),
    )


def remove_identifier_response(answer: Member) -> pb.RemoveIdentifierResponse:
    """Writes the answer."""
    return pb.RemoveIdentifierResponse(member=member(answer))


def new_identifier(given: pb.NewIdentifier) -> NewIdentifier:
    """An identifier as a caller gives it."""
    return NewIdentifier(KINDS[given.kind], given.value)


def member(answer: Member) -> pb.Member:
    """A member on the wire."""
    return pb.Member(
        member_id=str(answer.member_id),
        program_id=str(answer.program_id),
        status=STATUSES.to_proto(answer.status),
        profile=_profile(answer.profile),
        identifiers=[_identifier(each) for each in answer.identifiers],
        version=answer.version,
        enrolled_at=timestamp_of(answer.enrolled_at),
        updated_at=timestamp_of(answer.updated_at),
        traits=to_traits(answer.traits),
    )


def _identifier(answer: Identifier) -> pb.Identifier:
    return pb.Identifier(
        identifier_id=str(answer.identifier_id),
        kind=KINDS.to_proto(answer.kind),
        value=answer.value,
        masked_value=answer.masked_value,
        added_at=timestamp_of(answer.added_at),
    )


def _profile(answer: Profile) -> pb.Profile:
    return pb.Profile(
        given_name=answer.given_name or None,
        family_name=answer.family_name or None,
        birth_date=answer.birth_date.isoformat() if answer.birth_date else None,
        language=answer.language or None,
    )


def _profile_changes(given: pb.Profile) -> ProfileChanges:
    """Which fields are given, and to what they are set; an empty text clears."""
    values = Profile(
        given_name=given.given_name,
        family_name=given.family_name,
        birth_date=_birth_date(given.birth_date),
        language=given.language,
    )
    named = {descriptor.name for descriptor, _ in given.ListFields()}
    return ProfileChanges(tuple(name for name in FIELDS if name in named), values)


def _birth_date(text: str) -> date | None:
    return date_of(text, "profile.birth_date") if text else None
