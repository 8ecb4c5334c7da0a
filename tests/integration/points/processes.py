"""Two processes of the service at one database."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from services.points import handlers
from services.points.handlers.member_lookup import MemberLookup
from tests.factories import points as make
from tests.integration.points.batches import writer
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.counted import a_sale


class Process:
    """What one process of the service would be: a writer and handlers of its own."""

    def __init__(self, points: Points, stack: ExitStack) -> None:
        # Small batches, so that many transactions of the two meet.
        committer = stack.enter_context(writer(points, batch_max=2))
        self.purchases = handlers.PurchaseHandlers(
            points.storage, committer, MemberLookup(points.storage, points.people)
        )
        self.returns = handlers.ReturnHandlers(points.storage, committer)

    def sell(self, member_id: uuid.UUID, pounds: int, store: str = "S1") -> tuple[int, str]:
        """The points given, and the number of the receipt."""
        sale = a_sale(pounds, store=store)
        wish = make.record_purchase(member_id, sale)
        earned = self.purchases.record_purchase(TILL, wish).unwrap().purchase.points_earned
        taken = 0
        if pounds % 3 == 0:
            back = make.record_return(sale.receipt, ("1", 1000))
            taken = self.returns.record_return(TILL, back).unwrap().recorded.points_returned
            assert taken == earned
        return earned - taken, sale.receipt.receipt_number


@contextmanager
def two_processes(points: Points) -> Iterator[list[Process]]:
    with ExitStack() as stack:
        yield [Process(points, stack) for _ in range(2)]
