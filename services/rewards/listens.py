"""What this service does with what others announce: it hears every event of a member, for the status it carries."""

from __future__ import annotations

from typing import TypeAlias

import sqlalchemy as sa
from loyalty.members.v1 import events_pb2 as pb
from loyalty.members.v1 import members_pb2

from kit.convert import EnumMap
from kit.events import Event, Hears
from services.rewards.domain.availability import MemberStatus
from services.rewards.storage.statuses import Statuses

MemberEvent: TypeAlias = (
    pb.MemberEnrolled | pb.MemberUpdated | pb.MemberStatusChanged | pb.MemberTraitsChanged | pb.MemberRestored
)

# Events of API keys are for gateways.
HEARS: Hears[MemberEvent] = Hears(
    "wafa:members",
    pb.MemberEnrolled,
    pb.MemberUpdated,
    pb.MemberStatusChanged,
    pb.MemberTraitsChanged,
    pb.MemberRestored,
)

_STATUS = EnumMap(members_pb2.MemberStatus, MemberStatus)


def on_member_event(connection: sa.Connection, event: Event) -> None:
    """Takes over the status that every event of a member carries; older ones than what is known have no effect."""
    message = HEARS.message(event)
    if message is not None:
        status = _STATUS.to_domain(message.status, "status")
        Statuses(connection).put(event.program_id, event.aggregate_id, status, event.version)
