"""Members: enrol, find, change."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from loyalty.members.v1 import members_pb2 as pb

from gateway.context import request_context
from gateway.contract import route
from gateway.invalidations import InvalidationKind
from gateway.openapi import operation_id
from gateway.policy import sees_personal_data
from gateway.replies import reply
from gateway.suite import count_lookups, invalidating, read, suite, write
from gateway.wire.enums import number_of
from gateway.wire.members import (
    AddIdentifierBody,
    EnrolBody,
    IdentifierPath,
    Member,
    MemberChange,
    MemberPath,
    ResolveBody,
    StatusChange,
    TraitsBody,
    member_of,
)

blueprint = APIBlueprint(
    "members",
    __name__,
    operation_id_callback=operation_id,
    abp_tags=[Tag(name="members", description="Who someone is.")],
)


def _told(member: pb.Member, status: int = HTTPStatus.OK, *, replayed: bool = False, location: str = "") -> Response:
    model = member_of(member, personal=sees_personal_data(request_context().known_caller))
    return reply(model, status, version=member.version, replayed=replayed, location=location)


@route(blueprint, responses={HTTPStatus.CREATED: Member})
def enrol(body: EnrolBody) -> Response:
    """Enrol a member"""
    # A refusal tells which identifiers are members' already.
    count_lookups(len(body.identifiers))
    request = pb.EnrolRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        identifiers=[identifier.to_proto() for identifier in body.identifiers],
        profile=body.profile.to_proto(clearing=False),
    )
    answered = write(suite().clients.members.Enrol, request)
    member = answered.response.member
    location = f"/v1/members/{member.member_id}"
    return _told(member, HTTPStatus.CREATED, replayed=answered.replayed, location=location)


@route(blueprint, responses={HTTPStatus.OK: Member})
def resolve_member(body: ResolveBody) -> Response:
    """Find the member an identifier belongs to; it stands in the body because URLs end up in logs"""
    count_lookups()
    request = pb.ResolveMemberRequest(program_id=request_context().program_id, identifier=body.identifier.to_proto())
    return _told(read(suite().clients.members.ResolveMember, request).member)


@route(blueprint, responses={HTTPStatus.OK: Member})
def get_member(path: MemberPath) -> Response:
    """Read a member"""
    request = pb.GetMemberRequest(program_id=request_context().program_id, member_id=path.member_id)
    return _told(read(suite().clients.members.GetMember, request).member)


@route(blueprint, responses={HTTPStatus.OK: Member})
def update_member(path: MemberPath, body: MemberChange) -> Response:
    """Change a member's profile; absent fields stay, null clears one"""
    request = pb.UpdateMemberRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=path.member_id,
        expected_version=request_context().expected_version,
        profile=body.profile.to_proto(clearing=True),
    )
    answered = write(suite().clients.members.UpdateMember, request)
    return _told(answered.response.member, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: Member})
def change_member_status(path: MemberPath, body: StatusChange) -> Response:
    """Move a member to another status; who is terminated stays so"""
    request = pb.ChangeMemberStatusRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=path.member_id,
        expected_version=request_context().expected_version,
        status=number_of(pb.MemberStatus, body.status),
        reason=body.reason,
    )
    answered = write(suite().clients.members.ChangeMemberStatus, request)
    return _told(answered.response.member, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: Member})
def set_member_traits(path: MemberPath, body: TraitsBody) -> Response:
    """Replace what the programme knows of a member that rules may ask for; nothing personal"""
    request = pb.SetMemberTraitsRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=path.member_id,
        expected_version=request_context().expected_version,
        traits=body.traits.to_proto(),
    )
    answered = write(suite().clients.members.SetMemberTraits, request)
    return _told(answered.response.member, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.CREATED: Member})
def add_identifier(path: MemberPath, body: AddIdentifierBody) -> Response:
    """Add an identifier to a member"""
    count_lookups()
    request = pb.AddIdentifierRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=path.member_id,
        identifier=body.identifier.to_proto(),
    )
    answered = write(suite().clients.members.AddIdentifier, request)
    return _told(answered.response.member, HTTPStatus.CREATED, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: Member})
def remove_identifier(path: IdentifierPath) -> Response:
    """Remove an identifier from a member, but not the last one"""
    request = pb.RemoveIdentifierRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=path.member_id,
        identifier_id=path.identifier_id,
    )
    with invalidating(InvalidationKind.MEMBER_IDENTIFIERS, path.member_id):
        answered = write(suite().clients.members.RemoveIdentifier, request)
    return _told(answered.response.member, replayed=answered.replayed)
