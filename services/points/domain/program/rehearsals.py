"""What rules would have given for past purchases, against what was given: a rehearsal moves no point.

The rules are judged by the same evaluation that posts purchases, on the goods that were kept, for the member who bought
or claimed them. They are taken as if in force for the whole period: `starts_at` and `ends_at` say when they are to
begin, which is what the rehearsal is asked before. What was given is what returns have left of it.

Limits are counted in the order in which the purchases occurred, for themselves: nothing of them is used when the period
begins, whatever was used of them in the books.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from services.points.domain.earning.counters import CounterKey, LimitContext, LimitCounters, limit_context_of
from services.points.domain.earning.earners import NOBODY, Earner
from services.points.domain.earning.earnings import Earning, earner_of
from services.points.domain.earning.evaluation import Assessment, assess, evaluate_loose
from services.points.domain.earning.rule_sets import RuleSet
from services.points.domain.earning.rules import EarningRule
from services.points.domain.ledger.accounts import Cause
from services.points.domain.program.documents import RuleDefinition
from services.points.domain.program.policy import MemberStatus
from services.points.domain.sales.clawbacks import left_of
from services.points.domain.sales.goods_back import loose_lines
from services.points.domain.sales.mixed_sales import MixedAssessment
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.returns import PurchaseReturns, Return

TOP_MAX = 20
WINDOW_START = timedelta(hours=1)
WINDOW_MIN = timedelta(seconds=30)
WINDOW_MAX = timedelta(days=7)
# Halving the longest window more often leads below the shortest one.
NARROWED_MAX = 15


class RehearsalState(enum.Enum):
    """The life of a rehearsal."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class RehearseEarningRules:
    """Asks what rules would have given; none means the program's drafts. `only` leaves out its other rules."""

    program_id: UUID
    request_id: str
    rules: tuple[RuleDefinition, ...]
    only: bool
    wallet: str
    start: datetime
    end: datetime
    purchases_max: int
    # What a point is worth, as `value_minor` for `per_points`; zeros where nobody asks.
    value_minor: int
    per_points: int


@dataclass(frozen=True)
class RehearsalPlan:
    """What is rehearsed, settled when it is asked for: later changes of rules do not concern it."""

    rules: tuple[EarningRule, ...]
    wallet: str
    start: datetime
    end: datetime
    purchases_max: int
    value_minor: int
    per_points: int


@dataclass(frozen=True)
class RuleSum:
    """Of one rule: what it gave and would have given, and for how many purchases it would have given something."""

    given: int = 0
    would: int = 0
    purchases: int = 0


@dataclass(frozen=True)
class PointsDifference:
    """A purchase for which the rules would have given something else."""

    purchase_id: UUID
    member_id: UUID
    given: int
    would: int

    @property
    def size(self) -> int:
        """By how much."""
        return abs(self.would - self.given)


@dataclass(frozen=True)
class Comparison:
    """What has come of the purchases seen so far. Anonymous ones earn nothing and are only counted."""

    purchases: int = 0
    anonymous: int = 0
    changed: int = 0
    given: int = 0
    would: int = 0
    # Of the differences, what members would have had more, and less.
    gained: int = 0
    lost: int = 0
    rules: dict[str, RuleSum] = field(default_factory=dict)
    top: tuple[PointsDifference, ...] = ()


@dataclass(frozen=True)
class Position:
    """Up to where purchases have been seen, in the order of (occurred_at, purchase_id), and how far to look next."""

    at: datetime
    after: UUID | None = None
    window: timedelta = WINDOW_START

    def window_end(self, end: datetime) -> datetime:
        """Where the next look ends."""
        # Nothing lies beyond the year 9999, not even for a moment.
        return end if end - self.at <= self.window else self.at + self.window

    def narrowed(self, failures: int) -> Position:
        """The position with a window half as long for each look at it that failed: it may have taken too long."""
        return replace(self, window=max(WINDOW_MIN, self.window / 2 ** min(failures, NARROWED_MAX)))

    def moved(self, seen: Iterable[tuple[datetime, UUID]], end: datetime, *, full: bool) -> Position:
        """The position after a look that found these; one that was full found perhaps not all."""
        if full:
            at, purchase_id = max(seen)
            return Position(at, purchase_id, max(WINDOW_MIN, self.window / 2))
        return Position(self.window_end(end), None, min(WINDOW_MAX, self.window * 2))


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal as it stands."""

    rehearsal_id: UUID
    program_id: UUID
    state: RehearsalState
    plan: RehearsalPlan
    position: Position
    comparison: Comparison
    # How many members something would have changed for.
    members: int
    created_at: datetime
    ended_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether all purchases of the period have been seen, or as many as were asked for."""
        return self.position.at >= self.plan.end or self.comparison.purchases >= self.plan.purchases_max

    @property
    def cost_minor(self) -> int | None:
        """What the difference is worth, rounded half up to the minor unit; nothing where no value was given."""
        if not self.plan.per_points:
            return None
        points = self.comparison.would - self.comparison.given
        exact = Fraction(points * self.plan.value_minor, self.plan.per_points)
        return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


@dataclass(frozen=True)
class Heard:
    """One purchase, judged: by rule, what is left of what was given, and what would have been given."""

    purchase: Purchase
    member_id: UUID
    given: Mapping[UUID, int]
    would: Mapping[UUID, int]


