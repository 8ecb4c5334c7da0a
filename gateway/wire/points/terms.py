"""What an earning rule says: what it gives, for what, when, and beside which others."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from loyalty.points.v1 import tenders_pb2
from loyalty.points.v1 import terms_pb2 as pb
from pydantic import Field, StrictBool, StrictInt, StringConstraints

from gateway.wire.base import (
    CANONICAL_NAME,
    Instant,
    MaybeCurrency,
    MaybeText50,
    Prose100,
    RequestModel,
    ResponseModel,
    Text100,
    instant,
    maybe_timestamp,
)
from gateway.wire.enums import number_of, word_of
from gateway.wire.points.activities import MaybeEventName
from gateway.wire.points.earnings import (
    AccrualWord,
    EffectWord,
    Factor,
    RoundingWord,
    TriggerWord,
    accrual_of,
    factor_of,
)
from gateway.wire.points.expiry import Expiry, TierExpiry, expiry_of, tier_expiry_of
from gateway.wire.points.limits import Limit, LimitPolicyWord, limit_of
from gateway.wire.points.sales import TenderWord

EXCLUSIONS_MAX = 1_000
VALID_HOURS_MAX = 50
TIERS_MAX = 20
TENDERS_MAX = 6
CONDITION_LENGTH_MAX = 500
LIMITS_MAX = 10

Minute = Annotated[StrictInt, Field(ge=0, le=1_440)]
Weekday = Annotated[StrictInt, Field(ge=1, le=7)]


class ValidHours(RequestModel):
    """From one time of the day up to another, not included."""

    weekdays: list[Weekday] = Field(default=[], max_length=7)
    """1, Monday, to 7; none means all."""
    from_minute: Minute = 0
    """Minutes since midnight, up to 1,439."""
    until_minute: Minute = 1_440
    """At or before `from_minute` it is of the next day; the span belongs to the day on which it starts."""

    def to_proto(self) -> pb.ValidHours:
        """The span for `points`."""
        return pb.ValidHours(weekdays=self.weekdays, from_minute=self.from_minute, until_minute=self.until_minute)


class NewTerms(RequestModel):
    """What a rule gives, for what, when, and beside which others."""

    name: Prose100
    points: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 0
    """Points given, from 1; 0 for a multiplier,"""
    per_amount_minor: Annotated[StrictInt, Field(ge=0, le=1_000_000_000)] = 0
    """for each so much of eligible money, from 1; 0 for every effect but points per amount."""
    currency: MaybeCurrency = ""
    """Purchases in other currencies earn nothing; empty where an activity triggers the rule, and only there."""
    excluded_skus: list[Text100] = Field(default=[], max_length=EXCLUSIONS_MAX)
    excluded_categories: list[Text100] = Field(default=[], max_length=EXCLUSIONS_MAX)
    starts_at: Instant | None = None
    """Purchases from then on count; null means from activation on."""
    ends_at: Instant | None = None
    """Purchases before then count; null means until ended."""
    rounding: RoundingWord = "down"
    """How a fraction of a step, or of a point where `accrual` is proportional, ends, once per purchase."""
    accrual: AccrualWord | None = None
    """What a part of "5 points for every 2.50" gives: nothing, since whole steps are counted (3.00 gives 5), or its
    share (3.00 gives 6). Null means whole steps for points per amount and proportional for points per unit, since goods
    are weighed as well. Other effects have none."""
    pending_days: Annotated[StrictInt, Field(ge=0, le=3_650)] = 0
    """Days until the points can be spent."""
    expiry_days: Annotated[StrictInt, Field(ge=0, le=36_500)] = 0
    """Days until the points expire, from when they can be spent; 0 means never."""
    wallet: MaybeText50 = ""
    """Empty means "points"."""
    effect: EffectWord = "per_amount"
    """Points per amount, per unit of goods, a fixed number; or a bonus on what the other rules gave to the wallet: a
    multiplier, or an addition."""
    trigger: TriggerWord = "purchase"
    """What the condition is asked of and a fixed number of points is given for: the whole purchase, each line, or an
    activity of this kind. Whatever is about goods, money and tenders is left out where an activity triggers it."""
    activity_name: MaybeEventName = ""
    """Which events trigger the rule; empty for every other trigger."""
    factor: Factor | None = None
    """Of a multiplier: above 1 and at most 100."""
    condition: Annotated[str, StringConstraints(strict=True, max_length=CONDITION_LENGTH_MAX), CANONICAL_NAME] = ""
    """In CEL, such as `purchase.total_minor >= 500000 && purchase.weekday == 5`; empty holds always. It may walk
    through one list; regular expressions stand in it as texts. It may ask `purchase.total_minor`,
    `purchase.eligible_total_minor` (of the total what the rule counts: the goods that its lists select, without tax and
    tenders that it leaves out; asked again of what is kept), `purchase.hour`, `purchase.weekday`, `purchase.currency`,
    `purchase.source`, `purchase.store_id`, `purchase.terminal_id`, `purchase.tenders`, `member.status`, `member.tier`,
    `member.segments`, a list of texts, `member.attributes`, a map of texts; and, when lines trigger the rule,
    `line.sku`, `line.category`, `line.brand`, `line.quantity_milli`, `line.amount_minor`, `line.unit_price_minor`,
    which is what the amount makes it where the till told none. When an activity triggers it: `activity.kind`,
    `activity.name`, `activity.source`, `activity.store_id`, `activity.hour`, `activity.weekday`, `activity.attributes`,
    a map of texts, and what there is of the member."""
    time_zone: MaybeText50 = ""
    """IANA name of the zone in which hours and weekdays are read; empty means "UTC"."""
    valid_hours: list[ValidHours] = Field(default=[], max_length=VALID_HOURS_MAX)
    """When there are any, purchases outside of all of them earn nothing."""
    included_skus: list[Text100] = Field(default=[], max_length=EXCLUSIONS_MAX)
    included_categories: list[Text100] = Field(default=[], max_length=EXCLUSIONS_MAX)
    included_brands: list[Text100] = Field(default=[], max_length=EXCLUSIONS_MAX)
    """When one of these three has any, only lines that one of them names count; exclusions are stronger."""
    excluded_brands: list[Text100] = Field(default=[], max_length=EXCLUSIONS_MAX)
    exclude_tax: StrictBool = False
    """Whether the tax within a line's amount does not count."""
    excluded_tenders: list[TenderWord] = Field(default=[], max_length=TENDERS_MAX)
    """What was paid these ways does not earn: of each line the part that was paid in other ways counts. Empty means
    points and gift cards, unless `all_tenders_earn`."""
    all_tenders_earn: StrictBool = False
    stacking_group: MaybeText50 = ""
    """Rules of a group stand aside for each other: the one of highest priority that gives something wins."""
    priority: Annotated[StrictInt, Field(ge=0, le=1_000_000)] = 0
    exclusive: StrictBool = False
    """If the winner of the group is exclusive, the others give nothing; else those that are not exclusive give, too."""
    expiry: Expiry | None = None
    """When the points lapse, where days are not enough; `expiry_days` is 0 then."""
    expiry_by_tier: list[TierExpiry] = Field(default=[], max_length=TIERS_MAX)
    """Tiers whose members keep their points for another time."""
    limits: list[Limit] = Field(default=[], max_length=LIMITS_MAX)
    """How much the rule may give at most; no two of the same scope, span and unit. A purchase counts in the windows in
    which it occurred. What is used belongs to the rule: its next version goes on from there."""
    limit_policy: LimitPolicyWord = "cut"
    """What becomes of points of which the limits let only a part through: that part is given, or nothing."""
    qualifying: StrictBool = False
    """Whether what the rule gives counts as qualifying units, too: what tiers go by, whatever becomes of the points."""

    def to_proto(self) -> pb.EarningTerms:
        """The terms for `points`."""
        return pb.EarningTerms(
            name=self.name,
            points=self.points,
            per_amount_minor=self.per_amount_minor,
            currency=self.currency,
            excluded_skus=self.excluded_skus,
            excluded_categories=self.excluded_categories,
            starts_at=maybe_timestamp(self.starts_at),
            ends_at=maybe_timestamp(self.ends_at),
            rounding=number_of(pb.Rounding, self.rounding),
            pending_days=self.pending_days,
            expiry_days=self.expiry_days,
            wallet=self.wallet,
            effect=number_of(pb.EarningEffect, self.effect),
            trigger=number_of(pb.EarningTrigger, self.trigger),
            factor=self.factor.to_proto() if self.factor else None,
            condition=self.condition,
            time_zone=self.time_zone,
            valid_hours=[span.to_proto() for span in self.valid_hours],
            included_skus=self.included_skus,
            included_categories=self.included_categories,
            included_brands=self.included_brands,
            excluded_brands=self.excluded_brands,
            exclude_tax=self.exclude_tax,
            excluded_tenders=[number_of(tenders_pb2.TenderKind, kind) for kind in self.excluded_tenders],
            all_tenders_earn=self.all_tenders_earn,
            stacking_group=self.stacking_group,
            priority=self.priority,
            exclusive=self.exclusive,
            limits=[limit.to_proto() for limit in self.limits],
            expiry=self.expiry.to_proto() if self.expiry else None,
            expiry_by_tier=[each.to_proto() for each in self.expiry_by_tier],
            limit_policy=number_of(pb.LimitPolicy, self.limit_policy),
            qualifying=self.qualifying,
            activity_name=self.activity_name,
            accrual=number_of(pb.EarningAccrual, self.accrual) if self.accrual else pb.EARNING_ACCRUAL_UNSPECIFIED,
        )


