"""What a batch has loaded of purchases, and what its operations leave of them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from services.points.batch.reads import Reads
from services.points.domain.ledger.accounts import AccountView
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.returns import Return
from services.points.storage import PurchaseHistory, Recorded, Transaction, Whose


class BatchPurchases:
    """The part of the context that is about purchases. Those that change are locked by their slots."""

    def __init__(self, tx: Transaction, *, lock: bool) -> None:
        self._tx = tx
        self._lock = lock
        self._histories: dict[UUID, PurchaseHistory] = {}
        # Purchases that goods may be of which a sale takes back, the newest first: it goes alone, see `Reads`.
        self._sought: list[UUID] = []
        self._taken_within: dict[UUID, tuple[Return, ...]] = {}
        # Those that are about to change; those to record that are recorded; those that are not, and that returns await.
        self.changing: frozenset[UUID] = frozenset()
        self.recorded_before: frozenset[UUID] = frozenset()
        self.awaited: frozenset[UUID] = frozenset()

    # -- For the batch -----------------------------------------------------------------------------------------------

    def load(self, reads: Iterable[Reads]) -> None:
        """Finds purchases, those that change locked, and says for which of the others returns wait."""
        found = list(reads)
        changing = {each.changing_purchase_id for each in found if each.changing_purchase_id}
        self.changing = frozenset(changing | self._taken_back_of(found))
        recording = {each.purchase_id for each in found if each.purchase_id}
        self._find(recording)
        if self.awaited and self._lock:
            # Whoever holds a slot may be recording the purchase, or another return of it: only now is that to be seen.
            self._tx.pending_returns.lock(self.awaited)
            self._find(recording)
        self.recorded_before = frozenset(recording & self._histories.keys())
        if self.recorded_before:
            self._taken_within = self._tx.purchases.taken_within(
                self._histories[purchase_id].recorded.record for purchase_id in self.recorded_before
            )

    def owners(self, reads: Iterable[Reads]) -> set[Whose]:
        """The members of purchases that change, where something is sold to them."""
        found = (self._owner(each) for each in reads if each.selling_to_owner)
        return {owner for owner in found if owner is not None}

    def _find(self, recording: set[UUID]) -> None:
        if self.changing and self._lock:
            self._tx.purchases.lock(self.changing)
        wanted = recording | self.changing
        if wanted:
            found = self._tx.purchases.seek(wanted)
            self._histories, self.awaited = found.histories, found.awaited

    def _taken_back_of(self, reads: Iterable[Reads]) -> set[UUID]:
        """The purchases that goods may be of which sales take back."""
        changing: set[UUID] = set()
        for each in reads:
            if each.taking_back is None:
                continue
            changing |= each.taking_back.purchase_ids
            if each.member_id is not None and each.taking_back.skus:
                self._sought = self._tx.purchases.bought_by(
                    each.program_id, each.member_id, each.taking_back.skus, each.taking_back.bought_until
                )
                changing |= set(self._sought)
        return changing

    def _owner(self, reads: Reads) -> Whose | None:
        changing = reads.changing_purchase_id
        found = None if changing is None else self.present(reads.program_id, changing)
        return None if found is None or found.member_id is None else (reads.program_id, found.member_id)

    # -- For operations ----------------------------------------------------------------------------------------------

    def recorded(self, purchase_id: UUID) -> Recorded[Purchase] | None:
        """The purchase as it was first answered."""
        history = self._histories.get(purchase_id)
        return None if history is None else history.recorded

    def present(self, program_id: UUID, purchase_id: UUID) -> Purchase | None:
        """The purchase as it stands, unless it is another program's."""
        history = self._histories.get(purchase_id)
        return history.present if history is not None and history.present.program_id == program_id else None

    def sought(self, program_id: UUID) -> list[Purchase]:
        """The purchases that goods may be of which a sale takes back, the newest first."""
        found = (self.present(program_id, purchase_id) for purchase_id in self._sought)
        return [purchase for purchase in found if purchase is not None]

    def taken_within(self, purchase_id: UUID) -> tuple[Return, ...]:
        """What a recorded sale took back when it was recorded."""
        return self._taken_within.get(purchase_id, ())

    def record(self, purchase: Purchase, account: AccountView | None, digests: dict[str, str]) -> None:
        """Leaves a new purchase."""
        self._tx.purchases.append(self._tx.writer, purchase, account, digests)
        self.take_slot(purchase.purchase_id)
        self._histories[purchase.purchase_id] = PurchaseHistory(Recorded(purchase, account, digests), purchase)

    def record_claim(self, purchase: Purchase) -> None:
        """Leaves the claim of a purchase, given as it stands after it."""
        self._tx.purchases.append_claim(self._tx.writer, purchase)

    def take_slot(self, purchase_id: UUID) -> None:
        """Takes the purchase's slot; one that returns hold already is locked by us."""
        if purchase_id not in self.awaited:
            self._tx.pending_returns.take_slot(self._tx.writer, purchase_id)
