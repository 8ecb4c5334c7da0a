"""An order discount that the till sends as a line: money off (a negative amount) and no goods taken back.

It is shared over the goods of the receipt by their amounts, in whole minor units, the largest remainders first. So the
receipt is judged as the same one with the discount told line by line, and goods that come back take their share along.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from services.points.domain.sales.sale import PurchaseLine


def is_order_discount(line: PurchaseLine) -> bool:
    """Whether the line takes money off the order; one of negative quantity takes goods back instead."""
    return line.amount_minor < 0 <= line.quantity_milli


def with_discounts_shared(lines: Sequence[PurchaseLine], unshared: Collection[str] = ()) -> Sequence[PurchaseLine]:
    """The lines with each discount in the goods that it is for, and nothing left on its own line.

    Discounts whose line ids are `unshared` stay where they are, and so do all of them where there are no goods. What
    they take off beyond the goods' whole amount is gone: such a receipt earns nothing either way.
    """
    discounts = {line.line_id: line for line in lines if is_order_discount(line) and line.line_id not in unshared}
    goods = [line for line in lines if line.amount_minor > 0]
    if not discounts or not goods:
        return lines
    off = _shares(-sum(line.amount_minor for line in discounts.values()), goods, [line.amount_minor for line in goods])
    tax_off = _shares(-sum(line.tax_minor for line in discounts.values()), goods, [line.tax_minor for line in goods])
    return [
        replace(line, amount_minor=0, tax_minor=0)
        if line.line_id in discounts
        else _less(line, off[line.line_id], tax_off[line.line_id])
        if line.line_id in off
        else line
        for line in lines
    ]


def _less(line: PurchaseLine, off_minor: int, tax_off_minor: int) -> PurchaseLine:
    amount_minor = line.amount_minor - off_minor
    return replace(
        line,
        discount_minor=line.discount_minor + off_minor,
        amount_minor=amount_minor,
        tax_minor=min(line.tax_minor - tax_off_minor, amount_minor),
    )


def _shares(minor: int, goods: Sequence[PurchaseLine], weights: Sequence[int]) -> dict[str, int]:
    """Shares `minor`, or as much of it as the weights come to, out by them; equal remainders by line id."""
    total = sum(weights)
    minor = min(minor, total)
    parts = [divmod(minor * weight, total) if total else (0, 0) for weight in weights]
    shares = {line.line_id: whole for line, (whole, _) in zip(goods, parts, strict=True)}
    largest = sorted(zip(goods, parts, strict=True), key=lambda each: (-each[1][1], each[0].line_id))
    for line, _ in largest[: minor - sum(shares.values())]:
        shares[line.line_id] += 1
    return shares