class Terms(ResponseModel):
    """What a rule gives, for what, and when."""

    name: str
    points: int
    per_amount_minor: int
    currency: str
    excluded_skus: list[str]
    excluded_categories: list[str]
    starts_at: datetime | None
    ends_at: datetime | None
    rounding: RoundingWord
    pending_days: int
    expiry_days: int
    wallet: str
    effect: EffectWord
    trigger: TriggerWord
    factor: Factor | None
    condition: str
    time_zone: str
    valid_hours: list[ValidHours]
    included_skus: list[str]
    included_categories: list[str]
    included_brands: list[str]
    excluded_brands: list[str]
    exclude_tax: bool
    excluded_tenders: list[TenderWord]
    all_tenders_earn: bool
    stacking_group: str
    priority: int
    exclusive: bool
    limits: list[Limit]
    expiry: Expiry | None
    expiry_by_tier: list[TierExpiry]
    limit_policy: LimitPolicyWord
    qualifying: bool
    activity_name: str
    accrual: AccrualWord | None
    """Null for an effect that has no rate."""


def terms_of(terms: pb.EarningTerms) -> Terms:
    """What a rule says, as answered."""
    return Terms(
        name=terms.name,
        points=terms.points,
        per_amount_minor=terms.per_amount_minor,
        currency=terms.currency,
        excluded_skus=list(terms.excluded_skus),
        excluded_categories=list(terms.excluded_categories),
        starts_at=instant(terms, "starts_at"),
        ends_at=instant(terms, "ends_at"),
        rounding=word_of(pb.Rounding, terms.rounding or pb.ROUNDING_DOWN),
        pending_days=terms.pending_days,
        expiry_days=terms.expiry_days,
        wallet=terms.wallet or "points",
        effect=word_of(pb.EarningEffect, terms.effect or pb.EARNING_EFFECT_PER_AMOUNT),
        trigger=word_of(pb.EarningTrigger, terms.trigger or pb.EARNING_TRIGGER_PURCHASE),
        factor=factor_of(terms),
        condition=terms.condition,
        time_zone=terms.time_zone or "UTC",
        valid_hours=[
            ValidHours(weekdays=list(span.weekdays), from_minute=span.from_minute, until_minute=span.until_minute)
            for span in terms.valid_hours
        ],
        included_skus=list(terms.included_skus),
        included_categories=list(terms.included_categories),
        included_brands=list(terms.included_brands),
        excluded_brands=list(terms.excluded_brands),
        exclude_tax=terms.exclude_tax,
        excluded_tenders=[word_of(tenders_pb2.TenderKind, kind) for kind in terms.excluded_tenders],
        all_tenders_earn=terms.all_tenders_earn,
        stacking_group=terms.stacking_group,
        priority=terms.priority,
        exclusive=terms.exclusive,
        limits=[limit_of(limit) for limit in terms.limits],
        expiry=expiry_of(terms.expiry) if terms.HasField("expiry") else None,
        expiry_by_tier=[tier_expiry_of(each) for each in terms.expiry_by_tier],
        limit_policy=word_of(pb.LimitPolicy, terms.limit_policy or pb.LIMIT_POLICY_CUT),
        qualifying=terms.qualifying,
        activity_name=terms.activity_name,
        accrual=accrual_of(terms),
    )
