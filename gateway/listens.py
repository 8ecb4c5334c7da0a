"""What a gateway does with what `members` announces: it forgets what it remembers of a key or of identifiers."""

from __future__ import annotations

from typing import TypeAlias

from loyalty.members.v1 import events_pb2 as pb

from gateway.invalidations import InvalidationKind
from kit.events import Event, Hears

MembersEvent: TypeAlias = pb.MemberUpdated | pb.ApiKeyCreated | pb.ApiKeyRevoked

HEARS: Hears[MembersEvent] = Hears("wafa:members", pb.MemberUpdated, pb.ApiKeyCreated, pb.ApiKeyRevoked)


def invalidation_of(event: Event) -> InvalidationKind | None:
    """What of the event's aggregate is no longer true, if anything that is remembered."""
    message = HEARS.message(event)
    if isinstance(message, pb.MemberUpdated):
        return InvalidationKind.MEMBER_IDENTIFIERS if "identifiers" in message.changed else None
    return None if message is None else InvalidationKind.API_KEY
