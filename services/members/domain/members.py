"""Members: people known to a program, and every step of their life as one.

A step is given the member as loaded and gives a `Change`, or nothing when the member already is as they should be. Each
change makes the version grow by one. Guards stand in the order of `errors.py`.
"""

from __future__ import annotations

import dataclasses
import enum
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.members.domain import profiles
from services.members.domain.commands import ChangeMemberStatus, Enrol, RestoreMember, SetMemberTraits, UpdateMember
from services.members.domain.errors import (
    IdentifierNotFound,
    LastIdentifier,
    MemberTerminated,
    TooManyIdentifiers,
    VersionMismatch,
)
from services.members.domain.identifiers import IDENTIFIERS_MAX, Identifier, NewIdentifier
from services.members.domain.profiles import Profile
from services.members.domain.statuses import MemberStatus
from services.members.domain.traits import Traits


@dataclasses.dataclass(frozen=True)
class Member:
    """A person known to a program. `identifiers` stand in the order they were added."""

    member_id: uuid.UUID
    program_id: uuid.UUID
    status: MemberStatus
    profile: Profile
    identifiers: tuple[Identifier, ...]
    version: int
    enrolled_at: datetime
    updated_at: datetime
    # Came later: an answer stored without them is of a member who has none.
    traits: Traits = dataclasses.field(default_factory=Traits)


class ChangeKind(enum.Enum):
    """What a change was about."""

    ENROLLED = "enrolled"
    PROFILE_CHANGED = "profile_changed"
    STATUS_CHANGED = "status_changed"
    TRAITS_CHANGED = "traits_changed"
    IDENTIFIER_ADDED = "identifier_added"
    IDENTIFIER_REMOVED = "identifier_removed"
    RESTORED = "restored"


@dataclasses.dataclass(frozen=True)
class Change:
    """One step of a member's life. `member` is as they are after it, `fields` the profile's fields that it changed."""

    kind: ChangeKind
    member: Member
    fields: tuple[str, ...] = ()
    reason: str = dataclasses.field(default="", repr=False)


def enrol(
    command: Enrol,
    wanted: Sequence[NewIdentifier],
    member_id: uuid.UUID,
    identifier_ids: Sequence[uuid.UUID],
    now: datetime,
) -> Change:
    """Makes the person a member, found by what is `wanted`, which is in canonical form and has an id for each."""
    profiles.check_birth_date(command.profile.birth_date, now)
    pairs = zip(identifier_ids, wanted, strict=True)
    member = Member(
        member_id=member_id,
        program_id=command.program_id,
        status=MemberStatus.ACTIVE,
        profile=command.profile,
        identifiers=tuple(Identifier(identifier_id, each.kind, each.value, now) for identifier_id, each in pairs),
        version=1,
        enrolled_at=now,
        updated_at=now,
    )
    return Change(ChangeKind.ENROLLED, member)


def update(member: Member, command: UpdateMember, now: datetime) -> Change | None:
    """Changes the profile."""
    _check_version(member, command.expected_version)
    _check_not_terminated(member)
    profile = profiles.change(member.profile, command.changes, now)
    fields = profiles.differing(member.profile, profile)
    if not fields:
        return None
    return Change(ChangeKind.PROFILE_CHANGED, _next(member, now, profile=profile), fields)


def change_status(member: Member, command: ChangeMemberStatus, now: datetime) -> Change | None:
    """Moves the member to another status. Any may follow any, but nothing follows `terminated`."""
    _check_version(member, command.expected_version)
    if member.status is command.status:
        return None
    _check_not_terminated(member)
    changed = _next(member, now, status=command.status)
    return Change(ChangeKind.STATUS_CHANGED, changed, reason=command.reason)


def set_traits(member: Member, command: SetMemberTraits, now: datetime) -> Change | None:
    """Gives the member these traits in place of all that they have."""
    _check_version(member, command.expected_version)
    _check_not_terminated(member)
    if member.traits == command.traits:
        return None
    return Change(ChangeKind.TRAITS_CHANGED, _next(member, now, traits=command.traits))


def restore(member: Member | None, command: RestoreMember, now: datetime) -> Change | None:
    """Moves the version past what other services know, with their status and traits.

    `member` is None where none is known here: they are recreated, without the profile and the identifiers that are
    lost. At the same version other services know no more than this one, whose own status and traits are announced.
    """
    if member is None:
        return _change_of_restore(_recreated(command, now), command)
    if member.version > command.known_version:
        return None
    if member.version == command.known_version:
        return _change_of_restore(_next(member, now), command)
    is_terminated = member.status is MemberStatus.TERMINATED
    changed = dataclasses.replace(
        member,
        version=command.known_version + 1,
        updated_at=_later(member, now),
        status=member.status if is_terminated else command.status,
        traits=command.traits,
    )
    return _change_of_restore(changed, command)


def _change_of_restore(member: Member, command: RestoreMember) -> Change:
    return Change(ChangeKind.RESTORED, member, reason=command.reason)


def _recreated(command: RestoreMember, now: datetime) -> Member:
    return Member(
        member_id=command.member_id,
        program_id=command.program_id,
        status=command.status,
        profile=Profile(),
        identifiers=(),
        version=command.known_version + 1,
        enrolled_at=now,
        updated_at=now,
        traits=command.traits,
    )


def add_identifier(
    member: Member, wanted: NewIdentifier, identifier_id: uuid.UUID, now: datetime
) -> tuple[Change, Identifier] | None:
    """Lets the member be found by one more identifier, given in canonical form."""
    _check_not_terminated(member)
    if any(identifier.names(wanted) for identifier in member.identifiers):
        return None
    if len(member.identifiers) >= IDENTIFIERS_MAX:
        raise TooManyIdentifiers(IDENTIFIERS_MAX)
    added = Identifier(identifier_id, wanted.kind, wanted.value, _later(member, now))
    changed = _next(member, now, identifiers=(*member.identifiers, added))
    return Change(ChangeKind.IDENTIFIER_ADDED, changed), added


def remove_identifier(member: Member, identifier_id: uuid.UUID, now: datetime) -> tuple[Change, Identifier]:
    """Lets the member be found by one identifier less.

    Of a terminated member any may go, the last one too: numbers and cards find new owners, and no one looks for the
    member any more.
    """
    removed = next((each for each in member.identifiers if each.identifier_id == identifier_id), None)
    if removed is None:
        raise IdentifierNotFound(identifier_id)
    if len(member.identifiers) == 1 and member.status is not MemberStatus.TERMINATED:
        raise LastIdentifier
    kept = tuple(each for each in member.identifiers if each is not removed)
    return Change(ChangeKind.IDENTIFIER_REMOVED, _next(member, now, identifiers=kept)), removed


def _check_version(member: Member, expected_version: int) -> None:
    if expected_version not in (0, member.version):
        raise VersionMismatch(expected_version=expected_version, version=member.version)


def _check_not_terminated(member: Member) -> None:
    if member.status is MemberStatus.TERMINATED:
        raise MemberTerminated


def _next(member: Member, now: datetime, **changes: Any) -> Member:
    return dataclasses.replace(member, version=member.version + 1, updated_at=_later(member, now), **changes)


def _later(member: Member, now: datetime) -> datetime:
    """The time of a change: never before the previous change, even if the clocks of two instances differ."""
    return max(now, member.updated_at)
