"""Exchanges on the wire."""

from __future__ import annotations

from typing import Any

from loyalty.points.v1 import sales_pb2 as pb

from kit.convert import optional_uuid, request_id_of, uuid_of
from services.points.convert.sales.purchases import record_purchase_response, record_return_response, return_of, sale_of
from services.points.domain.sales.exchanges import ExchangeAnswer, RecordExchange


def record_exchange(request: pb.RecordExchangeRequest) -> RecordExchange:
    """An exchange to record."""
    program_id = uuid_of(request.program_id, "program_id")
    request_id = request_id_of(request.request_id)
    back: pb.ReturnToRecord = getattr(request, "return")
    return RecordExchange(
        program_id=program_id,
        request_id=request_id,
        member_id=optional_uuid(request.member_id, "member_id"),
        return_=return_of(program_id, request_id, back, "return.", receipt_known=True),
        sale=sale_of(request.sale),
    )


def record_exchange_response(answer: ExchangeAnswer) -> pb.RecordExchangeResponse:
    """What became of both."""
    # `return` is a word of Python's.
    parts: dict[str, Any] = {"return": record_return_response(answer.returned)}
    return pb.RecordExchangeResponse(**parts, purchase=record_purchase_response(answer.bought))
