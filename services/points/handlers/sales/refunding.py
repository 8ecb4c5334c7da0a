"""What goods were paid with in points comes back with them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from kit.errors import Refusal
from services.points.batch import BatchContext
from services.points.domain.ledger.accounts import EntryKind
from services.points.domain.sales.refunds import PlacedHold, PointsRefund, Refunded, expect_refundable
from services.points.domain.sales.returns import RecordReturn
from services.points.storage import BookRequest


@dataclass(frozen=True)
class PlannedRefund:
    """What is asked to come back, and the hold that it was spent by; `path` is where the command names it."""

    asked: PointsRefund
    hold: PlacedHold
    path: str

    @property
    def touch(self) -> BookRequest:
        """The account that it comes back to."""
        return BookRequest(self.hold.key, hold_ids=frozenset({self.hold.hold_id}))


def plan_refunds(
    context: BatchContext, command: RecordReturn, path: str, buyer_id: UUID | None
) -> tuple[PlannedRefund, ...]:
    """The refunds of a return: all of them the buyer's, if one is known, and otherwise one member's."""
    planned: list[PlannedRefund] = []
    for index, asked in enumerate(command.refunds):
        of = f"{path}refunds[{index}]"
        with _named(f"{of}.hold_id"):
            found = context.holds.placed(command.program_id, asked.hold_id)
            member_id = buyer_id or (planned[0].hold.key.member_id if planned else None)
            planned.append(PlannedRefund(asked, expect_refundable(found, asked, member_id), of))
    return tuple(planned)


def refund_points(
    context: BatchContext, command: RecordReturn, planned: Iterable[PlannedRefund]
) -> tuple[Refunded, ...]:
    """Gives the points back to the lots that they were spent from."""
    reason = f"return {command.receipt.receipt_number}"
    return tuple(_refunded(context, reason, each) for each in planned)


def lapsed_refunds(
    context: BatchContext, planned: Iterable[PlannedRefund], refunds: Iterable[Refunded]
) -> tuple[Refunded, ...]:
    """The refunds with what lapsed again of them, once everything else has been taken from them."""
    found: list[Refunded] = []
    for refund, each in zip(refunds, planned, strict=True):
        before = sum(other.lapsed for other in found if other.wallet == refund.wallet)
        expired = sum(
            -entry.amount
            for entry in context.accounts.book(each.hold.key).new_entries
            if entry.kind is EntryKind.EXPIRY and entry.version > refund.version
        )
        found.append(replace(refund, lapsed=min(refund.points, max(0, expired - before))))
    return tuple(found)


def _refunded(context: BatchContext, reason: str, planned: PlannedRefund) -> Refunded:
    hold, amount = planned.hold, planned.asked.amount
    book = context.accounts.book(hold.key)
    before = book.hold(hold.hold_id).reversed
    with _named(f"{planned.path}.{'amount' if amount else 'hold_id'}"):
        after = book.reverse_capture(hold.hold_id, reason, context.now, amount).reversed
    return Refunded(hold.hold_id, hold.key.wallet, after - before, book.account.version)


@contextlib.contextmanager
def _named(path: str) -> Iterator[None]:
    """Names the field that a refusal is about."""
    try:
        yield
    except Refusal as refusal:
        refusal.metadata["field"] = path
        raise
