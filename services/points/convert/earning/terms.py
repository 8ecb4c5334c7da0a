"""What an earning rule says, on the wire."""

from __future__ import annotations

import functools
import re
import unicodedata
import zoneinfo
from collections.abc import Sequence

from loyalty.points.v1 import tenders_pb2
from loyalty.points.v1 import terms_pb2 as pb

from kit.convert import (
    EnumMap,
    currency_of,
    integer_of,
    optional_enum,
    optional_instant,
    prose_of,
    text_of,
    timestamp_of,
)
from kit.errors import Invalid
from services.points.convert.common import EXPIRY_DAYS_MAX, NAME_LENGTH_MAX, event_name_of, wallet_of
from services.points.convert.earning.expiry import (
    expiry_of,
    tier_expiries_of,
    to_expiry,
    to_tier_expiry,
)
from services.points.convert.earning.limits import LIMIT_POLICY, limit_policy_of, limits_of, to_limit
from services.points.domain.earning.conditions import LENGTH_MAX
from services.points.domain.earning.terms import (
    MINUTES_A_DAY,
    Accrual,
    EarningTerms,
    Effect,
    Factor,
    Rounding,
    Trigger,
    ValidHours,
)
from services.points.domain.sales.sale import TenderKind

RATE_POINTS_MAX = 1_000_000
RATE_MONEY_MINOR_MAX = 1_000_000_000
FACTOR_MAX = 100
FACTOR_PART_MAX = 10_000
SELECTED_MAX = 1_000
VALID_HOURS_MAX = 50
PENDING_DAYS_MAX = 3_650
GROUP_LENGTH_MAX = 50
PRIORITY_MAX = 1_000_000

# What earned already, or was paid for when it earned, does not earn again unless the rule says so.
TENDERS_EXCLUDED_DEFAULT = (TenderKind.GIFT_CARD, TenderKind.POINTS)

ASCII_MAX = 0x7F
_AFTER_QUOTE = re.compile("[\"'](.)")
# The escapes of CEL that stand for a character by its number. An escaped backslash is read first, so that what follows
# it is text.
_ESCAPE = re.compile(
    r"\\(?:\\|[xX](?P<hex>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2}))"
)

ROUNDING = EnumMap(pb.Rounding, Rounding)
ACCRUAL = EnumMap(pb.EarningAccrual, Accrual)
EFFECT = EnumMap(pb.EarningEffect, Effect)
TRIGGER = EnumMap(pb.EarningTrigger, Trigger)
TENDER_KIND = EnumMap(tenders_pb2.TenderKind, TenderKind)


def terms_of(terms: pb.EarningTerms) -> EarningTerms:
    """What a rule is to say."""
    starts_at = optional_instant(terms, "starts_at", "terms.starts_at")
    ends_at = optional_instant(terms, "ends_at", "terms.ends_at")
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise Invalid("terms.ends_at", "must be after starts_at")
    effect = optional_enum(terms.effect, "terms.effect", EFFECT) or Effect.PER_AMOUNT
    trigger = optional_enum(terms.trigger, "terms.trigger", TRIGGER) or Trigger.PURCHASE
    if effect.is_bonus:
        _expect_of_purchase(terms, trigger)
    if trigger.is_activity:
        _expect_of_activity(terms, effect)
    return EarningTerms(
        name=prose_of(terms.name, "terms.name", length_max=NAME_LENGTH_MAX),
        points=_points(terms, effect),
        per_amount_minor=_per_amount(terms, effect),
        currency="" if trigger.is_activity else currency_of(terms.currency, "terms.currency"),
        excluded_skus=_names(terms.excluded_skus, "terms.excluded_skus"),
        excluded_categories=_names(terms.excluded_categories, "terms.excluded_categories"),
        starts_at=starts_at,
        ends_at=ends_at,
        rounding=optional_enum(terms.rounding, "terms.rounding", ROUNDING) or Rounding.DOWN,
        pending_days=integer_of(terms.pending_days, "terms.pending_days", at_least=0, at_most=PENDING_DAYS_MAX),
        expiry_days=integer_of(terms.expiry_days, "terms.expiry_days", at_least=0, at_most=EXPIRY_DAYS_MAX),
        wallet=wallet_of(terms.wallet, "terms.wallet"),
        effect=effect,
        trigger=trigger,
        factor=_factor(terms, effect),
        condition=_condition(terms.condition),
        time_zone=time_zone_of(terms.time_zone, "terms.time_zone") or "UTC",
        valid_hours=_valid_hours(terms.valid_hours),
        included_skus=_names(terms.included_skus, "terms.included_skus"),
        included_categories=_names(terms.included_categories, "terms.included_categories"),
        excluded_tenders=_excluded_tenders(terms, effect, trigger),
        stacking_group=text_of(terms.stacking_group, "terms.stacking_group", length_max=GROUP_LENGTH_MAX, length_min=0),
        priority=integer_of(terms.priority, "terms.priority", at_least=0, at_most=PRIORITY_MAX),
        exclusive=terms.exclusive,
        limits=limits_of(terms.limits, "terms.limits"),
        included_brands=_names(terms.included_brands, "terms.included_brands"),
        excluded_brands=_names(terms.excluded_brands, "terms.excluded_brands"),
        exclude_tax=terms.exclude_tax,
        expiry=expiry_of(terms),
        expiry_by_tier=tier_expiries_of(terms),
        limit_policy=limit_policy_of(terms),
        qualifying=terms.qualifying,
        activity_name=_activity_name(terms.activity_name, trigger),
        accrual=_accrual(terms, effect),
    )


