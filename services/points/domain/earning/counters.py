"""Counters while operations on them are judged: what was loaded, and what they add.

`LimitCounters` are given to one operation after another, and each changes them wholly or not at all: it decides first,
by what `usage_of` says was used before, and then uses what it has decided.

    used = sum of the counter's movements = what is left of what purchases and activities in its window earned
    0 ≤ used ≤ the greatest limit that allowed a use
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.points.domain.earning.earnings import Earning
from services.points.domain.earning.limits import LimitScope, LimitSpan, LimitUnit, LimitUsage
from services.points.domain.earning.rules import EarningRule
from services.points.domain.ledger.accounts import Cause
from services.points.domain.sales.sale import Sale


@dataclass(frozen=True)
class CounterKey:
    """Which limit of whom, and which window. `member_id` is None for a budget; `of` names the cashier or the store."""

    program_id: UUID
    member_id: UUID | None
    rule_id: UUID
    scope: LimitScope
    of: str
    span: LimitSpan
    unit: LimitUnit
    starts_on: date | None


@dataclass(frozen=True)
class Counter:
    """What is used of a limit in one window; `allowed` is the greatest limit that allowed a use."""

    used: int = 0
    allowed: int = 0


@dataclass(frozen=True)
class CounterMovement:
    """Units that a purchase or an activity used (positive), or that a return of the purchase gave back (negative)."""

    key: CounterKey
    units: int
    purchase_id: UUID | None
    return_id: UUID | None = None
    activity_id: UUID | None = None


@dataclass(frozen=True)
class LimitContext:
    """A purchase or an activity as limits see it: whose they are, in which windows, of which cashier and store."""

    program_id: UUID
    member_id: UUID
    occurred_at: datetime
    store_id: str
    cashier_id: str

    def counter(self, rule_id: UUID, usage: LimitUsage) -> CounterKey | None:
        """The counter of a limit in its window; a limit on single purchases has none."""
        limit, of = usage.limit, ""
        if limit.span is LimitSpan.PURCHASE:
            return None
        if limit.scope is LimitScope.MEMBER_AND_CASHIER:
            of = self.cashier_id
        elif limit.scope is LimitScope.STORE:
            of = self.store_id
        member_id = self.member_id if limit.scope.is_cap else None
        return CounterKey(self.program_id, member_id, rule_id, limit.scope, of, limit.span, limit.unit, usage.starts_on)

    def usages(self, rule: EarningRule) -> tuple[LimitUsage, ...]:
        """The rule's limits in the windows of this instant, without what is used of them."""
        return tuple(
            LimitUsage(limit, limit.span.starts_on(self.occurred_at, rule.terms.zone)) for limit in rule.terms.limits
        )

    def counters(self, rule_id: UUID, usage: Iterable[LimitUsage]) -> list[CounterKey]:
        """The counters of these limits."""
        return [key for each in usage if (key := self.counter(rule_id, each)) is not None]


def limit_context_of(program_id: UUID, member_id: UUID, sale: Sale) -> LimitContext:
    """The sale of the member as limits see it."""
    return LimitContext(program_id, member_id, sale.occurred_at, sale.receipt.store_id, sale.cashier_id)


class LimitCounters:
    """What is used of limits, and what the present operations change of it."""

    def __init__(self, counters: Mapping[CounterKey, Counter]) -> None:
        self._counters = dict(counters)
        self._movements: list[CounterMovement] = []

    def usage_of(self, limit_context: LimitContext, rule: EarningRule) -> tuple[LimitUsage, ...]:
        """The rule's limits in their windows, with what is used of them by now."""
        return tuple(
            usage
            if (key := limit_context.counter(rule.rule_id, usage)) is None
            else replace(usage, used=self._counters[key].used)
            for usage in limit_context.usages(rule)
        )

    def use(self, limit_context: LimitContext, cause: Cause, earnings: Iterable[Earning]) -> None:
        """Counts what was given for a purchase or an activity, which the cause names."""
        for earning in earnings:
            for usage in earning.explanation.limits if earning.points else ():
                key = limit_context.counter(earning.rule_id, usage)
                if key is not None:
                    units, activity_id = usage.uses(earning.points), cause.activity_id
                    movement = CounterMovement(key, units, cause.purchase_id, activity_id=activity_id)
                    self._move(movement, usage.limit.at_most)

    def give_back(
        self, limit_context: LimitContext, purchase_id: UUID, return_id: UUID, earning: Earning, points: int, left: int
    ) -> None:
        """Takes off what a return took of an earning, of which `left` points are left then."""
        for usage in earning.explanation.limits:
            key = limit_context.counter(earning.rule_id, usage)
            units = usage.uses(left + points) - usage.uses(left)
            if key is not None and units:
                self._move(CounterMovement(key, -units, purchase_id, return_id))

    def changes(self) -> tuple[dict[CounterKey, Counter], tuple[CounterMovement, ...]]:
        """The counters that have moved, as they now stand, and their movements."""
        return {each.key: self._counters[each.key] for each in self._movements}, tuple(self._movements)

    def _move(self, movement: CounterMovement, at_most: int = 0) -> None:
        before = self._counters[movement.key]
        self._counters[movement.key] = Counter(before.used + movement.units, max(before.allowed, at_most))
        self._movements.append(movement)
