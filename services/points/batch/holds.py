"""What a batch has loaded of holds before it opens their accounts."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from services.points.batch.reads import Reads
from services.points.domain.errors import HoldNotFound
from services.points.domain.sales.refunds import PlacedHold
from services.points.storage import Transaction


class BatchHolds:
    """The part of the context that says where holds are."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._wallets: dict[tuple[UUID, UUID], tuple[UUID, str]] = {}
        self._placed: dict[UUID, PlacedHold] = {}

    def load(self, reads: Iterable[Reads]) -> None:
        """Loads the holds that operations are about, and those that give back what they spent."""
        found = list(reads)
        holds = {(each.member_id, each.hold_id) for each in found if each.member_id and each.hold_id}
        if holds:
            self._wallets = self._tx.accounts.wallets_of_holds(holds)
        refunded = {(each.program_id, hold_id) for each in found for hold_id in each.refunded_hold_ids}
        if refunded:
            self._placed = self._tx.accounts.placed_holds(refunded)

    def wallet_of(self, program_id: UUID, member_id: UUID, hold_id: UUID) -> str:
        """The wallet that the hold is on, or HOLD_NOT_FOUND."""
        found = self._wallets.get((member_id, hold_id))
        if found is None or found[0] != program_id:
            raise HoldNotFound("the member has no such hold", hold_id=str(hold_id))
        return found[1]

    def exists(self, member_id: UUID, hold_id: UUID) -> bool:
        """Whether the member has a hold with this id, in any program."""
        return (member_id, hold_id) in self._wallets

    def placed(self, program_id: UUID, hold_id: UUID) -> PlacedHold | None:
        """A hold that is about to give back, whosever it is, unless it is another program's."""
        found = self._placed.get(hold_id)
        return found if found is not None and found.key.program_id == program_id else None
