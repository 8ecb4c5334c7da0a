"""Clawbacks: what each earning of a purchase must give back when goods come back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from services.points.domain.earning.evaluation import evaluate_again
from services.points.domain.earning.rule_sets import RuleSet
from services.points.domain.errors import (
    ReturnExceedsPurchase,
    ReturnLineUnknown,
)
from services.points.domain.sales.goods_back import without_voids
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.returns import PurchaseReturns, ReturnLine
from services.points.domain.sales.sale import Returned, Sale, add_returned


@dataclass(frozen=True)
class Clawback:
    """Points to take back of one earning, and what is left of it then."""

    rule_id: UUID
    wallet: str
    points: int
    left: int


def expect_returnable(sale: Sale, returned: Returned, lines: Iterable[ReturnLine]) -> dict[str, int]:
    """Checks that the lines can come back and gives what has come back after they did."""
    after = add_returned(returned, ((line.line_id, line.quantity_milli) for line in lines))
    bought = {line.line_id: line.quantity_milli for line in without_voids(sale.lines)}
    for line_id, quantity_milli in after.items():
        if line_id not in bought:
            raise ReturnLineUnknown(f"the receipt has no line {line_id!r}", line_id=line_id)
        returnable_milli = max(0, bought[line_id]) - returned.get(line_id, 0)
        asked_milli = quantity_milli - returned.get(line_id, 0)
        if asked_milli > returnable_milli:
            raise ReturnExceedsPurchase(
                f"of line {line_id!r} {returnable_milli} thousandths can still come back, not {asked_milli}",
                line_id=line_id,
                returnable_milli=returnable_milli,
                asked_milli=asked_milli,
            )
    return after


def clawbacks_of(purchase: Purchase, rules: RuleSet, returns: PurchaseReturns, after: Returned) -> tuple[Clawback, ...]:
    """What each earning must give back when returns grow to `after`.

    What is left in each wallet becomes what the kept goods alone would have earned by the same versions of the rules,
    unless that is more: a return never gives points. The earnings that shrank give, in their order.
    """
    now = evaluate_again(rules, purchase.earnings, purchase.sale, after)
    left = left_of(purchase, rules, returns)
    found: list[Clawback] = []
    for wallet in dict.fromkeys(earning.wallet for earning in purchase.earnings):
        rule_ids = [earning.rule_id for earning in purchase.earnings if earning.wallet == wallet]
        excess = sum(left[rule_id] for rule_id in rule_ids) - sum(now[rule_id] for rule_id in rule_ids)
        for rule_id in rule_ids:
            points = min(excess, left[rule_id] - now[rule_id])
            if points > 0:
                found.append(Clawback(rule_id, wallet, points, left[rule_id] - points))
                excess -= points
    return tuple(found)


def left_of(purchase: Purchase, rules: RuleSet, returns: PurchaseReturns) -> dict[UUID, int]:
    """What is left of each earning after the returns so far."""
    if returns.taken is None:
        before = evaluate_again(rules, purchase.earnings, purchase.sale, returns.returned)
        return {earning.rule_id: min(earning.points, before[earning.rule_id]) for earning in purchase.earnings}
    return {earning.rule_id: earning.points - returns.taken.get(earning.rule_id, 0) for earning in purchase.earnings}
