"""What a return brings back.

The receipts say what came back and not from which purchase, so the till looks: the same customer's latest earlier
purchase of the same article with enough of it not yet returned, at the same price if there is one. What it cannot find
goes to the suite without an original, where it is recorded and takes no points.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from wafa.demo.receipts import Line, Receipt


@dataclasses.dataclass(frozen=True)
class BroughtBack:
    """So many pieces of one line: of the original's where the part has one, otherwise of the return's own."""

    line_id: str
    quantity: int


@dataclasses.dataclass(frozen=True)
class ReturnPart:
    """The share of a return that one purchase answers for; `original` is absent for what no purchase answers for."""

    original: Receipt | None
    lines: tuple[BroughtBack, ...]


@dataclasses.dataclass
class _Bought:
    """A line of an earlier purchase and how much of it the customer still has."""

    receipt: Receipt
    line: Line
    left: int


class Shelf:
    """What every customer has bought so far and not brought back. Feed it receipts in order of time."""

    def __init__(self) -> None:
        self._bought: dict[tuple[str, str], list[_Bought]] = {}

    def add(self, sale: Receipt) -> None:
        """Keeps a sale for later returns; an anonymous one is not kept, since no return could be matched to it."""
        if not sale.customer:
            return
        for line in sale.lines:
            if line.quantity > 0:
                self._bought.setdefault((sale.customer, line.sku), []).append(_Bought(sale, line, line.quantity))

    def take(self, back: Receipt) -> tuple[ReturnPart, ...]:
        """Matches a return, line by line: a part for each purchase it touches, then one for what was not found."""
        parts: dict[str, tuple[Receipt, dict[str, int]]] = {}
        lost: list[BroughtBack] = []
        for line in back.lines:
            pieces = abs(line.quantity)
            bought = self._find(back.customer, line, pieces)
            if bought is None:
                lost.append(BroughtBack(line.line_id, pieces))
                continue
            bought.left -= pieces
            # Two lines of a return may touch the same line of a purchase; the suite wants them as one.
            taken = parts.setdefault(bought.receipt.number, (bought.receipt, {}))[1]
            taken[bought.line.line_id] = taken.get(bought.line.line_id, 0) + pieces
        matched = (
            ReturnPart(original, tuple(BroughtBack(line_id, pieces) for line_id, pieces in taken.items()))
            for original, taken in parts.values()
        )
        return (*matched, *([ReturnPart(None, tuple(lost))] if lost else []))

    def _find(self, customer: str, line: Line, pieces: int) -> _Bought | None:
        enough = [bought for bought in self._bought.get((customer, line.sku), ()) if bought.left >= pieces]
        at_this_price = [bought for bought in enough if bought.line.unit_price_minor == line.unit_price_minor]
        return next(reversed(at_this_price or enough), None)


def match_returns(receipts: Iterable[Receipt]) -> dict[str, tuple[ReturnPart, ...]]:
    """The parts of every return among `receipts`, which come oldest first, by the return's number."""
    shelf = Shelf()
    parts: dict[str, tuple[ReturnPart, ...]] = {}
    for receipt in receipts:
        if receipt.is_return:
            parts[receipt.number] = shelf.take(receipt)
        else:
            shelf.add(receipt)
    return parts
