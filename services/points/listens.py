"""What this service does with what others announce.

It hears every event of a member that `members` announces, for the status and the traits that it carries, where one that
tells no traits is of a member who has none; and `member.enrolled`, for the activity that it is, which a worker records.
"""

from __future__ import annotations

import sqlalchemy as sa

from kit.events import Event
from services.points.domain.activities import ActivityKind, PendingActivity
from services.points.domain.policy import KnownMember, MemberStatus
from services.points.storage.known_members import KnownMembers
from services.points.storage.pending_activities import PendingActivities

MEMBERS_STREAM = "wafa:members"
ENROLLED = "member.enrolled"


def on_member_event(connection: sa.Connection, event: Event) -> None:
    """Takes over the status and the traits that an event of `members` carries; older ones pass without effect.

    An enrolment is noted, to be recorded as an activity. What the stream tells of API keys is for gateways.
    """
    if event.aggregate_type != "member":
        return
    member = KnownMember(
        event.aggregate_id,
        event.program_id,
        MemberStatus(event.payload["status"]),
        member_version=event.version,
        tier=event.payload.get("tier", ""),
        segments=tuple(event.payload.get("segments", ())),
        attributes=event.payload.get("attributes", {}),
    )
    KnownMembers(connection).put(member)
    if event.type == ENROLLED:
        enrolment = PendingActivity(event.program_id, event.aggregate_id, ActivityKind.ENROLMENT, event.occurred_at)
        PendingActivities(connection).put(enrolment)
