"""The events that this service publishes: messages of `loyalty/members/v1/events.proto`. It consumes none.

Gateways hear the events of keys, and `member.updated`, and forget what they remember; `points` and `rewards` hear those
of members.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message
from loyalty.members.v1 import events_pb2 as pb
from loyalty.members.v1 import members_pb2

from kit.convert import EnumMap
from kit.events import Event, event_of
from services.members.domain.api_keys import ApiKey
from services.members.domain.callers import CallerRole
from services.members.domain.members import Change, ChangeKind
from services.members.domain.statuses import MemberStatus

STREAM = "wafa:members"
AGGREGATE_TYPE = "member"
API_KEY_TYPE = "api_key"

MESSAGES: Mapping[ChangeKind, type[Message]] = {
    ChangeKind.ENROLLED: pb.MemberEnrolled,
    ChangeKind.PROFILE_CHANGED: pb.MemberUpdated,
    ChangeKind.IDENTIFIER_ADDED: pb.MemberUpdated,
    ChangeKind.IDENTIFIER_REMOVED: pb.MemberUpdated,
    ChangeKind.STATUS_CHANGED: pb.MemberStatusChanged,
    ChangeKind.TRAITS_CHANGED: pb.MemberTraitsChanged,
    ChangeKind.RESTORED: pb.MemberRestored,
}

_ROLE = EnumMap(members_pb2.CallerRole, CallerRole)
_STATUS = EnumMap(members_pb2.MemberStatus, MemberStatus)


def of(change: Change) -> list[Event]:
    """The events that tell of the change."""
    member = change.member
    return [
        event_of(
            _message(change),
            aggregate_id=member.member_id,
            version=member.version,
            program_id=member.program_id,
            occurred_at=member.updated_at,
        )
    ]


def api_key_created(api_key: ApiKey) -> Event:
    """A caller has a new key."""
    message = pb.ApiKeyCreated(role=_ROLE.to_proto(api_key.role), caller_id=str(api_key.caller))
    return event_of(
        message,
        aggregate_id=api_key.api_key_id,
        version=1,
        program_id=api_key.program_id,
        occurred_at=api_key.created_at,
    )


def api_key_revoked(api_key: ApiKey) -> Event:
    """The event that a key is revoked."""
    message = pb.ApiKeyRevoked(role=_ROLE.to_proto(api_key.role), caller_id=str(api_key.caller))
    return event_of(
        message,
        aggregate_id=api_key.api_key_id,
        version=2,
        program_id=api_key.program_id,
        occurred_at=api_key.revoked_at or api_key.created_at,
    )


def _message(change: Change) -> Message:
    traits = change.member.traits
    state: dict[str, Any] = {
        "status": _STATUS.to_proto(change.member.status),
        "tier": traits.tier,
        "segments": traits.segments,
        "attributes": traits.attributes,
    }
    message_type = MESSAGES[change.kind]
    if message_type is pb.MemberUpdated:
        return pb.MemberUpdated(changed=_changed(change), **state)
    return message_type(**state)


def _changed(change: Change) -> list[str]:
    if change.kind is ChangeKind.PROFILE_CHANGED:
        return [f"profile.{field}" for field in change.fields]
    return ["identifiers"]
