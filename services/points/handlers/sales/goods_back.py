"""Goods that a sale takes back: returns of the purchases that they are of, and a clawback for the rest."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from kit import ids
from kit.errors import Invalid, Refusal
from services.points.batch import BatchContext, GoodsTakenBack, Plan
from services.points.domain.sales.goods_back import Found, loose_lines, origins
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.returns import RecordReturn, Return, ReturnLine
from services.points.domain.sales.sale import ReceiptKey, Sale
from services.points.handlers.sales.loose_goods import LooseGoodsPlan, plan_loose_goods
from services.points.handlers.sales.receipts import purchase_id_of
from services.points.handlers.sales.returns import RecordReturnOperation, ReturnPlan, ReturnTaken


def taking_back_of(program_id: UUID, sale: Sale) -> GoodsTakenBack | None:
    """What a sale that takes goods back must see of purchases; None for any other."""
    if not sale.takes_back:
        return None
    named = {line.original.receipt for line in sale.lines if line.original is not None}
    return GoodsTakenBack(
        frozenset(purchase_id_of(program_id, receipt) for receipt in named),
        frozenset(line.sku for line in loose_lines(sale) if line.quantity_milli),
        sale.occurred_at,
    )


@dataclass(frozen=True)
class GoodsBackTaken:
    """What returns within a sale have taken, in their order, and what was missing for loose goods."""

    returns: tuple[ReturnTaken, ...]
    loose_shortfall: int


@dataclass(frozen=True)
class GoodsBackPlan(Plan):
    """The part of a sale that takes goods back, in the steps of an exchange: free limits, take points, record."""

    returns: tuple[tuple[RecordReturnOperation, ReturnPlan], ...]
    loose: LooseGoodsPlan

    def free(self, context: BatchContext) -> None:
        """Gives back what the goods had used of limits."""
        for returning, plan in self.returns:
            returning.free(context, plan)

    def take(self, context: BatchContext, purchase: Purchase) -> GoodsBackTaken:
        """Takes what the goods had earned, now that what the sale earns is there to be taken."""
        taken = tuple(returning.take(context, plan) for returning, plan in self.returns)
        return GoodsBackTaken(taken, self.loose.take(context, purchase))

    def record(self, context: BatchContext, taken: GoodsBackTaken) -> tuple[Return, ...]:
        """Records what was taken back."""
        found = [
            returning.record(context, plan, each).answer.recorded
            for (returning, plan), each in zip(self.returns, taken.returns, strict=True)
        ]
        # In the order in which they are read.
        return tuple(
            sorted([*found, *self.loose.record(context, taken.loose_shortfall)], key=lambda back: back.return_id)
        )


class TakingBack:
    """Plans what becomes of the goods that a sale takes back.

    `but` is a purchase that is brought back besides, of which none of these goods are sought.
    """

    def __init__(self, program_id: UUID, sale: Sale, purchase_id: UUID, but: UUID | None = None) -> None:
        self._program_id = program_id
        self._sale = sale
        self._purchase_id = purchase_id
        self._but = but

    def plan(self, context: BatchContext, member_id: UUID | None) -> GoodsBackPlan:
        """The accounts that the goods earned to, and the counters of limits."""
        origin = origins(self._sale, self._found(context))
        operations = [self._returning(context, *each) for each in origin.by_receipt.items()]
        returns = tuple((returning, self._planned(context, returning)) for returning in operations)
        loose = plan_loose_goods(context, self._program_id, member_id, self._sale, self._purchase_id, origin.matched)
        touches = [touch for _, plan in returns for touch in plan.touches]
        return GoodsBackPlan([*touches, *loose.touches], returns, loose)

    # -- Pieces ------------------------------------------------------------------------------------------------------

    def _planned(self, context: BatchContext, returning: RecordReturnOperation) -> ReturnPlan:
        with self._named(returning.command):
            return returning.plan(context)

    def _found(self, context: BatchContext) -> list[Found]:
        return [
            Found(purchase.sale, context.returns.of(purchase.purchase_id).returned)
            for purchase in context.purchases.sought(self._program_id)
            if purchase.sale.currency == self._sale.currency and purchase.purchase_id != self._but
        ]

    def _returning(self, context: BatchContext, receipt: ReceiptKey, lines: Mapping[str, int]) -> RecordReturnOperation:
        sale, original = (
            self._sale,
            context.purchases.present(self._program_id, purchase_id_of(self._program_id, receipt)),
        )
        if original is not None and original.sale.currency != sale.currency:
            path = self._path(receipt, "")
            raise Invalid(f"{path}.receipt", f"the purchase was paid in {original.sale.currency}")
        command = RecordReturn(
            self._program_id,
            "",
            sale.receipt,
            receipt,
            sale.occurred_at,
            sale.currency,
            tuple(ReturnLine(line_id, milli) for line_id, milli in lines.items()),
            sale.cashier_id,
        )
        return_id = ids.derived_id("taken_back", str(self._program_id), *sale.receipt.parts(), *receipt.parts())
        return RecordReturnOperation(command, within=(return_id, self._purchase_id))

    @contextlib.contextmanager
    def _named(self, command: RecordReturn) -> Iterator[None]:
        """Names the line of the sale that a refused return is of."""
        try:
            yield
        except Refusal as refusal:
            if command.original_receipt is not None:
                line_id = str(refusal.metadata.get("line_id", ""))
                refusal.metadata.setdefault("field", self._path(command.original_receipt, line_id))
            raise

    def _path(self, receipt: ReceiptKey, line_id: str) -> str:
        """Where the sale names the receipt, or its line if one is given."""
        for index, line in enumerate(self._sale.lines):
            original = line.original
            if original is not None and original.receipt == receipt and line_id in ("", original.line_id):
                return f"sale.lines[{index}].original"
        return "sale.lines"
