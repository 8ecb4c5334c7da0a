"""What an earning rule says: what it gives, for what, when, and beside which others."""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.points.domain.earning.expiry import Expiry, TierExpiry
from services.points.domain.earning.limits import Limit, LimitPolicy
from services.points.domain.sales.sale import PurchaseLine, TenderKind

MINUTES_A_DAY = 24 * 60


class Rounding(enum.Enum):
    """How a fraction of a point ends, once per purchase and rule."""

    DOWN = "down"
    HALF_UP = "half_up"
    UP = "up"

    def apply(self, numerator: int, denominator: int) -> int:
        """The whole points for a fraction of them, which is not negative and need not be in lowest terms."""
        if self is Rounding.DOWN:
            return numerator // denominator
        if self is Rounding.UP:
            return -(-numerator // denominator)
        return (2 * numerator + denominator) // (2 * denominator)


class Accrual(enum.Enum):
    """What a part of "for every so much" gives: nothing, since whole steps are counted, or its share of the points.

    Rounding ends the count of steps, or the number of points. With one point a step both come to the same.
    """

    WHOLE_STEPS = "whole_steps"
    PROPORTIONAL = "proportional"


class Effect(enum.Enum):
    """What a rule gives. The last two are bonuses: they are judged on what the others gave to the same wallet."""

    PER_AMOUNT = "per_amount"
    PER_UNIT = "per_unit"
    FIXED = "fixed"
    MULTIPLIER = "multiplier"
    ADDITION = "addition"

    @property
    def is_bonus(self) -> bool:
        """Whether it gives for what other rules gave."""
        return self in (Effect.MULTIPLIER, Effect.ADDITION)

    @property
    def has_rate(self) -> bool:
        """Whether it gives points for every so much of something."""
        return self in (Effect.PER_AMOUNT, Effect.PER_UNIT)


class Trigger(enum.Enum):
    """What a condition is asked of, and what a fixed number of points is given for.

    The whole purchase, each line of it, or an activity, which is no purchase.
    """

    PURCHASE = "purchase"
    LINE = "line"
    EVENT = "event"
    VISIT = "visit"
    ENROLMENT = "enrolment"
    BIRTHDAY = "birthday"
    REFERRAL = "referral"

    @property
    def is_activity(self) -> bool:
        """Whether it is something that members do besides buying."""
        return self not in (Trigger.PURCHASE, Trigger.LINE)


@dataclass(frozen=True)
class Factor:
    """A multiplier as an exact fraction, such as 3/2."""

    numerator: int
    denominator: int


@dataclass(frozen=True)
class ValidHours:
    """From one minute of the day up to another, on these days of the week (1 is Monday; none means all).

    A span that ends at or before the minute at which it starts ends on the next day; it belongs to the day it starts.
    """

    weekdays: tuple[int, ...]
    from_minute: int
    until_minute: int

    def covers(self, local: datetime) -> bool:
        """Whether the local time lies within."""
        minute, weekday = local.hour * 60 + local.minute, local.isoweekday()
        if self.from_minute < self.until_minute:
            return self._on(weekday) and self.from_minute <= minute < self.until_minute
        if minute >= self.from_minute:
            return self._on(weekday)
        return minute < self.until_minute and self._on(weekday - 1 or 7)

    def _on(self, weekday: int) -> bool:
        return not self.weekdays or weekday in self.weekdays


@dataclass(frozen=True)
class EarningTerms:
    """What a rule gives, for what, when, for how long it lasts, and beside which others.

    The fields with defaults came later: a rule stored without them means what it meant.
    """

    name: str
    points: int
    per_amount_minor: int
    currency: str
    excluded_skus: tuple[str, ...]
    excluded_categories: tuple[str, ...]
    starts_at: datetime | None
    ends_at: datetime | None
    rounding: Rounding
    pending_days: int
    expiry_days: int
    wallet: str
    effect: Effect = Effect.PER_AMOUNT
    trigger: Trigger = Trigger.PURCHASE
    # Of a multiplier: what the others gave, times this, is what all give together.
    factor: Factor | None = None
    # In CEL; empty holds always.
    condition: str = ""
    # In which valid hours and the condition's hour and weekday are read.
    time_zone: str = "UTC"
    valid_hours: tuple[ValidHours, ...] = ()
    # When there are any, only lines that one of them names count.
    included_skus: tuple[str, ...] = ()
    included_categories: tuple[str, ...] = ()
    # What was paid these ways does not earn.
    excluded_tenders: tuple[TenderKind, ...] = ()
    # Within a group rules stand aside for each other; see `evaluation`.
    stacking_group: str = ""
    priority: int = 0
    exclusive: bool = False
    included_brands: tuple[str, ...] = ()
    excluded_brands: tuple[str, ...] = ()
    # Whether the tax within what was paid does not count.
    exclude_tax: bool = False
    # How much it may give at most, and what becomes of a part that is left.
    limits: tuple[Limit, ...] = ()
    limit_policy: LimitPolicy = LimitPolicy.CUT

    # Instead of `expiry_days`; and for members of these tiers instead of either.
    expiry: Expiry | None = None
    expiry_by_tier: tuple[TierExpiry, ...] = ()
    # Whether what it gives counts as qualifying units, too.
    qualifying: bool = False
    # Which events trigger it; empty for every other trigger.
    activity_name: str = ""
    # Of an effect that has a rate. A rule stored without it was made when parts counted.
    accrual: Accrual = Accrual.PROPORTIONAL

    def accrued(self, numerator: int, denominator: int) -> int:
        """The points for so many steps of the rate, as a fraction that need not be in lowest terms."""
        if self.accrual is Accrual.WHOLE_STEPS:
            return self.rounding.apply(numerator, denominator) * self.points
        return self.rounding.apply(numerator * self.points, denominator)

    @functools.cached_property
    def zone(self) -> ZoneInfo:
        """The zone by its IANA name."""
        return ZoneInfo(self.time_zone)

    @functools.cached_property
    def selection(self) -> Selection:
        """Which goods count, made for looking up: lists may be long and rules many."""
        return Selection(
            frozenset(self.included_skus),
            frozenset(self.included_categories),
            frozenset(self.excluded_skus),
            frozenset(self.excluded_categories),
            frozenset(self.included_brands),
            frozenset(self.excluded_brands),
        )

    def expires_at(self, available_at: datetime, member_tier: str) -> datetime | None:
        """When points lapse that a member of this tier can spend from then on; None: never."""
        expiry = self._expiry(member_tier)
        if expiry is not None:
            return expiry.of(available_at, self.zone)
        return available_at + timedelta(days=self.expiry_days) if self.expiry_days else None

    def inactivity_days(self, member_tier: str) -> int | None:
        """After how many days without activity points of a member of this tier lapse; None where it does not matter."""
        expiry = self._expiry(member_tier)
        return None if expiry is None else expiry.inactivity_days

    def _expiry(self, member_tier: str) -> Expiry | None:
        own = (each.expiry for each in self.expiry_by_tier if each.tier == member_tier)
        return next(own, self.expiry)

    def open_at(self, occurred_at: datetime) -> bool:
        """Whether a purchase that occurred then lies within the valid hours."""
        return not self.valid_hours or any(
            hours.covers(occurred_at.astimezone(self.zone)) for hours in self.valid_hours
        )


class LineVerdict(enum.Enum):
    """Whether a line counted, or what kept it out."""

    COUNTED = "counted"
    SKU_EXCLUDED = "sku_excluded"
    CATEGORY_EXCLUDED = "category_excluded"
    BRAND_EXCLUDED = "brand_excluded"
    NOT_INCLUDED = "not_included"
    CONDITION_NOT_MET = "condition_not_met"
    # An order discount: what it takes off is in the goods' amounts.
    SHARED = "shared"
    # Goods that the sale takes back: what they had earned is taken back by itself.
    TAKEN_BACK = "taken_back"
    # Goods that the same receipt sells and takes back.
    VOIDED = "voided"

    @property
    def is_exclusion(self) -> bool:
        """Whether the rule excludes the line by name."""
        return self in (LineVerdict.SKU_EXCLUDED, LineVerdict.CATEGORY_EXCLUDED, LineVerdict.BRAND_EXCLUDED)

    @property
    def leaves_out(self) -> bool:
        """Whether the rule leaves the line out, which otherwise counts or is accounted for elsewhere."""
        return self.is_exclusion or self in (LineVerdict.NOT_INCLUDED, LineVerdict.CONDITION_NOT_MET)


@dataclass(frozen=True)
class Selection:
    """Goods by name. Exclusions are stronger than inclusions."""

    included_skus: frozenset[str]
    included_categories: frozenset[str]
    excluded_skus: frozenset[str]
    excluded_categories: frozenset[str]
    included_brands: frozenset[str]
    excluded_brands: frozenset[str]

    @functools.cached_property
    def includes_all(self) -> bool:
        """Whether everything counts that is not excluded."""
        return not (self.included_skus or self.included_categories or self.included_brands)

    def verdict(self, line: PurchaseLine) -> LineVerdict:
        """Whether the line is among the goods meant."""
        if line.sku in self.excluded_skus:
            return LineVerdict.SKU_EXCLUDED
        if line.category in self.excluded_categories:
            return LineVerdict.CATEGORY_EXCLUDED
        if line.brand in self.excluded_brands:
            return LineVerdict.BRAND_EXCLUDED
        if self.includes_all or self._includes(line):
            return LineVerdict.COUNTED
        return LineVerdict.NOT_INCLUDED

    def _includes(self, line: PurchaseLine) -> bool:
        return (
            line.sku in self.included_skus
            or line.category in self.included_categories
            or line.brand in self.included_brands
        )
