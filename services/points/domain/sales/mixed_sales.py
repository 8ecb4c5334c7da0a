"""What rules make of a sale that takes goods back.

What it sells is judged by itself, as in an exchange. Where the receipt does not say which purchase the goods taken back
are of, they could be there to reach a threshold that the receipt does not reach without them. So what a wallet is given
is also no more than what the receipt earns with them counted off, and what they would earn by themselves. Then taking
that back leaves at most what either reading of the receipt gives.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from services.points.domain.earning.earnings import Earning, LineExplanation, Reason
from services.points.domain.earning.limits import LimitUsage
from services.points.domain.earning.line_lists import within_bounds
from services.points.domain.earning.rules import EarningRule
from services.points.domain.earning.terms import LineVerdict
from services.points.domain.sales.goods_back import without_voids
from services.points.domain.sales.sale import PurchaseLine, Sale


class Judged(Protocol):
    """What rules would give for a sale before anybody knows what is left of limits."""

    @property
    def limited(self) -> list[EarningRule]:
        """The rules that have limits."""
        ...

    @property
    def may_give(self) -> list[EarningRule]:
        """The rules that give something if their limits, and those of others, let them."""
        ...

    def earnings(self, usage_of: Callable[[EarningRule], tuple[LimitUsage, ...]]) -> tuple[Earning, ...]:
        """What each rule gives beside the others, within what is left of its limits."""
        ...


@dataclass(frozen=True)
class MixedAssessment:
    """What the rules would give for what the sale sells.

    `net` is the receipt with the loose goods counted off, and `loose` what a sale of them alone would earn.
    """

    sale: Sale
    sold: Judged
    net: Judged
    loose: Sequence[Earning]

    @property
    def limited(self) -> list[EarningRule]:
        """The rules that have limits."""
        return self.sold.limited

    @property
    def may_give(self) -> list[EarningRule]:
        """The rules that give something if their limits, and those of others, let them."""
        return self.sold.may_give

    def earnings(self, usage_of: Callable[[EarningRule], tuple[LimitUsage, ...]]) -> tuple[Earning, ...]:
        """What each rule gives beside the others, within what is left of its limits."""
        most = _by_wallet((*self.net.earnings(usage_of), *self.loose))
        given: list[Earning] = []
        for earning in self.sold.earnings(usage_of):
            points = min(earning.points, most[earning.wallet])
            most[earning.wallet] -= points
            given.append(self._whole(_cut(earning, points)))
        return within_bounds(tuple(given))

    @functools.cached_property
    def _apart(self) -> list[LineExplanation]:
        """Every line as one that is judged apart."""
        settled = without_voids(self.sale.lines)
        return [_apart(line, left) for line, left in zip(self.sale.lines, settled, strict=True)]

    def _whole(self, earning: Earning) -> Earning:
        """The earning with a verdict on every line of the receipt, if it has any verdicts."""
        why = earning.explanation
        if why.unlisted is not None or (not why.lines and why.reason is not Reason.NOTHING_COUNTED):
            return earning
        judged = {line.line_id: line for line in why.lines}
        lines = (judged.get(line.line_id) or apart for line, apart in zip(self.sale.lines, self._apart, strict=True))
        return replace(earning, explanation=replace(why, lines=tuple(lines)))


def _by_wallet(earnings: Iterable[Earning]) -> defaultdict[str, int]:
    points: defaultdict[str, int] = defaultdict(int)
    for earning in earnings:
        points[earning.wallet] += earning.points
    return points


def _cut(earning: Earning, points: int) -> Earning:
    if points == earning.points:
        return earning
    why = replace(earning.explanation, reason=Reason.CUT_BY_GOODS_TAKEN_BACK)
    return replace(earning, points=points, explanation=why)


def _apart(line: PurchaseLine, settled: PurchaseLine) -> LineExplanation:
    verdict = LineVerdict.TAKEN_BACK if settled.quantity_milli < 0 else LineVerdict.VOIDED
    return LineExplanation(line.line_id, line.amount_minor, verdict)
