"""Goods that a sale takes back: lines of negative quantity.

Those that the same receipt sells, too, are void: the two cancel each other. The others are a return on the paper of the
sale. Where a line names the purchase that its goods are of, or one of the member's is found that they can be of, they
come back of that purchase; else what they would earn now is taken back. See `handlers/sales/goods_back.py`.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from services.points.domain.sales.sale import PurchaseLine, ReceiptKey, Returned, Sale, add_returned


def without_voids(lines: Sequence[PurchaseLine]) -> Sequence[PurchaseLine]:
    """The lines less what the receipt sells and takes back, which is goods of one name at one price.

    Nothing but the lines' ids decides which lines cancel each other, so their order does not matter.
    """
    backs = [line for line in lines if line.quantity_milli < 0 and line.original is None]
    if not backs:
        return lines
    left = {line.line_id: line for line in lines}
    sold: defaultdict[Hashable, deque[str]] = defaultdict(deque)
    for line_id in sorted(left):
        if left[line_id].amount_minor > 0 and left[line_id].quantity_milli > 0:
            sold[_goods(left[line_id])].append(line_id)
    for back_id in sorted(line.line_id for line in backs):
        ids = sold[_goods(left[back_id])]
        while ids and left[back_id].quantity_milli:
            milli = min(-left[back_id].quantity_milli, left[ids[0]].quantity_milli)
            # One of the two is used up, and both have one price, so that what is left costs a whole amount.
            left[back_id], left[ids[0]] = _less(left[back_id], -milli), _less(left[ids[0]], milli)
            if not left[ids[0]].quantity_milli:
                ids.popleft()
    return [left[line.line_id] for line in lines]


def loose_lines(sale: Sale) -> tuple[PurchaseLine, ...]:
    """The goods taken back of which the receipt does not say where they were bought, as if they were sold."""
    return tuple(
        _turned(line) for line in without_voids(sale.lines) if line.quantity_milli < 0 and line.original is None
    )


def sold_alone(sale: Sale) -> Sale:
    """The sale without the goods that it takes back."""
    return replace(sale, lines=tuple(line for line in _not_voided(sale) if line.quantity_milli >= 0))


def sold_less_loose(sale: Sale) -> Sale:
    """The sale with the goods taken back of which it does not say where they were bought."""
    return replace(sale, lines=tuple(line for line in _not_voided(sale) if line.original is None))


def loose_alone(sale: Sale) -> Sale:
    """A sale of the goods alone that it takes back without saying where they were bought."""
    return replace(sale, lines=loose_lines(sale), tenders=())


@dataclass(frozen=True)
class Found:
    """A purchase that goods may be of, and what has come back of it."""

    sale: Sale
    returned: Returned


@dataclass(frozen=True)
class Origins:
    """Where the goods were bought that a sale takes back: thousandths by receipt and line, and the sale's own lines.

    `matched` is how much of each loose line was found; the rest of it nothing is known of.
    """

    by_receipt: Mapping[ReceiptKey, Mapping[str, int]]
    matched: Returned


def origins(sale: Sale, found: Iterable[Found]) -> Origins:
    """Finds the purchases that the goods are of: those that lines name, and of `found`, in their order, those that fit.

    Goods of one name and one price are looked for first, and then of one SKU at any price.
    """
    by_receipt: dict[ReceiptKey, dict[str, int]] = {}
    for line in sale.lines:
        if line.original is not None:
            _add(by_receipt, line.original.receipt, line.original.line_id, -line.quantity_milli)
    loose, matched = loose_lines(sale), dict[str, int]()
    kept = _kept(found, by_receipt, {line.sku for line in loose})
    for alike in (_goods, _sku):
        stock = _by(alike, kept)
        for line in loose:
            _match(line, stock[alike(line)], by_receipt, matched)
    return Origins(by_receipt, matched)


@dataclass
class _Kept:
    """Goods of a purchase that the member has, of which `left` thousandths can come back."""

    receipt: ReceiptKey
    line: PurchaseLine
    left_milli: int


def _kept(found: Iterable[Found], named: Mapping[ReceiptKey, Returned], skus: set[str]) -> list[_Kept]:
    kept: list[_Kept] = []
    for each in found:
        back = add_returned(each.returned, named.get(each.sale.receipt, {}).items())
        for line in without_voids(each.sale.lines):
            if line.amount_minor > 0 and line.sku in skus:
                kept.append(_Kept(each.sale.receipt, line, line.quantity_milli - back.get(line.line_id, 0)))
    return kept


def _by(alike: Callable[[PurchaseLine], Hashable], kept: Iterable[_Kept]) -> defaultdict[Hashable, deque[_Kept]]:
    stock: defaultdict[Hashable, deque[_Kept]] = defaultdict(deque)
    for each in kept:
        if each.left_milli > 0:
            stock[alike(each.line)].append(each)
    return stock


def _match(
    line: PurchaseLine, stock: deque[_Kept], by_receipt: dict[ReceiptKey, dict[str, int]], matched: dict[str, int]
) -> None:
    missing_milli = line.quantity_milli - matched.get(line.line_id, 0)
    while stock and missing_milli > 0:
        milli = min(missing_milli, stock[0].left_milli)
        _add(by_receipt, stock[0].receipt, stock[0].line.line_id, milli)
        matched[line.line_id] = matched.get(line.line_id, 0) + milli
        missing_milli -= milli
        stock[0].left_milli -= milli
        if not stock[0].left_milli:
            stock.popleft()


def _add(by_receipt: dict[ReceiptKey, dict[str, int]], receipt: ReceiptKey, line_id: str, milli: int) -> None:
    lines = by_receipt.setdefault(receipt, {})
    lines[line_id] = lines.get(line_id, 0) + milli


def _sku(line: PurchaseLine) -> str:
    return line.sku


def _goods(line: PurchaseLine) -> Hashable:
    """What goods of one name at one price have in common, sold or taken back."""
    return line.sku, line.category, line.brand, Fraction(line.amount_minor, line.quantity_milli)


def _not_voided(sale: Sale) -> list[PurchaseLine]:
    """The lines of which something is left, and those that never had a quantity."""
    left = zip(sale.lines, without_voids(sale.lines), strict=True)
    return [line for before, line in left if line.quantity_milli or not before.quantity_milli]


def _less(line: PurchaseLine, milli: int) -> PurchaseLine:
    """The line without so many thousandths."""
    left_milli = line.quantity_milli - milli
    return replace(
        line,
        quantity_milli=left_milli,
        amount_minor=line.amount_minor * left_milli // line.quantity_milli,
        tax_minor=line.tax_minor * left_milli // line.quantity_milli,
        discount_minor=line.discount_minor * left_milli // line.quantity_milli,
    )


def _turned(line: PurchaseLine) -> PurchaseLine:
    return replace(
        line, quantity_milli=-line.quantity_milli, amount_minor=-line.amount_minor, tax_minor=-line.tax_minor
    )
