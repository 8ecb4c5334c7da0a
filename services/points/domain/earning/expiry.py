"""When points lapse, reckoned from the instant at which they can be spent, or from when their owner was last active.

Calendar days and their ends are those of the rule's time zone. Points last through the day that is named: they lapse as
the next one begins.
"""

from __future__ import annotations

import calendar
import enum
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MONTHS_A_YEAR = 12


class ExpiryKind(enum.Enum):
    """The ways in which a rule says when its points lapse."""

    NEVER = "never"
    DAYS = "days"
    MONTH_END = "month_end"
    QUARTER_END = "quarter_end"
    YEAR_END = "year_end"
    DATES = "dates"
    INACTIVITY = "inactivity"

    @property
    def months(self) -> int:
        """How long its period is; 0 for one that has none."""
        return {
            ExpiryKind.MONTH_END: 1,
            ExpiryKind.QUARTER_END: 3,
            ExpiryKind.YEAR_END: MONTHS_A_YEAR,
        }.get(self, 0)


@dataclass(frozen=True)
class ExpiryDate:
    """A day of one year, or of every year. The 29th of February is the 28th in years that have none."""

    month: int
    day: int
    year: int | None = None

    def __str__(self) -> str:
        """As people write it: 03-31, or 2027-03-31."""
        of_year = f"{self.month:02}-{self.day:02}"
        return of_year if self.year is None else f"{self.year:04}-{of_year}"

    def next_from(self, earliest: date) -> date | None:
        """The first such day at or after `earliest`."""
        if self.year is not None:
            only = self._in(self.year)
            return only if only >= earliest else None
        this_year = self._in(earliest.year)
        return this_year if this_year >= earliest else self._in(earliest.year + 1)

    def _in(self, year: int) -> date:
        return date(year, self.month, min(self.day, calendar.monthrange(year, self.month)[1]))


@dataclass(frozen=True)
class Expiry:
    """When points lapse.

    DAYS: so many days after they can be spent. MONTH_END, QUARTER_END, YEAR_END: with the period in which they can be
    spent first, or `periods_later` after it. DATES: with the first of `dates` that lies at least `days` ahead; never
    when none does. INACTIVITY: when the account has not been active for so many days since they can be spent, which
    nobody knows beforehand.
    """

    kind: ExpiryKind
    days: int = 0
    periods_later: int = 0
    dates: tuple[ExpiryDate, ...] = ()

    def of(self, available_at: datetime, zone: ZoneInfo) -> datetime | None:
        """When points lapse that can be spent from `available_at` on; always later than that.

        None: never, or with `inactivity_days`.
        """
        if self.kind in (ExpiryKind.NEVER, ExpiryKind.INACTIVITY):
            return None
        if self.kind is ExpiryKind.DAYS:
            return available_at + timedelta(days=self.days)
        last = self._last_day(available_at.astimezone(zone).date())
        if last is None:
            return None
        return datetime.combine(last + timedelta(days=1), time(), zone).astimezone(available_at.tzinfo)

    @property
    def inactivity_days(self) -> int | None:
        """After how many days without activity points lapse; None where activity does not matter."""
        return self.days if self.kind is ExpiryKind.INACTIVITY else None

    def _last_day(self, first: date) -> date | None:
        if self.kind is ExpiryKind.DATES:
            earliest = first + timedelta(days=self.days)
            ahead = [found for each in self.dates if (found := each.next_from(earliest)) is not None]
            return min(ahead, default=None)
        length = self.kind.months
        ends = (first.year * MONTHS_A_YEAR + first.month - 1) // length * length + length * (self.periods_later + 1)
        return date(ends // MONTHS_A_YEAR, ends % MONTHS_A_YEAR + 1, 1) - timedelta(days=1)


@dataclass(frozen=True)
class TierExpiry:
    """When the points of members of one tier lapse."""

    tier: str
    expiry: Expiry
