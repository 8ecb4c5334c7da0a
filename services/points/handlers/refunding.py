"""What goods were paid with in points comes back with them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from kit.errors import Refusal
from services.points.batch import BatchContext
from services.points.domain.ledger import AccountKey, EntryKind
from services.points.domain.purchases import RecordReturn
from services.points.domain.refunds import PlacedHold, PointsRefund, Refunded, expect_refundable
from services.points.storage import BookRequest


class Refunding:
    """The part of a return that gives points back. Refusals name the refund by its path, which begins with `path`."""

    def __init__(self, command: RecordReturn, path: str) -> None:
        self._command = command
        self._path = path
        self._holds: list[tuple[PointsRefund, PlacedHold]] = []

    @property
    def member_id(self) -> UUID | None:
        """Whose points come back; None while none do."""
        return self._holds[0][1].key.member_id if self._holds else None

    @property
    def keys(self) -> list[AccountKey]:
        """The accounts that they come back to."""
        return [hold.key for _, hold in self._holds]

    def books(self, context: BatchContext, member_id: UUID | None) -> Sequence[BookRequest]:
        """These accounts; all of them the buyer's, if one is known, and otherwise one member's."""
        self._holds = []
        for index, asked in enumerate(self._command.refunds):
            with self._named(index, "hold_id"):
                found = context.placed_hold(self._command.program_id, asked.hold_id)
                hold = expect_refundable(found, asked, member_id or self.member_id)
            self._holds.append((asked, hold))
        return [BookRequest(hold.key, hold_ids=frozenset({hold.hold_id})) for _, hold in self._holds]

    def carry_out(self, context: BatchContext) -> tuple[Refunded, ...]:
        """Gives the points back to the lots that they were spent from."""
        return tuple(self._refunded(context, index, asked, hold) for index, (asked, hold) in enumerate(self._holds))

    def lapsed(self, context: BatchContext, refunds: Sequence[Refunded]) -> tuple[Refunded, ...]:
        """The refunds with what lapsed again of them, once everything else has been taken from them."""
        found: list[Refunded] = []
        for refund, (_, hold) in zip(refunds, self._holds, strict=True):
            before = sum(each.lapsed for each in found if each.wallet == refund.wallet)
            expired = sum(
                -entry.amount
                for entry in context.book(hold.key).new_entries
                if entry.kind is EntryKind.EXPIRY and entry.version > refund.version
            )
            found.append(replace(refund, lapsed=min(refund.points, max(0, expired - before))))
        return tuple(found)

    def _refunded(self, context: BatchContext, index: int, asked: PointsRefund, hold: PlacedHold) -> Refunded:
        book = context.book(hold.key)
        before = book.hold(hold.hold_id).reversed
        reason = f"return {self._command.receipt.receipt_number}"
        with self._named(index, "amount" if asked.amount else "hold_id"):
            after = book.reverse_capture(hold.hold_id, reason, context.now, asked.amount).reversed
        return Refunded(hold.hold_id, hold.key.wallet, after - before, book.account.version)

    @contextlib.contextmanager
    def _named(self, index: int, name: str) -> Iterator[None]:
        try:
            yield
        except Refusal as refusal:
            refusal.metadata["field"] = f"{self._path}refunds[{index}].{name}"
            raise
