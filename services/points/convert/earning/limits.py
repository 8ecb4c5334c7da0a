"""How much an earning rule may give, on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.points.v1 import terms_pb2 as pb

from kit.convert import EnumMap, enum_of, integer_of, optional_enum
from kit.errors import Invalid
from services.points.domain.earning.limits import LIMITS_MAX, Limit, LimitPolicy, LimitScope, LimitSpan, LimitUnit

AT_MOST_MAX = 1_000_000_000_000

LIMIT_SCOPE = EnumMap(pb.LimitScope, LimitScope)
LIMIT_SPAN = EnumMap(pb.LimitSpan, LimitSpan)
LIMIT_UNIT = EnumMap(pb.LimitUnit, LimitUnit)
LIMIT_POLICY = EnumMap(pb.LimitPolicy, LimitPolicy)

# What each span lies wholly within. A week may reach into two months or years.
_LONGER = {
    LimitSpan.PURCHASE: {LimitSpan.DAY, LimitSpan.WEEK, LimitSpan.MONTH, LimitSpan.YEAR, LimitSpan.EVER},
    LimitSpan.DAY: {LimitSpan.WEEK, LimitSpan.MONTH, LimitSpan.YEAR, LimitSpan.EVER},
    LimitSpan.WEEK: {LimitSpan.EVER},
    LimitSpan.MONTH: {LimitSpan.YEAR, LimitSpan.EVER},
    LimitSpan.YEAR: {LimitSpan.EVER},
    LimitSpan.EVER: set(),
}


def limits_of(messages: Sequence[pb.EarningLimit], field: str) -> tuple[Limit, ...]:
    """The limits of a rule."""
    if len(messages) > LIMITS_MAX:
        raise Invalid(field, f"must have at most {LIMITS_MAX} items")
    limits = tuple(_limit(message, f"{field}[{index}]") for index, message in enumerate(messages))
    for index, limit in enumerate(limits):
        _expect_sense(limit, limits[:index], limits, f"{field}[{index}]")
    return limits


def limit_policy_of(terms: pb.EarningTerms) -> LimitPolicy:
    """What becomes of a part."""
    policy = optional_enum(terms.limit_policy, "terms.limit_policy", LIMIT_POLICY) or LimitPolicy.CUT
    if policy is LimitPolicy.REFUSE and not terms.limits:
        raise Invalid("terms.limit_policy", "has no meaning without limits")
    return policy


def _limit(message: pb.EarningLimit, field: str) -> Limit:
    limit = Limit(
        scope=enum_of(message.scope, f"{field}.scope", LIMIT_SCOPE),
        span=enum_of(message.span, f"{field}.span", LIMIT_SPAN),
        unit=optional_enum(message.unit, f"{field}.unit", LIMIT_UNIT) or LimitUnit.POINTS,
        at_most=integer_of(message.at_most, f"{field}.at_most", at_least=1, at_most=AT_MOST_MAX),
    )
    if limit.span is LimitSpan.PURCHASE:
        if limit.scope is not LimitScope.MEMBER:
            raise Invalid(f"{field}.scope", "must be the member for a limit on single purchases")
        if limit.unit is not LimitUnit.POINTS:
            raise Invalid(f"{field}.unit", "must be points for a limit on single purchases")
    return limit


def _expect_sense(limit: Limit, before: Sequence[Limit], limits: Sequence[Limit], field: str) -> None:
    """Refuses a limit that is said twice, and one that a longer span never lets anybody reach."""
    if any((each.scope, each.span, each.unit) == (limit.scope, limit.span, limit.unit) for each in before):
        raise Invalid(field, "has the scope, span and unit of one before it")
    for each in limits:
        same = (each.scope, each.unit) == (limit.scope, limit.unit)
        if same and each.span in _LONGER[limit.span] and limit.at_most > each.at_most:
            raise Invalid(f"{field}.at_most", f"is more than the {each.at_most} of span {each.span.value}")


def to_limit(limit: Limit) -> pb.EarningLimit:
    """A limit of a rule."""
    return pb.EarningLimit(
        scope=LIMIT_SCOPE.to_proto(limit.scope),
        span=LIMIT_SPAN.to_proto(limit.span),
        unit=LIMIT_UNIT.to_proto(limit.unit),
        at_most=limit.at_most,
    )
