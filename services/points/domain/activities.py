"""Activities: what members do that is no purchase, as callers tell it, and what was recorded of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from services.points.domain.earnings import Earning
from services.points.domain.ledger import AccountView


class ActivityKind(enum.Enum):
    """The kinds of activities; the words are those of the triggers that rules name."""

    EVENT = "event"
    VISIT = "visit"
    ENROLMENT = "enrolment"
    BIRTHDAY = "birthday"
    REFERRAL = "referral"


@dataclass(frozen=True)
class Happening:
    """What happened, as a caller tells it. `name` is that of an event and empty for every other kind."""

    kind: ActivityKind
    name: str
    occurred_at: datetime
    source: str
    activity_key: str
    store_id: str
    cashier_id: str
    attributes: dict[str, str]


@dataclass(frozen=True)
class RecordActivity:
    """A caller's wish to record what a member did."""

    program_id: UUID
    request_id: str
    member_id: UUID
    happening: Happening


@dataclass(frozen=True)
class Activity:
    """What a member did, as it was recorded."""

    activity_id: UUID
    program_id: UUID
    member_id: UUID
    happening: Happening
    earnings: tuple[Earning, ...]
    recorded_at: datetime

    @property
    def points_earned(self) -> int:
        """Points given in all."""
        return sum(earning.points for earning in self.earnings)


@dataclass(frozen=True)
class ActivityAnswer:
    """An activity, and the account after it."""

    activity: Activity
    account: AccountView | None


@dataclass(frozen=True)
class PendingActivity:
    """An activity that was heard of and is yet to be recorded."""

    program_id: UUID
    member_id: UUID
    kind: ActivityKind
    occurred_at: datetime


def happening_of(pending: PendingActivity) -> Happening:
    """What was heard, as a caller would have told it."""
    return Happening(pending.kind, "", pending.occurred_at, "members", "", "", "", {})


def happens_once(kind: ActivityKind) -> bool:
    """Whether there is no more to it than that it happened: a member enrols once, and has one birthday a year."""
    return kind in (ActivityKind.ENROLMENT, ActivityKind.BIRTHDAY)


def key_parts(member_id: UUID, happening: Happening) -> tuple[str, ...]:
    """What makes an activity the same one, within its program, whoever tells of it.

    Of what happens once this is made from the member, whatever the caller's key, so that two systems that both know of
    a birthday do not have it paid twice. The year is that of UTC.
    """
    if happening.kind is ActivityKind.ENROLMENT:
        return ("enrolment", str(member_id))
    if happening.kind is ActivityKind.BIRTHDAY:
        return ("birthday", str(member_id), str(happening.occurred_at.astimezone(UTC).year))
    return ("told", happening.source, happening.activity_key)
