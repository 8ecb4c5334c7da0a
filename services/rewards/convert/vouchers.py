"""Vouchers on the wire."""

from __future__ import annotations

import uuid

from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.convert import request_id_of, text_of, timestamp_of, uuid_of
from services.rewards.convert.benefits import benefit_message
from services.rewards.domain.codes import parse_code, printed
from services.rewards.domain.commands import UseVoucher
from services.rewards.domain.vouchers import USE_LENGTH_MAX, Use, Voucher, VoucherState

# Not an EnumMap: vouchers that are not good yet, or never became it, have states that nobody outside sees.
STATES = {
    VoucherState.ISSUED: pb.VOUCHER_STATE_ISSUED,
    VoucherState.USED: pb.VOUCHER_STATE_USED,
    VoucherState.EXPIRED: pb.VOUCHER_STATE_EXPIRED,
    VoucherState.CANCELLED: pb.VOUCHER_STATE_CANCELLED,
}


def use_voucher(request: pb.UseVoucherRequest) -> UseVoucher:
    """The wish to use a voucher."""
    return UseVoucher(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        code=parse_code(request.code),
        use=Use(
            text_of(request.store_id, "store_id", length_max=USE_LENGTH_MAX, length_min=0),
            text_of(request.terminal_id, "terminal_id", length_max=USE_LENGTH_MAX, length_min=0),
            text_of(request.receipt_number, "receipt_number", length_max=USE_LENGTH_MAX, length_min=0),
        ),
    )


def voucher_key(request: pb.GetVoucherRequest) -> tuple[uuid.UUID, str]:
    """The program and the code asked for."""
    return uuid_of(request.program_id, "program_id"), parse_code(request.code)


def get_voucher_response(voucher: Voucher) -> pb.GetVoucherResponse:
    """The voucher."""
    return pb.GetVoucherResponse(voucher=voucher_message(voucher))


def use_voucher_response(voucher: Voucher) -> pb.UseVoucherResponse:
    """The voucher, used."""
    return pb.UseVoucherResponse(voucher=voucher_message(voucher))


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
