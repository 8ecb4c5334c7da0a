"""A member whom `points` has not heard of yet is asked for once, outside of any transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from kit.call import Call
from services.points.commit import StandingMissing
from services.points.ports import Members
from services.points.storage import Storage

Answer = TypeVar("Answer")


class KnownMembers:
    """Runs attempts that need a member's standing."""

    def __init__(self, storage: Storage, members: Members) -> None:
        self._storage = storage
        self._members = members

    def run(self, call: Call, program_id: UUID, member_id: UUID | None, attempt: Callable[[], Answer]) -> Answer:
        """Runs the attempt; if the member is new here, learns their standing from `members` and runs it again."""
        try:
            return attempt()
        except StandingMissing:
            if member_id is None:
                raise
            standing = self._members.standing(call, program_id, member_id)
        with self._storage.transaction() as tx:
            tx.standings.put(standing)
        return attempt()
