"""Purchases: what callers ask of them, and what is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kit.errors import Invalid
from services.points.domain.earning.earnings import Earning
from services.points.domain.errors import (
    PurchaseAlreadyClaimed,
    PurchaseNotAnonymous,
)
from services.points.domain.ledger.accounts import AccountView
from services.points.domain.sales.returns import PurchaseReturns, Return
from services.points.domain.sales.sale import ReceiptKey, Sale


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


@dataclass(frozen=True)
class PurchaseAnswer:
    """A purchase with what came back of it, and the account after what was asked."""

    purchase: Purchase
    returns: PurchaseReturns
    account: AccountView | None
    # What became of the goods that the sale itself took back.
    taken_back: tuple[Return, ...] = ()


def expect_claimable(purchase: Purchase) -> None:
    """Refuses to give a purchase to a member that has one already."""
    if purchase.claimed_at is not None:
        raise PurchaseAlreadyClaimed("this receipt has been claimed already")
    if purchase.member_id is not None:
        raise PurchaseNotAnonymous("this purchase was made by a known member")
