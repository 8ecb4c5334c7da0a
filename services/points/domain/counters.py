"""Counters while operations on them are judged: what was loaded, and what they add.

Like a `Book`, a `Tally` is given to one operation after another, and each changes it wholly or not at all: it decides
first, by what `measure` says was used before, and then uses what it has decided.

    used = sum of the counter's movements = what is left of the earnings of the purchases that lie in its window
    0 ≤ used ≤ the greatest limit that allowed a use
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.points.domain.earnings import Earning
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
    """Units that a purchase used (positive), or that a return gave back (negative)."""

    key: CounterKey
    units: int
    purchase_id: UUID
    return_id: UUID | None = None


@dataclass(frozen=True)
class Buyer:
    """Who bought what: whose limits are met, and in which windows."""

    program_id: UUID
    member_id: UUID
    sale: Sale

    def counter(self, rule_id: UUID, met: Measured) -> CounterKey | None:
        """The counter of a limit in its window; a limit on single purchases has none."""
        limit, of = met.limit, ""
        if limit.span is LimitSpan.PURCHASE:
            return None
        if limit.scope is LimitScope.MEMBER_AND_CASHIER:
            of = self.sale.cashier_id
        elif limit.scope is LimitScope.STORE:
            of = self.sale.receipt.store_id
        member_id = self.member_id if limit.scope.is_cap else None
        return CounterKey(self.program_id, member_id, rule_id, limit.scope, of, limit.span, limit.unit, met.starts_on)

    def met(self, rule: EarningRule) -> tuple[Measured, ...]:
        """The rule's limits in the windows that the purchase lies in, before anybody has looked at what is used."""
        return tuple(
            Measured(limit, limit.span.starts_on(self.sale.occurred_at, rule.terms.zone)) for limit in rule.terms.limits
        )

    def counters(self, rule_id: UUID, met: Iterable[Measured]) -> list[CounterKey]:
        """The counters of these limits."""
        return [key for each in met if (key := self.counter(rule_id, each)) is not None]


class Tally:
    """What is used of limits, and what the present operations change of it."""

    def __init__(self, counters: Mapping[CounterKey, Counter]) -> None:
        self._counters = dict(counters)
        self._movements: list[CounterMovement] = []

    def measure(self, buyer: Buyer, rule: EarningRule) -> tuple[Measured, ...]:
        """The rule's limits as the buyer's purchase meets them now."""
        return tuple(
            met if (key := buyer.counter(rule.rule_id, met)) is None else replace(met, used=self._counters[key].used)
            for met in buyer.met(rule)
        )

    def use(self, buyer: Buyer, purchase_id: UUID, earnings: Iterable[Earning]) -> None:
        """Counts what a purchase was given."""
        for earning in earnings:
            for met in earning.explanation.limits if earning.points else ():
                key = buyer.counter(earning.rule_id, met)
                if key is not None:
                    self._move(CounterMovement(key, met.uses(earning.points), purchase_id), met.limit.at_most)

    def give_back(
        self, buyer: Buyer, purchase_id: UUID, return_id: UUID, earning: Earning, points: int, left: int
    ) -> None:
        """Takes off what a return took of an earning, of which `left` points are left then."""
        for met in earning.explanation.limits:
            key = buyer.counter(earning.rule_id, met)
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
