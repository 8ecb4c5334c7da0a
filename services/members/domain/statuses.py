"""What a member may do. Any status may follow any other, but nothing follows `terminated`."""

from __future__ import annotations

import enum


class MemberStatus(enum.Enum):
    """What a member may do."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EARN_ONLY = "earn_only"
    TERMINATED = "terminated"
