"""Purchases and their returns: what is recorded, and what a return takes back."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kit.errors import Invalid
from services.points.domain.earning.earnings import Earning
from services.points.domain.earning.evaluation import evaluate_again
from services.points.domain.earning.rule_sets import RuleSet
from services.points.domain.errors import (
    PurchaseAlreadyClaimed,
    PurchaseNotAnonymous,
    ReturnExceedsPurchase,
    ReturnLineUnknown,
)
from services.points.domain.ledger.accounts import AccountView
from services.points.domain.sales.goods_back import without_voids
from services.points.domain.sales.refunds import PointsRefund, Refunded
from services.points.domain.sales.sale import ReceiptKey, Returned, Sale, add_returned


@dataclass(frozen=True)
class RecordPurchase:
    """A till's wish to record a sale; `member_id` None for an anonymous one."""

    program_id: UUID
    request_id: str
    member_id: UUID | None
    sale: Sale


@dataclass(frozen=True)
class RecordPurchases:
    """Sales to record in one call, each on its own merits; what was malformed stands there as what is wrong with it."""

    program_id: UUID
    items: tuple[RecordPurchase | Invalid, ...]


@dataclass(frozen=True)
class PreviewPurchase:
    """A till's question what RecordPurchase would answer."""

    program_id: UUID
    member_id: UUID | None
    sale: Sale


@dataclass(frozen=True)
class GetPurchase:
    """A look at a purchase, by its id or by its receipt."""

    program_id: UUID
    purchase_id: UUID | None
    receipt: ReceiptKey | None


@dataclass(frozen=True)
class ClaimPurchase:
    """A member's wish to have an anonymous purchase counted."""

    program_id: UUID
    request_id: str
    member_id: UUID
    receipt: ReceiptKey


@dataclass(frozen=True)
class ReturnLine:
    """Goods of one line brought back, in thousandths of a unit."""

    line_id: str
    quantity_milli: int


@dataclass(frozen=True)
class RecordReturn:
    """A till's wish to record a return; `original_receipt` None when the customer does not have it."""

    program_id: UUID
    request_id: str
    receipt: ReceiptKey
    original_receipt: ReceiptKey | None
    occurred_at: datetime
    currency: str
    lines: tuple[ReturnLine, ...]
    cashier_id: str
    # What was spent on the goods and is to come back.
    refunds: tuple[PointsRefund, ...] = ()
    # Vouchers that come back with the goods, for `rewards` to reinstate: here, a part of what the wish is.
    voucher_codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Purchase:
    """A sale as it was recorded. What happened to it since, claims and returns, stands beside it."""

    purchase_id: UUID
    program_id: UUID
    member_id: UUID | None
    sale: Sale
    earnings: tuple[Earning, ...]
    recorded_at: datetime
    claimed_at: datetime | None = None

    @property
    def points_earned(self) -> int:
        """Points given in all."""
        return sum(earning.points for earning in self.earnings)


class MisfitReason(enum.Enum):
    """Why a return that had waited for a purchase is none of it."""

    LINE_UNKNOWN = "line_unknown"
    EXCEEDS_PURCHASE = "exceeds_purchase"
    OTHER_CURRENCY = "other_currency"


@dataclass(frozen=True)
class Misfit:
    """A return that had waited for a purchase and stays unmatched, by its receipt."""

    return_id: UUID
    receipt: ReceiptKey
    reason: MisfitReason


@dataclass(frozen=True)
class PurchaseReturns:
    """What has come back of a purchase so far.

    `taken` is what each rule's earning gave back. It is None where a return was recorded before that was written down;
    rules could only give less for less then, so that what came back tells what was taken.
    """

    returned: dict[str, int]
    points_returned: int
    taken: dict[UUID, int] | None = field(default_factory=dict)
    # Those that had waited for it and were none of it after all.
    misfits: tuple[Misfit, ...] = ()


NOTHING_RETURNED = PurchaseReturns({}, 0)


@dataclass(frozen=True)
class PurchaseAnswer:
    """A purchase with what came back of it, and the account after what was asked."""

    purchase: Purchase
    returns: PurchaseReturns
    account: AccountView | None
    # What became of the goods that the sale itself took back.
    taken_back: tuple[Return, ...] = ()


@dataclass(frozen=True)
class Return:
    """A return as it was recorded."""

    return_id: UUID
    program_id: UUID
    receipt: ReceiptKey
    original_receipt: ReceiptKey | None
    purchase_id: UUID | None
    member_id: UUID | None
    lines: tuple[ReturnLine, ...]
    points_returned: int
    shortfall: int
    occurred_at: datetime
    recorded_at: datetime
    # What each rule's earning gave back.
    taken: dict[UUID, int] = field(default_factory=dict)
    refunds: tuple[Refunded, ...] = ()
    # The sale on whose receipt the goods were taken back, of those that were.
    within_purchase_id: UUID | None = None
    # What each rule would give for the goods now, where they are of no purchase that is known, and that was taken.
    valued: tuple[Earning, ...] = ()

    @property
    def points_restored(self) -> int:
        """Points that came back to the member in all."""
        return sum(refund.points for refund in self.refunds)

    @property
    def points_lapsed(self) -> int:
        """Of these, points that lapsed again at once."""
        return sum(refund.lapsed for refund in self.refunds)


@dataclass(frozen=True)
class ReturnAnswer:
    """A return and the account after it."""

    recorded: Return
    account: AccountView | None


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


def expect_claimable(purchase: Purchase) -> None:
    """Refuses to give a purchase to a member that has one already."""
    if purchase.claimed_at is not None:
        raise PurchaseAlreadyClaimed("this receipt has been claimed already")
    if purchase.member_id is not None:
        raise PurchaseNotAnonymous("this purchase was made by a known member")
