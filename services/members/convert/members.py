"""Members and their identifiers."""

from __future__ import annotations

import re
import uuid
from datetime import date

from loyalty.members.v1 import members_pb2 as pb

from kit.convert import EnumMap, date_of, integer_of, prose_of, request_id_of, text_of, timestamp_of, uuid_of
from kit.errors import Invalid
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
from services.members.domain.identifiers import (
    IDENTIFIERS_MAX,
    VALUE_LENGTH_MAX,
    Identifier,
    IdentifierKind,
    NewIdentifier,
)
from services.members.domain.members import Member
from services.members.domain.profiles import FIELDS, Profile, ProfileChanges
from services.members.domain.statuses import MemberStatus

NAME_LENGTH_MAX = 100
REASON_LENGTH_MAX = 500
LANGUAGE_LENGTH_MAX = 35
VERSION_MAX = 2**63 - 1

KINDS = EnumMap(pb.IdentifierKind, IdentifierKind)
STATUSES = EnumMap(pb.MemberStatus, MemberStatus)

# BCP 47 in outline: a language and what narrows it down. Whether anybody speaks it is no matter of shape.
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


def enrol(request: pb.EnrolRequest) -> Enrol:
    """Reads the request."""
    integer_of(len(request.identifiers), "identifiers", at_least=1, at_most=IDENTIFIERS_MAX)
    given = [new_identifier(each, f"identifiers[{index}]") for index, each in enumerate(request.identifiers)]
    return Enrol(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        identifiers=tuple(given),
        profile=_profile_changes(request.profile).values,
    )


def enrol_response(answer: Member) -> pb.EnrolResponse:
    """Writes the answer."""
    return pb.EnrolResponse(member=member(answer))


def resolve_member(request: pb.ResolveMemberRequest) -> tuple[uuid.UUID, NewIdentifier]:
    """Reads the request."""
    return uuid_of(request.program_id, "program_id"), new_identifier(request.identifier, "identifier")


def get_member(request: pb.GetMemberRequest) -> tuple[uuid.UUID, uuid.UUID]:
    """Reads the request."""
    return uuid_of(request.program_id, "program_id"), uuid_of(request.member_id, "member_id")


def update_member(request: pb.UpdateMemberRequest) -> UpdateMember:
    """Reads the request."""
    return UpdateMember(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        expected_version=_version(request.expected_version),
        changes=_profile_changes(request.profile),
    )


def update_member_response(answer: Member) -> pb.UpdateMemberResponse:
    """Writes the answer."""
    return pb.UpdateMemberResponse(member=member(answer))


def change_member_status(request: pb.ChangeMemberStatusRequest) -> ChangeMemberStatus:
    """Reads the request."""
    return ChangeMemberStatus(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        expected_version=_version(request.expected_version),
        status=STATUSES.to_domain(request.status, "status"),
        reason=prose_of(request.reason, "reason", length_max=REASON_LENGTH_MAX),
    )


def change_member_status_response(answer: Member) -> pb.ChangeMemberStatusResponse:
    """Writes the answer."""
    return pb.ChangeMemberStatusResponse(member=member(answer))


def set_member_traits(request: pb.SetMemberTraitsRequest) -> SetMemberTraits:
    """Reads the request. None at all are told by empty ones: who forgets them shall not erase them."""
    if not request.HasField("traits"):
        raise Invalid("traits", "is missing")
    return SetMemberTraits(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        expected_version=_version(request.expected_version),
        traits=traits_of(request.traits, "traits"),
    )


def set_member_traits_response(answer: Member) -> pb.SetMemberTraitsResponse:
    """Writes the answer."""
    return pb.SetMemberTraitsResponse(member=member(answer))


def restore_member(request: pb.RestoreMemberRequest) -> RestoreMember:
    """Reads the request."""
    if not request.HasField("traits"):
        raise Invalid("traits", "is missing")
    return RestoreMember(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        known_version=integer_of(request.known_version, "known_version", at_least=1, at_most=VERSION_MAX - 1),
        status=STATUSES.to_domain(request.status, "status"),
        traits=traits_of(request.traits, "traits"),
        reason=prose_of(request.reason, "reason", length_max=REASON_LENGTH_MAX),
    )


def restore_member_response(answer: Member) -> pb.RestoreMemberResponse:
    """Writes the answer."""
    return pb.RestoreMemberResponse(member=member(answer))


def add_identifier(request: pb.AddIdentifierRequest) -> AddIdentifier:
    """Reads the request."""
    return AddIdentifier(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        identifier=new_identifier(request.identifier, "identifier"),
    )


def add_identifier_response(answer: Member) -> pb.AddIdentifierResponse:
    """Writes the answer."""
    return pb.AddIdentifierResponse(member=member(answer))


def remove_identifier(request: pb.RemoveIdentifierRequest) -> RemoveIdentifier:
    """Reads the request."""
    return RemoveIdentifier(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        identifier_id=uuid_of(request.identifier_id, "identifier_id"),
    )


def remove_identifier_response(answer: Member) -> pb.RemoveIdentifierResponse:
    """Writes the answer."""
    return pb.RemoveIdentifierResponse(member=member(answer))


def new_identifier(given: pb.NewIdentifier, field: str) -> NewIdentifier:
    """An identifier as a caller gives it; `field` is its path."""
    return NewIdentifier(
        kind=KINDS.to_domain(given.kind, f"{field}.kind"),
        value=text_of(given.value, f"{field}.value", length_max=VALUE_LENGTH_MAX),
    )


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
        given_name=prose_of(given.given_name, "profile.given_name", length_min=0, length_max=NAME_LENGTH_MAX),
        family_name=prose_of(given.family_name, "profile.family_name", length_min=0, length_max=NAME_LENGTH_MAX),
        birth_date=_birth_date(given.birth_date),
        language=_language(given.language),
    )
    named = {descriptor.name for descriptor, _ in given.ListFields()}
    return ProfileChanges(tuple(name for name in FIELDS if name in named), values)


def _birth_date(text: str) -> date | None:
    return date_of(text, "profile.birth_date") if text else None


def _language(text: str) -> str:
    if text and not (_LANGUAGE.fullmatch(text) and len(text) <= LANGUAGE_LENGTH_MAX):
        raise Invalid("profile.language", 'must be a BCP 47 tag, such as "en" or "ur"')
    return text


def _version(number: int) -> int:
    return integer_of(number, "expected_version", at_least=0, at_most=VERSION_MAX)
