"""What goods had earned is taken from the accounts, whichever came first, the return or its purchase."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.points import announces
from services.points.commit import Desk
from services.points.domain import qualifying
from services.points.domain.counters import Occasion, occasion_of
from services.points.domain.earnings import Earning
from services.points.domain.errors import InsufficientBalanceForReturn
from services.points.domain.ledger import AccountKey, Cause
from services.points.domain.matching import Match
from services.points.domain.policy import Shortfall
from services.points.domain.purchases import Due, Purchase


def take_points(desk: Desk, purchase: Purchase, return_id: UUID, dues: Iterable[Due], policy: Shortfall) -> int:
    """Takes back what is due of each earning of a member's purchase and gives the points that were missing."""
    shortfall, cause = 0, Cause(return_id=return_id)
    for due in dues:
        book = desk.book(AccountKey(purchase.program_id, _member_of(purchase), due.wallet))
        taken = book.take_back(due.points, purchase.purchase_id, due.rule_id, cause, policy, desk.now)
        shortfall += taken.shortfall
    return shortfall


def expect_enough(desk: Desk, purchase: Purchase, dues: Sequence[Due], policy: Shortfall) -> None:
    """Refuses to take what a member has not, where the program's policy is to refuse."""
    if policy is not Shortfall.REFUSE:
        return
    for wallet in sorted({due.wallet for due in dues}):
        asked = [(due.rule_id, due.points) for due in dues if due.wallet == wallet]
        book = desk.book(AccountKey(purchase.program_id, _member_of(purchase), wallet))
        missing = book.shortfall_of(asked, purchase.purchase_id, desk.now)
        if missing:
            raise InsufficientBalanceForReturn(
                f"{missing} of the points these goods earned are spent", missing=missing, wallet=wallet
            )


def free_limits(desk: Desk, purchase: Purchase, return_id: UUID, dues: Sequence[Due]) -> None:
    """Gives what the goods had used of limits back to the windows of the purchase; there they qualify no longer."""
    for due, earning in zip(dues, due_earnings(purchase, dues), strict=True):
        member_id = _member_of(purchase)
        occasion = occasion_by(purchase, member_id)
        desk.tally.give_back(occasion, purchase.purchase_id, return_id, earning, due.points, due.left)
        desk.qualify(qualifying.taken_back(purchase, member_id, return_id, earning, due.points))


def due_earnings(purchase: Purchase, dues: Iterable[Due]) -> list[Earning]:
    """The earnings that are to give back."""
    earnings = {earning.rule_id: earning for earning in purchase.earnings}
    return [earnings[due.rule_id] for due in dues]


def occasion_by(purchase: Purchase, member_id: UUID) -> Occasion:
    """Whose limits the purchase met."""
    return occasion_of(purchase.program_id, member_id, purchase.sale)


def settle_matches(desk: Desk, purchase: Purchase, matches: Iterable[Match]) -> None:
    """Lets returns that have waited for the purchase take effect, now that it is credited.

    A policy of refusal cannot refuse goods that are back already: what is missing is carried.
    """
    policy = desk.policy(purchase.program_id, purchase.member_id).shortfall
    for match in matches:
        return_id = match.waiting.return_id
        shortfall = take_points(desk, purchase, return_id, match.due, policy)
        free_limits(desk, purchase, return_id, match.due)
        desk.record_match(purchase, match, shortfall)
        if match.misfit is None:
            desk.announce(announces.return_matched(purchase, match, shortfall, desk.now))


def _member_of(purchase: Purchase) -> UUID:
    assert purchase.member_id is not None  # noqa: S101 - an anonymous purchase has earned nothing that could be due
    return purchase.member_id
