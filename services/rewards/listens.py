"""What this service does with what others announce: it hears every event of a member, for the status it carries."""

from __future__ import annotations

import sqlalchemy as sa

from kit.events import Event
from services.rewards.domain.availability import MemberStatus
from services.rewards.storage.statuses import Statuses

MEMBERS_STREAM = "wafa:members"


def on_member_event(connection: sa.Connection, event: Event) -> None:
    """Takes over the status that every event of `members` carries; older ones than what is known have no effect."""
    if event.aggregate_type != "member":
        return
    Statuses(connection).put(event.program_id, event.aggregate_id, MemberStatus(event.payload["status"]), event.version)
