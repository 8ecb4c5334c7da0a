"""Returns that came before their purchase: what becomes of them when it comes.

They are judged after the purchase in the order in which they were recorded, so that the account ends as if everything
had come in its order. A return fits as a whole or not at all, as at a till. One that does not fit stays unmatched and
says why; it takes nothing, and those after it are judged as if it were not there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from services.points.domain.earning.rule_sets import RuleSet
from services.points.domain.errors import ReturnExceedsPurchase, ReturnLineUnknown, TooManyReturnsWait
from services.points.domain.sales.clawbacks import Clawback, clawbacks_of, expect_returnable
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.returns import NOTHING_RETURNED, Misfit, MisfitReason, PurchaseReturns, ReturnLine
from services.points.domain.sales.sale import ReceiptKey, Returned

# Returns that may wait for one purchase, which is judged with all of them at once.
WAITING_MAX = 100

# When a return that may not wait is worth another try: the purchase must come first.
COMES_BACK_MS = 60_000


@dataclass(frozen=True)
class WaitingReturn:
    """A return whose purchase was not known when it was recorded."""

    return_id: UUID
    receipt: ReceiptKey
    currency: str
    lines: tuple[ReturnLine, ...]


@dataclass(frozen=True)
class Match:
    """What became of a waiting return: what it takes back, or why it does not fit."""

    waiting: WaitingReturn
    clawbacks: tuple[Clawback, ...] = ()
    misfit: MisfitReason | None = None

    @property
    def taken(self) -> dict[UUID, int]:
        """Points by rule."""
        return {each.rule_id: each.points for each in self.clawbacks}


def expect_room_to_wait(waiting: Collection[WaitingReturn]) -> None:
    """Refuses to let one more return wait for a purchase than may."""
    if len(waiting) >= WAITING_MAX:
        raise TooManyReturnsWait(
            f"{len(waiting)} returns wait for this purchase, try again when it is recorded",
            retry_after_ms=COMES_BACK_MS,
            waiting=len(waiting),
        )


def match(purchase: Purchase, rules: RuleSet, waiting: Iterable[WaitingReturn]) -> tuple[list[Match], PurchaseReturns]:
    """What becomes of the returns that have waited for the purchase, and what has come back of it with them."""
    matches: list[Match] = []
    returns = NOTHING_RETURNED
    for each in waiting:
        after = _fits(purchase, returns, each)
        if isinstance(after, MisfitReason):
            matches.append(Match(each, misfit=after))
            misfit = Misfit(each.return_id, each.receipt, after)
            returns = replace(returns, misfits=(*returns.misfits, misfit))
            continue
        clawbacks = () if purchase.member_id is None else clawbacks_of(purchase, rules, returns, after)
        matches.append(Match(each, clawbacks))
        returns = _with(returns, after, clawbacks)
    return matches, returns


def _fits(purchase: Purchase, returns: PurchaseReturns, waiting: WaitingReturn) -> dict[str, int] | MisfitReason:
    """What has come back after it did too, or why it is none of this purchase."""
    if waiting.currency != purchase.sale.currency:
        return MisfitReason.OTHER_CURRENCY
    try:
        return expect_returnable(purchase.sale, returns.returned, waiting.lines)
    except ReturnLineUnknown:
        return MisfitReason.LINE_UNKNOWN
    except ReturnExceedsPurchase:
        return MisfitReason.EXCEEDS_PURCHASE


def _with(returns: PurchaseReturns, after: Returned, clawbacks: Iterable[Clawback]) -> PurchaseReturns:
    taken = dict(returns.taken or {})
    points = returns.points_returned
    for each in clawbacks:
        taken[each.rule_id] = taken.get(each.rule_id, 0) + each.points
        points += each.points
    return replace(returns, returned=dict(after), points_returned=points, taken=taken)
