"""What this service does with what others announce.

It hears every event of a member that `members` announces, for the status and the traits that it carries, where one that
tells no traits is of a member who has none; and `member.enrolled`, for the activity that it is, which a worker records.
"""

from __future__ import annotations

from typing import TypeAlias

import sqlalchemy as sa
from loyalty.members.v1 import events_pb2 as pb
from loyalty.members.v1 import members_pb2

from kit.convert import EnumMap
from kit.events import Event, Hears
from services.points.domain.earning.activities import ActivityKind, PendingActivity
from services.points.domain.program.policy import KnownMember, MemberStatus
from services.points.storage.earning.pending_activities import PendingActivities
from services.points.storage.known_members import KnownMembers

MemberEvent: TypeAlias = (
    pb.MemberEnrolled | pb.MemberUpdated | pb.MemberStatusChanged | pb.MemberTraitsChanged | pb.MemberRestored
)

# What the stream tells of API keys is for gateways.
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
    """Takes over the status and the traits that an event of a member carries; older ones pass without effect.

    An enrolment is noted, to be recorded as an activity.
    """
    message = HEARS.message(event)
    if message is None:
        return
    member = KnownMember(
        event.aggregate_id,
        event.program_id,
        _STATUS.to_domain(message.status, "status"),
        member_version=event.version,
        tier=message.tier,
        segments=tuple(message.segments),
        attributes=dict(message.attributes),
    )
    KnownMembers(connection).put(member)
    if isinstance(message, pb.MemberEnrolled):
        enrolment = PendingActivity(event.program_id, event.aggregate_id, ActivityKind.ENROLMENT, event.occurred_at)
        PendingActivities(connection).put(enrolment)
