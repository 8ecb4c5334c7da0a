"""Exchanges: what tills tell of them, and what became of both parts."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.points.v1 import sales_pb2 as pb
from pydantic import Field

from gateway.wire.base import RequestModel, ResponseModel, example
from gateway.wire.points.receipts import (
    PurchaseAnswer,
    ReturnAnswer,
    ReturnedVoucher,
    purchase_answer_of,
    return_answer_of,
)
from gateway.wire.points.sales import RETURN, SALE, MemberReference, ReturnToRecord, SaleBody

_NEW_SALE = {name: said for name, said in SALE.items() if name != "member"}


class ExchangeBody(RequestModel):
    """Goods brought back, and those taken instead."""

    model_config = example({"return": RETURN, "sale": _NEW_SALE | {"receipt": RETURN["receipt"]}})

    return_: ReturnToRecord = Field(alias="return")
    """What comes back of a purchase that is recorded."""
    sale: SaleBody
    """What is taken instead; its receipt may be that of the return."""
    member: MemberReference | None = None
    """Who takes it; null for the member of the purchase, and nobody else where the purchase has one."""

    def to_proto(self, program_id: str, request_id: str, member_id: str) -> pb.RecordExchangeRequest:
        """The request for `points`."""
        # `return` is a word of Python's.
        return pb.RecordExchangeRequest(
            program_id=program_id,
            request_id=request_id,
            member_id=member_id,
            sale=self.sale.to_proto(),
            **{"return": self.return_.as_part()},
        )


class ExchangeAnswer(ResponseModel):
    """What became of both, as a return and a purchase alone are answered; accounts are as after all of it."""

    return_: ReturnAnswer = Field(serialization_alias="return")
    purchase: PurchaseAnswer


def exchange_answer_of(answer: pb.RecordExchangeResponse, vouchers: Sequence[ReturnedVoucher] = ()) -> ExchangeAnswer:
    """Both answers as answered."""
    return ExchangeAnswer(
        return_=return_answer_of(getattr(answer, "return"), vouchers), purchase=purchase_answer_of(answer.purchase)
    )