def in_force_throughout(rule: EarningRule, start: datetime) -> EarningRule:
    """The rule as it is rehearsed."""
    return replace(rule, effective_from=start, effective_until=None)


@dataclass(frozen=True)
class Part:
    """A purchase that is about to be judged: what the rules would give for it before anybody looks at limits."""

    purchase: Purchase
    returns: PurchaseReturns
    limit_context: LimitContext
    assessment: Assessment | MixedAssessment
    # What was taken, and would have been, for goods that the sale took back and of which no purchase was known.
    taken: tuple[Earning, ...] = ()
    would_take: tuple[Earning, ...] = ()

    @property
    def counters(self) -> Iterator[CounterKey]:
        """The counters of the limits that it meets."""
        for rule in self.assessment.limited:
            yield from self.limit_context.counters(rule.rule_id, self.limit_context.usages(rule))


def part_of(
    candidates: RuleSet, purchase: Purchase, returns: PurchaseReturns, taken_back: Iterable[Return] = ()
) -> Part | None:
    """Takes a purchase up, with what it took back on its receipt; nothing for an anonymous one."""
    if purchase.member_id is None:
        return None
    # Nobody wrote down who asked where there was no rule; those who may not earn were refused.
    earner = earner_of(purchase.earnings) or NOBODY
    if not earner.status:
        earner = replace(earner, status=MemberStatus.ACTIVE.value)
    return Part(
        purchase,
        returns,
        limit_context_of(purchase.program_id, purchase.member_id, purchase.sale),
        assess(candidates, purchase.sale, returns.returned, earner),
        *_loose_of(candidates, purchase, taken_back, earner),
    )


def _loose_of(
    candidates: RuleSet, purchase: Purchase, taken_back: Iterable[Return], earner: Earner
) -> tuple[tuple[Earning, ...], tuple[Earning, ...]]:
    """What was taken for loose goods, and what the candidates would give for them."""
    clawback = next((back for back in taken_back if back.valued), None)
    if clawback is None:
        return (), ()
    loose = {line.line_id: line.quantity_milli for line in loose_lines(purchase.sale)}
    matched = loose | {line.line_id: loose[line.line_id] - line.quantity_milli for line in clawback.lines}
    return clawback.valued, evaluate_loose(candidates, purchase.sale, matched, earner)


def hear(plan: RehearsalPlan, history: RuleSet, part: Part, limits: LimitCounters) -> Heard:
    """Judges a purchase within what those before it have left of limits. `history` holds what it earned by."""
    purchase, limit_context = part.purchase, part.limit_context
    earned = {each.rule_id: each for each in purchase.earnings}
    left = left_of(purchase, history, part.returns)
    would = part.assessment.earnings(lambda rule: limits.usage_of(limit_context, rule))
    limits.use(limit_context, Cause(purchase_id=purchase.purchase_id), would)
    given = Counter({rule_id: points for rule_id, points in left.items() if earned[rule_id].wallet == plan.wallet})
    gives = Counter({each.rule_id: each.points for each in would if each.wallet == plan.wallet})
    given.subtract({each.rule_id: each.points for each in part.taken if each.wallet == plan.wallet})
    gives.subtract({each.rule_id: each.points for each in part.would_take if each.wallet == plan.wallet})
    return Heard(purchase, limit_context.member_id, dict(given), dict(gives))


def added(comparison: Comparison, heard: Iterable[Heard | None], keys: Mapping[UUID, str]) -> Comparison:
    """The comparison with more purchases; nothing stands for an anonymous one."""
    for each in heard:
        if each is None:
            comparison = replace(comparison, purchases=comparison.purchases + 1, anonymous=comparison.anonymous + 1)
        else:
            comparison = _with(comparison, each, keys)
    return comparison


def touched(heard: Iterable[Heard | None]) -> set[UUID]:
    """The members whom something would have changed for."""
    return {each.member_id for each in heard if each is not None and _difference(each).size}


def _with(comparison: Comparison, heard: Heard, keys: Mapping[UUID, str]) -> Comparison:
    difference = _difference(heard)
    change = difference.would - difference.given
    top = comparison.top
    if change:
        ranked = sorted((*top, difference), key=lambda each: (-each.size, each.purchase_id))
        top = tuple(ranked[:TOP_MAX])
    return Comparison(
        purchases=comparison.purchases + 1,
        anonymous=comparison.anonymous,
        changed=comparison.changed + bool(change),
        given=comparison.given + difference.given,
        would=comparison.would + difference.would,
        gained=comparison.gained + max(0, change),
        lost=comparison.lost + max(0, -change),
        rules=_rules_with(comparison.rules, heard, keys),
        top=top,
    )


def _difference(heard: Heard) -> PointsDifference:
    given, would = sum(heard.given.values()), sum(heard.would.values())
    return PointsDifference(heard.purchase.purchase_id, heard.member_id, given, would)


def _rules_with(rules: Mapping[str, RuleSum], heard: Heard, keys: Mapping[UUID, str]) -> dict[str, RuleSum]:
    found = dict(rules)
    for rule_id in heard.given.keys() | heard.would.keys():
        key = keys[rule_id]
        before, would = found.get(key, RuleSum()), heard.would.get(rule_id, 0)
        found[key] = RuleSum(
            before.given + heard.given.get(rule_id, 0), before.would + would, before.purchases + bool(would)
        )
    return found