# What a rule says of goods and of how they were paid.
_OF_GOODS = (
    "excluded_skus",
    "excluded_categories",
    "excluded_brands",
    "included_skus",
    "included_categories",
    "included_brands",
    "excluded_tenders",
    "exclude_tax",
)


def _expect_of_purchase(terms: pb.EarningTerms, trigger: Trigger) -> None:
    """A bonus is judged on points, which do not say which goods they were given for."""
    if trigger is not Trigger.PURCHASE:
        raise Invalid("terms.trigger", "must be the purchase for a bonus")
    _expect_no_goods(terms, "a bonus")


def _expect_of_activity(terms: pb.EarningTerms, effect: Effect) -> None:
    """An activity is not paid for and has no goods: a rule gives a fixed number of points for it."""
    if effect is not Effect.FIXED:
        raise Invalid("terms.effect", "must be fixed for an activity")
    if terms.currency:
        raise Invalid("terms.currency", "has no meaning for an activity")
    _expect_no_goods(terms, "an activity")
    for index, limit in enumerate(terms.limits):
        if limit.span == pb.LIMIT_SPAN_PURCHASE:
            raise Invalid(f"terms.limits[{index}].span", "has no meaning for an activity")


def _expect_no_goods(terms: pb.EarningTerms, what: str) -> None:
    for field in _OF_GOODS:
        if getattr(terms, field):
            raise Invalid(f"terms.{field}", f"has no meaning for {what}")


def _activity_name(name: str, trigger: Trigger) -> str:
    if trigger is Trigger.EVENT:
        return event_name_of(name, "terms.activity_name")
    if name:
        raise Invalid("terms.activity_name", "is what an event has, and nothing else")
    return ""


def _points(terms: pb.EarningTerms, effect: Effect) -> int:
    given = effect is not Effect.MULTIPLIER
    return integer_of(terms.points, "terms.points", at_least=int(given), at_most=RATE_POINTS_MAX if given else 0)


def _per_amount(terms: pb.EarningTerms, effect: Effect) -> int:
    given, field = effect is Effect.PER_AMOUNT, "terms.per_amount_minor"
    return integer_of(terms.per_amount_minor, field, at_least=int(given), at_most=RATE_MONEY_MINOR_MAX if given else 0)


def _accrual(terms: pb.EarningTerms, effect: Effect) -> Accrual:
    """Money is promised for every so much; goods are also weighed, and half a kilogram earns half."""
    accrual = optional_enum(terms.accrual, "terms.accrual", ACCRUAL)
    if not effect.has_rate:
        if accrual is not None:
            raise Invalid("terms.accrual", "is what points per amount or per unit have, and nothing else")
        return Accrual.PROPORTIONAL
    return accrual or (Accrual.WHOLE_STEPS if effect is Effect.PER_AMOUNT else Accrual.PROPORTIONAL)


def _factor(terms: pb.EarningTerms, effect: Effect) -> Factor | None:
    if (effect is Effect.MULTIPLIER) != terms.HasField("factor"):
        raise Invalid("terms.factor", "is what a multiplier has, and nothing else")
    if effect is not Effect.MULTIPLIER:
        return None
    part = functools.partial(integer_of, at_least=1, at_most=FACTOR_PART_MAX)
    numerator = part(terms.factor.numerator, "terms.factor.numerator")
    denominator = part(terms.factor.denominator, "terms.factor.denominator")
    if not denominator < numerator <= FACTOR_MAX * denominator:
        raise Invalid("terms.factor", f"must be above 1 and at most {FACTOR_MAX}")
    return Factor(numerator, denominator)


def _condition(text: str) -> str:
    """The condition with its literals in the form that names have: what it compares them with has that form, too."""
    if any(_stands_for_a_letter(escape) for escape in _ESCAPE.finditer(text)):
        raise Invalid("terms.condition", "must have letters beyond ASCII as they are, not as escapes")
    condition = text_of(text, "terms.condition", length_max=LENGTH_MAX, length_min=0)
    # Joined to the literal before it, it would make a decomposed letter that nothing equals.
    if any(unicodedata.category(found[1])[0] == "M" for found in _AFTER_QUOTE.finditer(condition)):
        raise Invalid("terms.condition", "must not begin a literal with a combining mark")
    return condition


