"""Vouchers on the wire."""

from __future__ import annotations

from uuid import UUID

from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.convert import timestamp_of, without_contacts
from kit.errors import Invalid
from services.rewards.convert.benefits import benefit_message
from services.rewards.convert.receipts import goods_return_of
from services.rewards.domain.codes import parse_code, printed
from services.rewards.domain.commands import ReinstateVoucher, UseVoucher
from services.rewards.domain.reinstatements import GoodsReturn
from services.rewards.domain.vouchers import Use, Voucher, VoucherState

# Not an EnumMap: vouchers that are not good yet, or never became it, have states that no caller sees.
STATES = {
    VoucherState.ISSUED: pb.VOUCHER_STATE_ISSUED,
    VoucherState.USED: pb.VOUCHER_STATE_USED,
    VoucherState.EXPIRED: pb.VOUCHER_STATE_EXPIRED,
    VoucherState.CANCELLED: pb.VOUCHER_STATE_CANCELLED,
}


def use_voucher(request: pb.UseVoucherRequest) -> UseVoucher:
    """The command to use a voucher."""
    return UseVoucher(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        code=parse_code(request.code),
        use=Use(request.store_id, request.terminal_id, request.receipt_number),
    )


def reinstate_voucher(request: pb.ReinstateVoucherRequest) -> ReinstateVoucher:
    """The decision to make a used voucher good again."""
    program_id, code = UUID(request.program_id), parse_code(request.code)
    is_return = request.HasField("goods_return")
    return ReinstateVoucher(
        program_id=program_id,
        request_id=request.request_id,
        code=code,
        reason=_said_by_return(request.reason, "reason") if is_return else _said(request.reason, "reason"),
        actor=_said_by_return(request.actor, "actor") if is_return else _said(request.actor, "actor"),
        goods_return=goods_return_of(request.goods_return) if is_return else None,
    )


def _said(text: str, field: str) -> str:
    if not text:
        raise Invalid(field, "is missing")
    return without_contacts(text, field)


def _said_by_return(text: str, field: str) -> str:
    if text:
        raise Invalid(field, "must be empty with a return of goods, which says it")
    return ""


def preview_reinstatement(request: pb.PreviewReinstatementRequest) -> tuple[UUID, str, GoodsReturn]:
    """The program, the code and the return to try."""
    program_id, code = UUID(request.program_id), parse_code(request.code)
    return program_id, code, goods_return_of(request.goods_return)


def voucher_key(request: pb.GetVoucherRequest) -> tuple[UUID, str]:
    """The program and the code asked for."""
    return UUID(request.program_id), parse_code(request.code)


def get_voucher_response(voucher: Voucher) -> pb.GetVoucherResponse:
    """The voucher."""
    return pb.GetVoucherResponse(voucher=voucher_message(voucher))


def use_voucher_response(voucher: Voucher) -> pb.UseVoucherResponse:
    """The voucher, used."""
    return pb.UseVoucherResponse(voucher=voucher_message(voucher))


def reinstate_voucher_response(voucher: Voucher) -> pb.ReinstateVoucherResponse:
    """The voucher, good again."""
    return pb.ReinstateVoucherResponse(voucher=voucher_message(voucher))


def preview_reinstatement_response(voucher: Voucher) -> pb.PreviewReinstatementResponse:
    """The voucher as it would be."""
    return pb.PreviewReinstatementResponse(voucher=voucher_message(voucher))


def voucher_message(voucher: Voucher) -> pb.Voucher:
    """The voucher on the wire; one that others may see."""
    return pb.Voucher(
        code=printed(voucher.code),
        program_id=str(voucher.program_id),
        member_id=str(voucher.member_id),
        redemption_id=str(voucher.redemption_id),
        reward_id=str(voucher.reward_id),
        reward_name=voucher.reward_name,
        benefit=benefit_message(voucher.benefit),
        state=STATES[voucher.state],
        issued_at=timestamp_of(voucher.issued_at) if voucher.issued_at else None,
        expires_at=timestamp_of(voucher.expires_at) if voucher.expires_at else None,
        used_at=timestamp_of(voucher.used_at) if voucher.used_at else None,
    )
