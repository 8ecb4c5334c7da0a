"""What a batch has loaded of returns, pending ones too, and what its operations leave of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.points.batch.purchases import BatchPurchases
from services.points.batch.reads import Reads
from services.points.domain.ledger.accounts import AccountView
from services.points.domain.sales.matching import Match, WaitingReturn
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.returns import NOTHING_RETURNED, PurchaseReturns, Return
from services.points.storage import Recorded, Transaction


class BatchReturns:
    """The part of the context that is about returns."""

    def __init__(self, tx: Transaction, purchases: BatchPurchases) -> None:
        self._tx = tx
        self._purchases = purchases
        self._of: dict[UUID, PurchaseReturns] = {}
        self._matched: dict[UUID, PurchaseReturns] = {}
        self._pending: dict[UUID, list[WaitingReturn]] = {}
        self._recorded: dict[UUID, Recorded[Return]] = {}

    def load(self, reads: Iterable[Reads]) -> None:
        """Loads what came back of the purchases that are loaded by now, and the returns that may be recorded."""
        if self._purchases.awaited:
            self._pending = self._tx.pending_returns.waiting(self._purchases.awaited)
        if self._purchases.recorded_before:
            self._matched = self._tx.purchases.matched_returns(self._purchases.recorded_before)
        if self._purchases.changing:
            self._of = self._tx.purchases.returns_of(self._purchases.changing)
        wanted = {each.return_id for each in reads if each.return_id}
        if wanted:
            self._recorded = self._tx.purchases.find_returns(wanted)

    def of(self, purchase_id: UUID) -> PurchaseReturns:
        """What has come back of a changing purchase so far."""
        return self._of.get(purchase_id, NOTHING_RETURNED)

    def matched(self, purchase_id: UUID) -> PurchaseReturns:
        """What had come back of a recorded purchase when it was recorded."""
        return self._matched.get(purchase_id, NOTHING_RETURNED)

    def pending(self, purchase_id: UUID) -> Sequence[WaitingReturn]:
        """The returns that wait for a purchase, in the order in which they were recorded."""
        return self._pending.get(purchase_id, ())

    def recorded(self, return_id: UUID) -> Recorded[Return] | None:
        """The return as it was first answered."""
        return self._recorded.get(return_id)

    def record(
        self,
        back: Return,
        awaited_purchase_id: UUID | None,
        cashier_id: str,
        currency: str,
        account: AccountView | None,
        digests: dict[str, str],
    ) -> None:
        """Leaves a new return; one whose purchase is not known waits for it."""
        self._tx.purchases.append_return(
            self._tx.writer, back, awaited_purchase_id, cashier_id, currency, account, digests
        )
        if awaited_purchase_id is not None:
            self._purchases.take_slot(awaited_purchase_id)
        self._recorded[back.return_id] = Recorded(back, account, digests)

    def record_match(self, purchase: Purchase, match: Match, shortfall: int) -> None:
        """Leaves what became of a return that had waited for the purchase."""
        self._tx.pending_returns.append(self._tx.writer, purchase, match, shortfall, self._tx.now)