def _stands_for_a_letter(escape: re.Match[str]) -> bool:
    hexadecimal, octal = escape["hex"] or escape["u"] or escape["U"], escape["octal"]
    return bool(hexadecimal and int(hexadecimal, 16) > ASCII_MAX) or bool(octal and int(octal, 8) > ASCII_MAX)


def time_zone_of(name: str, field: str) -> str:
    """The IANA name of a time zone, or nothing."""
    if name and name not in _zones():
        raise Invalid(field, "is no IANA time zone")
    return name


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _valid_hours(spans: Sequence[pb.ValidHours]) -> tuple[ValidHours, ...]:
    if len(spans) > VALID_HOURS_MAX:
        raise Invalid("terms.valid_hours", f"must have at most {VALID_HOURS_MAX} items")
    return tuple(_span(span, f"terms.valid_hours[{index}]") for index, span in enumerate(spans))


def _span(span: pb.ValidHours, field: str) -> ValidHours:
    weekdays = {
        integer_of(weekday, f"{field}.weekdays[{index}]", at_least=1, at_most=7)
        for index, weekday in enumerate(span.weekdays)
    }
    return ValidHours(
        weekdays=tuple(sorted(weekdays)),
        from_minute=integer_of(span.from_minute, f"{field}.from_minute", at_least=0, at_most=MINUTES_A_DAY - 1),
        until_minute=integer_of(span.until_minute, f"{field}.until_minute", at_least=1, at_most=MINUTES_A_DAY),
    )


def _excluded_tenders(terms: pb.EarningTerms, effect: Effect, trigger: Trigger) -> tuple[TenderKind, ...]:
    if effect.is_bonus or trigger.is_activity:
        return ()
    if terms.all_tenders_earn:
        if terms.excluded_tenders:
            raise Invalid("terms.all_tenders_earn", "cannot be while excluded_tenders names some")
        return ()
    kinds = {
        TENDER_KIND.to_domain(kind, f"terms.excluded_tenders[{index}]")
        for index, kind in enumerate(terms.excluded_tenders)
    }
    return tuple(sorted(kinds, key=lambda kind: kind.value)) or TENDERS_EXCLUDED_DEFAULT


def _names(values: Sequence[str], field: str) -> tuple[str, ...]:
    if len(values) > SELECTED_MAX:
        raise Invalid(field, f"must have at most {SELECTED_MAX} items")
    return tuple(text_of(value, f"{field}[{index}]", length_max=NAME_LENGTH_MAX) for index, value in enumerate(values))


# ---- To the wire -----------------------------------------------------------------------------------------------------


def to_terms(terms: EarningTerms) -> pb.EarningTerms:
    """What a rule says; sent back as it is, it says the same."""
    return pb.EarningTerms(
        name=terms.name,
        points=terms.points,
        per_amount_minor=terms.per_amount_minor,
        currency=terms.currency,
        excluded_skus=terms.excluded_skus,
        excluded_categories=terms.excluded_categories,
        starts_at=None if terms.starts_at is None else timestamp_of(terms.starts_at),
        ends_at=None if terms.ends_at is None else timestamp_of(terms.ends_at),
        rounding=ROUNDING.to_proto(terms.rounding),
        pending_days=terms.pending_days,
        expiry_days=terms.expiry_days,
        wallet=terms.wallet,
        effect=EFFECT.to_proto(terms.effect),
        trigger=TRIGGER.to_proto(terms.trigger),
        factor=to_factor(terms.factor),
        condition=terms.condition,
        time_zone=terms.time_zone,
        valid_hours=[
            pb.ValidHours(weekdays=span.weekdays, from_minute=span.from_minute, until_minute=span.until_minute)
            for span in terms.valid_hours
        ],
        included_skus=terms.included_skus,
        included_categories=terms.included_categories,
        included_brands=terms.included_brands,
        excluded_brands=terms.excluded_brands,
        exclude_tax=terms.exclude_tax,
        excluded_tenders=[TENDER_KIND.to_proto(kind) for kind in terms.excluded_tenders],
        all_tenders_earn=not terms.excluded_tenders,
        stacking_group=terms.stacking_group,
        priority=terms.priority,
        exclusive=terms.exclusive,
        limits=[to_limit(limit) for limit in terms.limits],
        expiry=to_expiry(terms.expiry),
        expiry_by_tier=[to_tier_expiry(each) for each in terms.expiry_by_tier],
        limit_policy=LIMIT_POLICY.to_proto(terms.limit_policy),
        qualifying=terms.qualifying,
        activity_name=terms.activity_name,
        accrual=to_accrual(terms.accrual, terms.effect),
    )


def to_accrual(accrual: Accrual, effect: Effect) -> pb.EarningAccrual.ValueType:
    """Whether parts of the rate count; unspecified for an effect that has no rate."""
    return ACCRUAL.to_proto(accrual) if effect.has_rate else pb.EARNING_ACCRUAL_UNSPECIFIED


def to_factor(factor: Factor | None) -> pb.Factor | None:
    """A multiplier."""
    return None if factor is None else pb.Factor(numerator=factor.numerator, denominator=factor.denominator)
