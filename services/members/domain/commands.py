"""What callers ask of this service: frozen values, named like their RPCs.

Personal data in them shows in no repr, and so in no log.
"""

from __future__ import annotations

import dataclasses
import uuid

from services.members.domain.callers import CallerRole
from services.members.domain.identifiers import NewIdentifier
from services.members.domain.profiles import Profile, ProfileChanges
from services.members.domain.statuses import MemberStatus
from services.members.domain.traits import Traits


@dataclasses.dataclass(frozen=True)
class Enrol:
    """The command to enrol a person."""

    program_id: uuid.UUID
    request_id: str
    identifiers: tuple[NewIdentifier, ...]
    profile: Profile


@dataclasses.dataclass(frozen=True)
class UpdateMember:
    """The command to change a profile. `expected_version` 0 changes any version."""

    program_id: uuid.UUID
    request_id: str
    member_id: uuid.UUID
    expected_version: int
    changes: ProfileChanges


@dataclasses.dataclass(frozen=True)
class ChangeMemberStatus:
    """The command to move a member to another status. `expected_version` 0 changes any version."""

    program_id: uuid.UUID
    request_id: str
    member_id: uuid.UUID
    expected_version: int
    status: MemberStatus
    # Free text, and so perhaps about the person.
    reason: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class SetMemberTraits:
    """The command to replace all traits of a member. `expected_version` 0 changes any version."""

    program_id: uuid.UUID
    request_id: str
    member_id: uuid.UUID
    expected_version: int
    traits: Traits


@dataclasses.dataclass(frozen=True)
class RestoreMember:
    """What other services know of a member: status and traits at `known_version`, the highest that any of them has."""

    program_id: uuid.UUID
    request_id: str
    member_id: uuid.UUID
    known_version: int
    status: MemberStatus
    traits: Traits
    reason: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class AddIdentifier:
    """The command to add an identifier to a member."""

    program_id: uuid.UUID
    request_id: str
    member_id: uuid.UUID
    identifier: NewIdentifier


@dataclasses.dataclass(frozen=True)
class RemoveIdentifier:
    """The command to remove an identifier of a member."""

    program_id: uuid.UUID
    request_id: str
    member_id: uuid.UUID
    identifier_id: uuid.UUID


@dataclasses.dataclass(frozen=True)
class CreateProgram:
    """The command to create a program under an id that the caller chose."""

    program_id: uuid.UUID
    request_id: str
    name: str
    currency: str
    region: str


@dataclasses.dataclass(frozen=True)
class CreateApiKey:
    """The command to create an API key."""

    program_id: uuid.UUID
    request_id: str
    name: str
    role: CallerRole
    # The key of the same caller that the new one is to replace.
    replaces_api_key_id: uuid.UUID | None = None


@dataclasses.dataclass(frozen=True)
class RevokeApiKey:
    """The command to revoke an API key."""

    program_id: uuid.UUID
    request_id: str
    api_key_id: uuid.UUID
