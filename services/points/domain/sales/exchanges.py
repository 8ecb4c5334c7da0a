"""Goods that come back and goods taken instead, as one wish."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from kit.errors import Invalid
from services.points.domain.errors import PurchaseNotFound
from services.points.domain.sales.purchases import Purchase, PurchaseAnswer
from services.points.domain.sales.returns import RecordReturn, ReturnAnswer
from services.points.domain.sales.sale import Sale, check_sale


@dataclass(frozen=True)
class RecordExchange:
    """A till's wish to record what comes back of a purchase and the sale of what is taken instead.

    `member_id` None means whoever the purchase belongs to.
    """

    program_id: UUID
    request_id: str
    member_id: UUID | None
    return_: RecordReturn
    sale: Sale


@dataclass(frozen=True)
class ExchangeAnswer:
    """What became of both, each with the account after the whole exchange."""

    returned: ReturnAnswer
    bought: PurchaseAnswer


def check_exchange(exchange: RecordExchange) -> None:
    """Refuses what contradicts itself, naming the field."""
    check_sale(exchange.sale)
    if exchange.sale.receipt == exchange.return_.original_receipt:
        raise Invalid("sale.receipt", "is the receipt of the purchase that is brought back")
    for index, line in enumerate(exchange.sale.lines):
        if line.original is not None and line.original.receipt == exchange.return_.original_receipt:
            raise Invalid(f"sale.lines[{index}].original", "is of the purchase that `return` brings back")


def buyer_of_exchange(exchange: RecordExchange, purchase: Purchase | None, sold: Purchase | None) -> UUID | None:
    """Who gets what the new goods earn: the member of the purchase, or whom an anonymous one's exchange names.

    `sold` is the new sale where it is recorded already. One that was anonymous when nobody was named stays so, and one
    of whom was named then stays theirs, whoever has claimed the purchase since.
    """
    if purchase is None:
        raise PurchaseNotFound("no purchase with this receipt is recorded", field="return.original_receipt")
    given = exchange.member_id
    if given is None:
        return None if sold is not None and sold.member_id is None else purchase.member_id
    if purchase.member_id not in (None, given) and (sold is None or sold.member_id != given):
        raise Invalid("member_id", "is not the member whose purchase is brought back")
    return given
