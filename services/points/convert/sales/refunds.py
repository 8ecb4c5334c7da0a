"""Points that come back with goods, on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from loyalty.points.v1 import sales_pb2 as pb

from kit.bounds import REFUNDS_MAX
from kit.convert import integer_of, uuid_of
from kit.errors import Invalid
from services.points.convert.common import AMOUNT_MAX
from services.points.domain.sales.refunds import PointsRefund, Refunded


def refunds_of(refunds: Sequence[pb.PointsRefund], field: str) -> tuple[PointsRefund, ...]:
    """What is to come back, each hold once."""
    if len(refunds) > REFUNDS_MAX:
        raise Invalid(field, f"must have at most {REFUNDS_MAX} items")
    found = tuple(_refund(refund, f"{field}[{index}]") for index, refund in enumerate(refunds))
    hold_ids = [refund.hold_id for refund in found]
    for index, hold_id in enumerate(hold_ids):
        if hold_id in hold_ids[:index]:
            raise Invalid(f"{field}[{index}].hold_id", "is named twice")
    return found


def _refund(refund: pb.PointsRefund, field: str) -> PointsRefund:
    return PointsRefund(
        uuid_of(refund.hold_id, f"{field}.hold_id"),
        integer_of(refund.amount, f"{field}.amount", at_least=0, at_most=AMOUNT_MAX),
    )


def to_refunds(refunds: Iterable[Refunded]) -> list[pb.PointsRefund]:
    """What has come back."""
    return [pb.PointsRefund(hold_id=str(refund.hold_id), amount=refund.points) for refund in refunds]
