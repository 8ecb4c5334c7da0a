"""Counters while operations on them are judged: what was loaded, and what they add.

Like a `Book`, a `Tally` is given to one operation after another, and each changes it wholly or not at all: it decides
first, by what `measure` says was used before, and then uses what it has decided.

    used = sum of the counter's movements = what is left of what purchases and activities in its window earned
    0 ≤ used ≤ the greatest limit that allowed a use
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.points.domain.earnings import Earning
from services.points.domain.ledger import Cause
from services.points.domain.limits import LimitScope, LimitSpan, LimitUnit, Measured
from services.points.domain.rules import EarningRule
from services.points.domain.sales import Sale


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
class Occasion:
    """A purchase or an activity as limits see it: whose they are, in which windows, of which cashier and store."""

    program_id: UUID
    member_id: UUID
    occurred_at: datetime
    store_id: str
    cashier_id: str

    def counter(self, rule_id: UUID, met: Measured) -> CounterKey | None:
        """The counter of a limit in its window; a limit on single purchases has none."""
        limit, of = met.limit, ""
        if limit.span is LimitSpan.PURCHASE:
            return None
        if limit.scope is LimitScope.MEMBER_AND_CASHIER:
            of = self.cashier_id
        elif limit.scope is LimitScope.STORE:
            of = self.store_id
        member_id = self.member_id if limit.scope.is_cap else None
        return CounterKey(self.program_id, member_id, rule_id, limit.scope, of, limit.span, limit.unit, met.starts_on)

    def met(self, rule: EarningRule) -> tuple[Measured, ...]:
        """The rule's limits in the windows that the occasion lies in, before anybody has looked at what is used."""
        return tuple(
            Measured(limit, limit.span.starts_on(self.occurred_at, rule.terms.zone)) for limit in rule.terms.limits
        )

    def counters(self, rule_id: UUID, met: Iterable[Measured]) -> list[CounterKey]:
        """The counters of these limits."""
        return [key for each in met if (key := self.counter(rule_id, each)) is not None]


def occasion_of(program_id: UUID, member_id: UUID, sale: Sale) -> Occasion:
    """The sale as an occasion of the member."""
    return Occasion(program_id, member_id, sale.occurred_at, sale.receipt.store_id, sale.cashier_id)


class Tally:
    """What is used of limits, and what the present operations change of it."""

    def __init__(self, counters: Mapping[CounterKey, Counter]) -> None:
        self._counters = dict(counters)
        self._movements: list[CounterMovement] = []

    def measure(self, occasion: Occasion, rule: EarningRule) -> tuple[Measured, ...]:
        """The rule's limits as the occasion meets them now."""
        return tuple(
            met if (key := occasion.counter(rule.rule_id, met)) is None else replace(met, used=self._counters[key].used)
            for met in occasion.met(rule)
        )

    def use(self, occasion: Occasion, cause: Cause, earnings: Iterable[Earning]) -> None:
        """Counts what was given for a purchase or an activity, which the cause names."""
        for earning in earnings:
            for met in earning.explanation.limits if earning.points else ():
                key = occasion.counter(earning.rule_id, met)
                if key is not None:
                    units, activity_id = met.uses(earning.points), cause.activity_id
                    movement = CounterMovement(key, units, cause.purchase_id, activity_id=activity_id)
                    self._move(movement, met.limit.at_most)

    def give_back(
        self, occasion: Occasion, purchase_id: UUID, return_id: UUID, earning: Earning, points: int, left: int
    ) -> None:
        """Takes off what a return took of an earning, of which `left` points are left then."""
        for met in earning.explanation.limits:
            key = occasion.counter(earning.rule_id, met)
            units = met.uses(left + points) - met.uses(left)
            if key is not None and units:
                self._move(CounterMovement(key, -units, purchase_id, return_id))

    def changes(self) -> tuple[dict[CounterKey, Counter], tuple[CounterMovement, ...]]:
        """The counters that have moved, as they now stand, and their movements."""
        return {each.key: self._counters[each.key] for each in self._movements}, tuple(self._movements)

    def _move(self, movement: CounterMovement, at_most: int = 0) -> None:
        before = self._counters[movement.key]
        self._counters[movement.key] = Counter(before.used + movement.units, max(before.allowed, at_most))
        self._movements.append(movement)
