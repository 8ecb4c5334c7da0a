"""Redemptions on the wire."""

from __future__ import annotations

from uuid import UUID

from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.convert import EnumMap, timestamp_of, without_contacts
from services.rewards.convert.vouchers import voucher_message
from services.rewards.domain.commands import CancelRedemption, Redeem
from services.rewards.domain.redemptions import Redemption, RedemptionState

STATES = EnumMap(pb.RedemptionState, RedemptionState)


def redeem(request: pb.RedeemRequest) -> Redeem:
    """The command to redeem a reward."""
    return Redeem(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        member_id=UUID(request.member_id),
        reward_id=UUID(request.reward_id),
    )


def cancel_redemption(request: pb.CancelRedemptionRequest) -> CancelRedemption:
    """The command to cancel a redemption."""
    return CancelRedemption(
        program_id=UUID(request.program_id),
        request_id=request.request_id,
        member_id=UUID(request.member_id),
        redemption_id=UUID(request.redemption_id),
        reason=without_contacts(request.reason, "reason"),
    )


def redemption_key(request: pb.GetRedemptionRequest) -> tuple[UUID, UUID, UUID]:
    """The program, the member and the redemption asked for."""
    return (
        UUID(request.program_id),
        UUID(request.member_id),
        UUID(request.redemption_id),
    )


def redeem_response(redemption: Redemption) -> pb.RedeemResponse:
    """The redemption as far as it came."""
    return pb.RedeemResponse(redemption=_redemption(redemption))


def get_redemption_response(redemption: Redemption) -> pb.GetRedemptionResponse:
    """The redemption."""
    return pb.GetRedemptionResponse(redemption=_redemption(redemption))


def cancel_redemption_response(redemption: Redemption) -> pb.CancelRedemptionResponse:
    """The redemption as far as its cancellation came."""
    return pb.CancelRedemptionResponse(redemption=_redemption(redemption))


def _redemption(redemption: Redemption) -> pb.Redemption:
    is_over = redemption.state is RedemptionState.CANCELLED
    return pb.Redemption(
        redemption_id=str(redemption.redemption_id),
        program_id=str(redemption.program_id),
        member_id=str(redemption.member_id),
        reward_id=str(redemption.reward_id),
        reward_name=redemption.reward_name,
        cost_points=redemption.cost_points,
        wallet=redemption.wallet,
        state=STATES.to_proto(redemption.state),
        cancel_reason=redemption.cancel_reason if is_over else "",
        voucher=voucher_message(redemption.voucher) if redemption.voucher else None,
        requested_at=timestamp_of(redemption.requested_at),
        updated_at=timestamp_of(redemption.updated_at),
    )
