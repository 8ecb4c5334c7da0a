"""What this service announces. Members listens to no other.

    member.enrolled          a person is a member
    member.updated           profile or identifiers have changed; `changed` names what, never to what
    member.status_changed    what the member may do has changed
    member.traits_changed    tier, segments or attributes have changed
    member.restored          the register was restored from an older state, and is brought back to what others know

    api_key.created          a caller has a new key
    api_key.revoked          a key lets nobody in any more

Gateways hear those of keys, and `member.updated`, and forget what they remember; `points` and `rewards` hear those of
members. Each change of a member is one event, with the member's version after it. The payload always has the present
`status`, `tier`, `segments` and `attributes`, so that who keeps a projection needs the latest event alone. No personal
data: events stay in streams for days.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kit.ids import ordered_id
from kit.outbox import Event
from services.members.domain.api_keys import ApiKey
from services.members.domain.members import Change, ChangeKind

STREAM = "wafa:members"
AGGREGATE_TYPE = "member"
API_KEY_TYPE = "api_key"

TYPES = {
    ChangeKind.ENROLLED: "member.enrolled",
    ChangeKind.PROFILE_CHANGED: "member.updated",
    ChangeKind.IDENTIFIER_ADDED: "member.updated",
    ChangeKind.IDENTIFIER_REMOVED: "member.updated",
    ChangeKind.STATUS_CHANGED: "member.status_changed",
    ChangeKind.TRAITS_CHANGED: "member.traits_changed",
    ChangeKind.RESTORED: "member.restored",
}


def of(change: Change) -> list[Event]:
    """The events that tell of the change."""
    member = change.member
    return [
        Event(
            id=ordered_id(),
            aggregate_type=AGGREGATE_TYPE,
            aggregate_id=member.member_id,
            type=TYPES[change.kind],
            version=member.version,
            program_id=member.program_id,
            occurred_at=member.updated_at,
            payload=_payload(change),
        )
    ]


def api_key_created(api_key: ApiKey) -> Event:
    """A caller has a new key."""
    return _of_api_key(api_key, "api_key.created", 1, api_key.created_at)


def api_key_revoked(api_key: ApiKey) -> Event:
    """The key lets nobody in any more."""
    return _of_api_key(api_key, "api_key.revoked", 2, api_key.revoked_at or api_key.created_at)


def _of_api_key(api_key: ApiKey, type_: str, version: int, at: datetime) -> Event:
    return Event(
        id=ordered_id(),
        aggregate_type=API_KEY_TYPE,
        aggregate_id=api_key.api_key_id,
        type=type_,
        version=version,
        program_id=api_key.program_id,
        occurred_at=at,
        payload={"role": api_key.role.value, "caller_id": str(api_key.caller)},
    )


def _payload(change: Change) -> dict[str, Any]:
    member, traits = change.member, change.member.traits
    payload: dict[str, Any] = {
        "status": member.status.value,
        "tier": traits.tier,
        "segments": list(traits.segments),
        "attributes": traits.attributes,
    }
    if change.kind is ChangeKind.PROFILE_CHANGED:
        payload["changed"] = [f"profile.{field}" for field in change.fields]
    elif change.kind in (ChangeKind.IDENTIFIER_ADDED, ChangeKind.IDENTIFIER_REMOVED):
        payload["changed"] = ["identifiers"]
    return payload
