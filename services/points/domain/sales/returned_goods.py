"""What goods that come back are, and what had been paid for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.points.domain.sales.goods_back import without_voids
from services.points.domain.sales.order_discounts import with_discounts_shared
from services.points.domain.sales.returns import ReturnLine
from services.points.domain.sales.sale import PurchaseLine, Returned, Sale, add_returned


@dataclass(frozen=True)
class ReturnedGoods:
    """Goods of one line of a purchase that came back; money in minor units, discounts on the order taken off."""

    line_id: str
    quantity_milli: int
    sku: str
    category: str
    brand: str
    amount_minor: int
    tax_minor: int


def returned_goods(sale: Sale, before: Returned, lines: Iterable[ReturnLine]) -> tuple[ReturnedGoods, ...]:
    """The goods of the lines, which can come back, after `before` had come back.

    Parts of a line that come back one after another add up to what was paid for the line, to the minor unit.
    """
    bought = {line.line_id: line for line in with_discounts_shared(without_voids(sale.lines))}
    found: list[ReturnedGoods] = []
    for line in lines:
        after = add_returned(before, [(line.line_id, line.quantity_milli)])
        found.append(_goods(bought[line.line_id], before.get(line.line_id, 0), after[line.line_id]))
        before = after
    return tuple(found)


def _goods(line: PurchaseLine, before_milli: int, after_milli: int) -> ReturnedGoods:
    def share(minor: int) -> int:
        return minor * after_milli // line.quantity_milli - minor * before_milli // line.quantity_milli

    return ReturnedGoods(
        line_id=line.line_id,
        quantity_milli=after_milli - before_milli,
        sku=line.sku,
        category=line.category,
        brand=line.brand,
        amount_minor=share(line.amount_minor),
        tax_minor=share(line.tax_minor),
    )
