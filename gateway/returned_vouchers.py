"""Vouchers that come back with the goods of a return: checked before it is recorded, made good again after it.

`rewards` decides whether a voucher may come back, and knows each by the return's receipt: asked again, after a crash or
a lost answer, it finds what it has done. A gateway that dies, or meets a `rewards` that is away, between the return and
the last voucher has told its caller nothing but to come back; the same request finishes what is left.
"""

from __future__ import annotations

from loyalty.rewards.v1 import rewards_pb2 as pb

from gateway.context import request_context
from gateway.openapi import problem_within
from gateway.suite import read, suite, write
from gateway.wire.points.receipts import ReturnedVoucher
from gateway.wire.points.sales import ReceiptKey, ReturnBody
from gateway.wire.rewards.redemptions import voucher_of
from kit import ids
from kit.errors import Invalid, Refusal


def expect_reinstatable(body: ReturnBody, path: str = "") -> None:
    """Refuses a return with a voucher that could not be made good again now; fields' paths begin with `path`."""
    for index, code in enumerate(body.vouchers):
        request = pb.PreviewReinstatementRequest(
            program_id=request_context().program_id, code=code, goods_return=_goods_return(body)
        )
        try:
            read(suite().clients.rewards.PreviewReinstatement, request)
        except Refusal as refusal:
            raise _of_voucher(refusal, f"{path}vouchers[{index}]") from None


def reinstate(body: ReturnBody) -> list[ReturnedVoucher]:
    """Makes the vouchers of a return that is recorded good again; raises what may be tried again."""
    return [_reinstated(body, code) for code in body.vouchers]


def _reinstated(body: ReturnBody, code: str) -> ReturnedVoucher:
    request = pb.ReinstateVoucherRequest(
        program_id=request_context().program_id,
        request_id=str(ids.derived_id("voucher of a return", request_context().idempotency_key, code)),
        code=code,
        goods_return=_goods_return(body),
    )
    try:
        answered = write(suite().clients.rewards.ReinstateVoucher, request)
    except Refusal as refusal:
        if not refusal.is_final:
            raise
        return ReturnedVoucher(code=code, voucher=None, problem=problem_within(refusal))
    return ReturnedVoucher(code=code, voucher=voucher_of(answered.response.voucher), problem=None)


def _goods_return(body: ReturnBody) -> pb.GoodsReturn:
    original = body.original_receipt
    return pb.GoodsReturn(
        receipt=_receipt(body.receipt),
        original_receipt=_receipt(original) if original else None,
        cashier_id=body.cashier_id,
    )


def _receipt(receipt: ReceiptKey) -> pb.ReceiptKey:
    return pb.ReceiptKey(**receipt.model_dump())


def _of_voucher(refusal: Refusal, place: str) -> Refusal:
    """The refusal saying which voucher it is about."""
    if isinstance(refusal, Invalid) and refusal.metadata.get("field") == "code":
        return Invalid(place, refusal.message.removeprefix("code: "))
    refusal.metadata["voucher"] = place
    return refusal
