"""What the handlers need of other services."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from kit.call import Call
from services.points.domain.policy import Standing


class Members(Protocol):
    """The service that knows who someone is."""

    def standing(self, call: Call, program_id: UUID, member_id: UUID) -> Standing:
        """What a member may do. Raises MemberNotFound, or MemberUnknownForNow when it cannot be asked."""
        ...
