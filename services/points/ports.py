"""What the handlers need of others: other services, and the language of conditions."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from kit.call import Call
from services.points.domain.earning.conditions import Conditions
from services.points.domain.earning.terms import EarningTerms
from services.points.domain.program.policy import KnownMember


class Members(Protocol):
    """The service that knows who someone is."""

    def member(self, call: Call, program_id: UUID, member_id: UUID) -> KnownMember:
        """What a member may do. Raises MemberNotFound, or MemberUnknownForNow when it cannot be asked."""
        ...


class CheckedConditions(Conditions, Protocol):
    """The language in which rules say when they apply."""

    def expect_valid(self, terms: EarningTerms) -> None:
        """Refuses a condition that cannot be evaluated, as Invalid that says where."""
        ...
