"""How much a rule may give: caps on members, budgets of the program and its stores, each within a window of time.

Windows are calendar ones in the rule's time zone, and a purchase lies in those in which it occurred, whenever it is
recorded. What is used of a limit in one window is a counter. Counters belong to the rule, so that its next version
goes on where the last one was.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

LIMITS_MAX = 10


class LimitScope(enum.Enum):
    """Whom a limit holds for: the first two are caps, the last two budgets."""

    MEMBER = "member"
    MEMBER_AND_CASHIER = "member_and_cashier"
    PROGRAM = "program"
    STORE = "store"

    @property
    def is_cap(self) -> bool:
        """Whether it holds for one member."""
        return self in (LimitScope.MEMBER, LimitScope.MEMBER_AND_CASHIER)


class LimitSpan(enum.Enum):
    """Over what a limit adds up. Weeks begin on Monday."""

    PURCHASE = "purchase"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    EVER = "ever"

    def starts_on(self, occurred_at: datetime, zone: ZoneInfo) -> date | None:
        """The first day of the window that the instant lies in; None where there is one window only."""
        day = occurred_at.astimezone(zone).date()
        return {
            LimitSpan.DAY: day,
            LimitSpan.WEEK: day - timedelta(days=day.weekday()),
            LimitSpan.MONTH: day.replace(day=1),
            LimitSpan.YEAR: day.replace(month=1, day=1),
        }.get(self)


class LimitUnit(enum.Enum):
    """What is counted: points given, or purchases that were given any."""

    POINTS = "points"
    PURCHASES = "purchases"


class LimitPolicy(enum.Enum):
    """What becomes of points of which only a part is left: that part is given, or nothing."""

    CUT = "cut"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Limit:
    """At most so many units in each window."""

    scope: LimitScope
    span: LimitSpan
    unit: LimitUnit
    at_most: int


@dataclass(frozen=True)
class LimitUsage:
    """A limit as a purchase met it: the window that the purchase lies in, and what was used of it before."""

    limit: Limit
    starts_on: date | None = None
    used: int = 0

    @property
    def left(self) -> int:
        """Units left; none where a version before allowed more."""
        return max(0, self.limit.at_most - self.used)

    def room_for(self, points: int) -> int:
        """How many of the points may be given."""
        if self.limit.unit is LimitUnit.PURCHASES:
            return points if self.left else 0
        return min(points, self.left)

    def uses(self, points: int) -> int:
        """What giving these points uses of it."""
        return min(points, 1) if self.limit.unit is LimitUnit.PURCHASES else points
