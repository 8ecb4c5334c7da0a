"""What a member says about themselves. Personal data: no field shows in a repr, and so in a log."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta

from kit.errors import Invalid

# Where it is tomorrow already, a child born tomorrow by UTC is no error: zones reach to UTC+14.
_AHEAD_MAX = timedelta(hours=14)


@dataclasses.dataclass(frozen=True)
class Profile:
    """A member's own words about themselves; an empty field is not known."""

    given_name: str = dataclasses.field(default="", repr=False)
    family_name: str = dataclasses.field(default="", repr=False)
    birth_date: date | None = dataclasses.field(default=None, repr=False)
    language: str = dataclasses.field(default="", repr=False)


FIELDS = tuple(field.name for field in dataclasses.fields(Profile))


@dataclasses.dataclass(frozen=True)
class ProfileChanges:
    """Which fields to set, and to what; setting one to its empty value clears it."""

    fields: tuple[str, ...]
    values: Profile


def change(profile: Profile, changes: ProfileChanges, now: datetime) -> Profile:
    """The profile with the changes made; the date of birth may not lie in the future."""
    check_birth_date(changes.values.birth_date, now)
    return dataclasses.replace(profile, **{name: getattr(changes.values, name) for name in changes.fields})


def differing(one: Profile, other: Profile) -> tuple[str, ...]:
    """The names of the fields in which the two differ."""
    return tuple(name for name in FIELDS if getattr(one, name) != getattr(other, name))


def check_birth_date(birth_date: date | None, now: datetime) -> None:
    """Refuses a date of birth that is in the future everywhere on earth."""
    if birth_date is not None and birth_date > (now + _AHEAD_MAX).date():
        raise Invalid("profile.birth_date", "must not be in the future")
