"""What operations must see before they can plan."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class GoodsTakenBack:
    """What a sale takes back: the purchases that it says the goods are of, and the goods whose purchases are sought."""

    purchase_ids: frozenset[UUID]
    skus: frozenset[str]
    bought_until: datetime


@dataclass(frozen=True)
class Reads:
    """What an operation must see before it can say which accounts it touches."""

    program_id: UUID
    member_id: UUID | None = None
    # A receipt that may be recorded already.
    purchase_id: UUID | None = None
    # A purchase that is about to change: it is locked, and what came back of it is read.
    changing_purchase_id: UUID | None = None
    return_id: UUID | None = None
    # An activity that may be recorded already, by each id that it may have.
    activity_ids: frozenset[UUID] = frozenset()
    hold_id: UUID | None = None
    # Holds that are about to give back what they spent, whosever they are.
    refunded_hold_ids: frozenset[UUID] = frozenset()
    # Of an adjustment that was asked for and is about to end: it is locked. The member must be given.
    adjustment_id: UUID | None = None
    # Whether something is sold to the member of the purchase that changes, who must be known then.
    selling_to_owner: bool = False
    # Another member who must be known.
    counterpart_id: UUID | None = None
    # A transfer to the member, and one of the member that is about to end: it is locked.
    arriving_transfer_id: UUID | None = None
    ending_transfer_id: UUID | None = None
    # Lines of receipts that it judges: how much work it is, beside others that have a few.
    lines: int = 0
    # Of a sale that takes goods back. Which purchases change is only known once they are sought, so it goes alone.
    taking_back: GoodsTakenBack | None = None

    def subjects(self) -> Iterable[Hashable]:
        """What two operations of one batch must not both be about, since neither would see what the other did."""
        named = (
            self.purchase_id,
            self.changing_purchase_id,
            self.return_id,
            self.hold_id,
            self.adjustment_id,
            self.arriving_transfer_id,
            self.ending_transfer_id,
        )
        return (identity for identity in (*named, *self.refunded_hold_ids, *self.activity_ids) if identity is not None)
