"""Clawbacks: what returned goods had earned is taken from the accounts, whichever came first, return or purchase."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.points import announces
from services.points.batch import BatchContext
from services.points.domain.earning import qualifying
from services.points.domain.earning.counters import LimitContext, limit_context_of
from services.points.domain.earning.earnings import Earning
from services.points.domain.errors import InsufficientBalanceForReturn
from services.points.domain.ledger.accounts import AccountKey, Cause
from services.points.domain.program.policy import Shortfall
from services.points.domain.sales.clawbacks import Clawback
from services.points.domain.sales.matching import Match
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.returned_goods import returned_goods
from services.points.domain.sales.sale import Returned, add_returned


def claw_back_points(
    context: BatchContext, purchase: Purchase, return_id: UUID, clawbacks: Iterable[Clawback], policy: Shortfall
) -> int:
    """Takes the points back from the member's accounts and gives how many were missing."""
    shortfall, cause = 0, Cause(return_id=return_id)
    for clawback in clawbacks:
        book = context.accounts.book(AccountKey(purchase.program_id, _member_of(purchase), clawback.wallet))
        taken = book.take_back(clawback.points, purchase.purchase_id, clawback.rule_id, cause, policy, context.now)
        shortfall += taken.shortfall
    return shortfall


def expect_enough(context: BatchContext, purchase: Purchase, clawbacks: Sequence[Clawback], policy: Shortfall) -> None:
    """Refuses to take what a member has not, where the program's policy is to refuse."""
    if policy is not Shortfall.REFUSE:
        return
    for wallet in sorted({clawback.wallet for clawback in clawbacks}):
        asked = [(clawback.rule_id, clawback.points) for clawback in clawbacks if clawback.wallet == wallet]
        book = context.accounts.book(AccountKey(purchase.program_id, _member_of(purchase), wallet))
        missing = book.shortfall_of(asked, purchase.purchase_id, context.now)
        if missing:
            raise InsufficientBalanceForReturn(
                f"{missing} of the points these goods earned are spent", missing=missing, wallet=wallet
            )


def free_limits(context: BatchContext, purchase: Purchase, return_id: UUID, clawbacks: Sequence[Clawback]) -> None:
    """Gives what the goods had used of limits back to the windows of the purchase; there they qualify no longer."""
    for clawback, earning in zip(clawbacks, clawed_back_earnings(purchase, clawbacks), strict=True):
        member_id = _member_of(purchase)
        limit_context = limit_context_by(purchase, member_id)
        context.limits.give_back(
            limit_context, purchase.purchase_id, return_id, earning, clawback.points, clawback.left
        )
        context.accounts.qualify(qualifying.clawed_back(purchase, member_id, return_id, earning, clawback.points))


def clawed_back_earnings(purchase: Purchase, clawbacks: Iterable[Clawback]) -> list[Earning]:
    """The earnings that are to give back."""
    earnings = {earning.rule_id: earning for earning in purchase.earnings}
    return [earnings[clawback.rule_id] for clawback in clawbacks]


def limit_context_by(purchase: Purchase, member_id: UUID) -> LimitContext:
    """The purchase as limits see it."""
    return limit_context_of(purchase.program_id, member_id, purchase.sale)


def settle_matches(context: BatchContext, purchase: Purchase, matches: Iterable[Match]) -> None:
    """Lets returns that have waited for the purchase take effect, now that it is credited.

    A policy of refusal cannot refuse goods that are back already: what is missing is carried.
    """
    policy = context.members.policy(purchase.program_id, purchase.member_id).shortfall
    returned: Returned = {}
    for match in matches:
        return_id = match.waiting.return_id
        shortfall = claw_back_points(context, purchase, return_id, match.clawbacks, policy)
        free_limits(context, purchase, return_id, match.clawbacks)
        context.returns.record_match(purchase, match, shortfall)
        if match.misfit is None:
            lines = match.waiting.lines
            goods = returned_goods(purchase.sale, returned, lines)
            returned = add_returned(returned, ((line.line_id, line.quantity_milli) for line in lines))
            context.announce(announces.return_matched(purchase, match, goods, shortfall, context.now))


def _member_of(purchase: Purchase) -> UUID:
    assert purchase.member_id is not None  # noqa: S101 - an anonymous purchase has earned nothing to claw back
    return purchase.member_id
