"""A member whom `points` has not heard of yet is asked for once, outside of any transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TypeVar
from uuid import UUID

from kit.call import Call
from kit.errors import Refusal
from services.points.batch import MemberNotYetKnown
from services.points.domain.errors import MemberUnknownForNow
from services.points.domain.program.policy import KnownMember
from services.points.ports import Members
from services.points.storage import Storage

Answer = TypeVar("Answer")

# How long a call with many members may ask for those who are new here.
QUESTIONS_S_MAX = 5.0


class MemberLookup:
    """Runs attempts that need to know a member."""

    def __init__(self, storage: Storage, members: Members) -> None:
        self._storage = storage
        self._members = members

    def run(self, call: Call, program_id: UUID, member_id: UUID | None, attempt: Callable[[], Answer]) -> Answer:
        """Runs the attempt; if the member is new here, asks `members` for them and runs it again."""
        try:
            return attempt()
        except MemberNotYetKnown:
            if member_id is None:
                raise
            member = self._members.member(call, program_id, member_id)
        with self._storage.transaction() as tx:
            tx.known_members.put(member)
        return attempt()

    def learn(self, call: Call, program_id: UUID, member_ids: Collection[UUID]) -> dict[UUID, Refusal]:
        """Asks `members` once for each of these who is new here, and says of whom nothing could be learned, and why.

        It stops asking when `members` is away or the time for it is over: the others are unknown for now, too.
        """
        with self._storage.transaction() as tx:
            settings = tx.known_members.settings({(program_id, member_id) for member_id in member_ids})
        strangers = [member_id for member_id in member_ids if settings[program_id, member_id].member is None]
        found: list[KnownMember] = []
        unknown: dict[UUID, Refusal] = {}
        ends_at = time.monotonic() + QUESTIONS_S_MAX
        for index, member_id in enumerate(strangers):
            try:
                if time.monotonic() >= ends_at:
                    raise MemberUnknownForNow("too many members are new here for one call, try again")
                found.append(self._members.member(call, program_id, member_id))
            except MemberUnknownForNow as away:
                unknown |= dict.fromkeys(strangers[index:], away)
                break
            except Refusal as refusal:
                unknown[member_id] = refusal
        if found:
            with self._storage.transaction() as tx:
                tx.known_members.put(*found)
        return unknown
