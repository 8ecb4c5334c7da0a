"""Personal data on its way into columns and out of them: each value is sealed for the one place where it lies."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from services.members.domain import profiles
from services.members.domain.identifiers import Identifier, IdentifierKind
from services.members.domain.members import Change, Member
from services.members.domain.profiles import Profile
from services.members.domain.statuses import MemberStatus
from services.members.domain.traits import Traits
from services.members.sealing import DataKey


def profile_columns(key: DataKey, profile: Profile) -> dict[str, bytes | None]:
    """The profile's columns of `members`; what is not known is NULL."""
    return {name: profile_column(key, profile, name) for name in profiles.FIELDS}


def profile_column(key: DataKey, profile: Profile, name: str) -> bytes | None:
    """One column of them."""
    value = getattr(profile, name)
    text = value.isoformat() if isinstance(value, date) else value
    return key.seal(f"members.{name}", text) if text else None


def identifier_value(key: DataKey, identifier: Identifier) -> bytes:
    """`member_identifiers.value`."""
    return key.seal(_place_of(identifier.identifier_id), identifier.value)


def reason(key: DataKey, change: Change) -> bytes | None:
    """`member_changes.reason`: free text, in which anything about the member may stand."""
    return key.seal(f"member_changes.reason|{change.member.version}", change.reason) if change.reason else None


def member(key: DataKey, row: sa.Row[Any], identifiers: tuple[Identifier, ...]) -> Member:
    """The member of a row of `members`."""
    return Member(
        member_id=row.member_id,
        program_id=row.program_id,
        status=MemberStatus(row.status),
        profile=profile(key, row),
        identifiers=identifiers,
        version=row.version,
        enrolled_at=row.enrolled_at,
        updated_at=row.updated_at,
        traits=Traits(row.tier, tuple(row.segments), row.attributes),
    )


def profile(key: DataKey, row: sa.Row[Any]) -> Profile:
    """The profile of a row of `members`."""
    texts = {name: _opened(key, f"members.{name}", getattr(row, name)) for name in profiles.FIELDS}
    birth_date = texts.pop("birth_date")
    return Profile(birth_date=date.fromisoformat(birth_date) if birth_date else None, **texts)


def identifier(key: DataKey, row: sa.Row[Any]) -> Identifier:
    """The identifier of a row with the columns of `member_identifiers`."""
    value = key.open(_place_of(row.identifier_id), row.value)
    return Identifier(row.identifier_id, IdentifierKind(row.kind), value, row.added_at)


def opened_reason(key: DataKey, row: sa.Row[Any]) -> str:
    """The reason of a row of `member_changes`; empty where there is none."""
    return _opened(key, f"member_changes.reason|{row.version}", row.reason)


def _place_of(identifier_id: object) -> str:
    return f"member_identifiers.value|{identifier_id}"


def _opened(key: DataKey, place: str, content: bytes | None) -> str:
    return "" if content is None else key.open(place, content)
