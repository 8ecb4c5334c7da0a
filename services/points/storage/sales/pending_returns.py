"""Returns that wait for their purchases, and where the two meet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kit.arrays import array_of
from services.points import tables
from services.points.domain.sales.matching import Match, WaitingReturn
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.returns import Misfit, MisfitReason
from services.points.storage.documents import dump, load, return_lines_document, taken_document
from services.points.storage.sales.receipts import receipt_of
from services.points.storage.writer import Writer


class PendingReturns:
    """Reads and writes of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def lock(self, purchase_ids: Iterable[UUID]) -> None:
        """Locks slots that are taken, in order; whoever holds one has written when this comes back."""
        table = tables.purchase_slots
        self._connection.execute(
            sa.select(table.c.purchase_id)
            .where(table.c.purchase_id == sa.any_(array_of(purchase_ids)))
            .order_by(table.c.purchase_id)
            .with_for_update()
        )

    def waiting(self, purchase_ids: Iterable[UUID]) -> dict[UUID, list[WaitingReturn]]:
        """The returns that wait for these purchases, in the order in which they were recorded."""
        table = tables.returns
        rows = self._connection.execute(
            sa.select(table)
            .where(table.c.awaited_purchase_id == sa.any_(array_of(purchase_ids)))
            .order_by(table.c.recorded_at, table.c.return_id)
        )
        found: dict[UUID, list[WaitingReturn]] = {}
        for row in rows:
            lines = load(return_lines_document, row.lines)
            waiting = WaitingReturn(row.return_id, receipt_of(row), row.currency, lines)
            found.setdefault(row.awaited_purchase_id, []).append(waiting)
        return found

    def take_slot(self, writer: Writer, purchase_id: UUID) -> None:
        """Takes a slot that was free; somebody who does the same meanwhile makes one of the two lose the race."""
        writer.add(tables.purchase_slots, {"purchase_id": purchase_id})

    def append(self, writer: Writer, purchase: Purchase, match: Match, shortfall: int, now: datetime) -> None:
        """Hands what became of a waiting return to the writer."""
        writer.add(
            tables.return_matches,
            {
                "return_id": match.waiting.return_id,
                "purchase_id": purchase.purchase_id,
                "member_id": purchase.member_id,
                "misfit": None if match.misfit is None else match.misfit.value,
                "points_returned": sum(match.taken.values()),
                "shortfall": shortfall,
                "taken_by_rule": dump(taken_document, match.taken),
                "matched_at": now,
            },
        )


def misfit_of(row: Any) -> Misfit | None:
    """What a row of a return with its match says of why it does not fit."""
    return None if row.misfit is None else Misfit(row.return_id, receipt_of(row), MisfitReason(row.misfit))
