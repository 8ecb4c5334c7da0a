"""Returns: what is recorded of goods that come back."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.points.domain.earning.earnings import Earning
from services.points.domain.ledger.accounts import AccountView
from services.points.domain.sales.refunds import PointsRefund, Refunded
from services.points.domain.sales.sale import ReceiptKey


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
