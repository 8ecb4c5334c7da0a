"""Activities: what members do that is no purchase, as callers tell it, and what was recorded of it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.points.domain.earning.earnings import Earning
from services.points.domain.earning.rules import EarningRule
from services.points.domain.earning.terms import Trigger
from services.points.domain.ledger.accounts import AccountView

# The attribute of a referral that names the other member.
COUNTERPART = "counterpart_member_id"


class ActivityKind(enum.Enum):
    """The kinds of activities; the words are those of the triggers that rules name."""

    EVENT = "event"
    VISIT = "visit"
    ENROLMENT = "enrolment"
    BIRTHDAY = "birthday"
    REFERRAL = "referral"


@dataclass(frozen=True)
class ActivityReport:
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
    report: ActivityReport


@dataclass(frozen=True)
class Activity:
    """What a member did, as it was recorded."""

    activity_id: UUID
    program_id: UUID
    member_id: UUID
    report: ActivityReport
    earnings: tuple[Earning, ...]
    recorded_at: datetime
    # Of a birthday, the local year that it is the birthday of; absent where it is that of UTC, as it once always was.
    local_year: int | None = None

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


def report_of(pending: PendingActivity) -> ActivityReport:
    """What was heard, as a caller would have told it."""
    return ActivityReport(pending.kind, "", pending.occurred_at, "members", "", "", "", {})


def counterpart_of(report: ActivityReport) -> UUID | None:
    """The other member of a referral, where it names one."""
    named = report.attributes.get(COUNTERPART) if report.kind is ActivityKind.REFERRAL else None
    return None if named is None else UUID(named)


def happens_once(kind: ActivityKind) -> bool:
    """Whether there is no more to it than that it happened: a member enrols once, and has one birthday a year."""
    return kind in (ActivityKind.ENROLMENT, ActivityKind.BIRTHDAY)


def key_parts(member_id: UUID, report: ActivityReport, local_year: int | None) -> tuple[str, ...]:
    """What makes an activity the same one, within its program, whoever tells of it.

    Of what happens once this is made from the member, whatever the caller's key, so that two systems that both know of
    a birthday do not have it paid twice. `local_year` is that of a birthday.
    """
    if report.kind is ActivityKind.ENROLMENT:
        return ("enrolment", str(member_id))
    if report.kind is ActivityKind.BIRTHDAY:
        return ("birthday", str(member_id), str(local_year))
    return ("told", report.source, report.activity_key)


def local_zone(time_zone: str, rules: Iterable[EarningRule], occurred_at: datetime) -> ZoneInfo:
    """By whose calendar a birthday has its year: the program's time zone, named in its policy.

    Where the policy names none, it is that of the program's birthday rules, if those in force agree; else UTC.
    """
    if time_zone:
        return ZoneInfo(time_zone)
    zones = {
        rule.terms.time_zone for rule in rules if rule.terms.trigger is Trigger.BIRTHDAY and rule.in_force(occurred_at)
    }
    return ZoneInfo(zones.pop() if len(zones) == 1 else "UTC")


def possible_years(occurred_at: datetime) -> range:
    """The years that the instant may lie in somewhere, and whatever it was recorded by under another calendar."""
    year = occurred_at.astimezone(UTC).year
    return range(year - 1, year + 2)


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """The day by the calendar of the zone; at the ends of all calendars, that of UTC."""
    try:
        return instant.astimezone(zone).date()
    except OverflowError:
        return instant.astimezone(UTC).date()


def contradictions(recorded: ActivityReport, told: ActivityReport, zone: ZoneInfo) -> tuple[str, ...]:
    """The fields in which two who tell of what happens once do not agree.

    Each may know something that the other does not say. The day counts, by the local calendar, and not the instant.
    """
    said = {name: (getattr(recorded, name), getattr(told, name)) for name in ("store_id", "cashier_id")}
    said |= {
        f"attributes[{name}]": (recorded.attributes[name], told.attributes[name])
        for name in sorted(recorded.attributes.keys() & told.attributes.keys())
    }
    different = tuple(name for name, (one, other) in said.items() if one and other and one != other)
    same_day = local_day(recorded.occurred_at, zone) == local_day(told.occurred_at, zone)
    return different if same_day else ("occurred_at", *different)
