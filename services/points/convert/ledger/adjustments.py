"""Requested adjustments on the wire."""

from __future__ import annotations

from uuid import UUID

from loyalty.points.v1 import ledger_pb2 as pb

from kit.convert import EnumMap, optional_enum, request_id_of, timestamp_of, uuid_of
from kit.page import Page, PageRequest, page_request
from services.points.convert.common import actor_of, reason_of, wallet_of
from services.points.convert.ledger.accounts import amount_and_expiry_of, to_account, to_entry
from services.points.domain.ledger.adjustments import (
    Adjustment,
    AdjustmentState,
    ApprovalAnswer,
    ApproveAdjustment,
    RejectAdjustment,
    RequestAdjustment,
)

_STATE = EnumMap(pb.AdjustmentState, AdjustmentState)


def request_adjustment(request: pb.RequestAdjustmentRequest) -> RequestAdjustment:
    """An adjustment that somebody asks for."""
    amount, expiry_days = amount_and_expiry_of(request.amount, request.expiry_days)
    return RequestAdjustment(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        wallet=wallet_of(request.wallet),
        amount=amount,
        reason=reason_of(request.reason),
        actor=actor_of(request.actor),
        expiry_days=expiry_days,
        qualifying=request.qualifying,
    )


def approve_adjustment(request: pb.ApproveAdjustmentRequest) -> ApproveAdjustment:
    """An approval, with who gives it."""
    return ApproveAdjustment(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        adjustment_id=uuid_of(request.adjustment_id, "adjustment_id"),
        actor=actor_of(request.actor),
    )


def reject_adjustment(request: pb.RejectAdjustmentRequest) -> RejectAdjustment:
    """A rejection, with who gives it and why."""
    return RejectAdjustment(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        adjustment_id=uuid_of(request.adjustment_id, "adjustment_id"),
        actor=actor_of(request.actor),
        reason=reason_of(request.reason),
    )


def get_adjustment(request: pb.GetAdjustmentRequest) -> tuple[UUID, UUID]:
    """Which adjustment is asked for."""
    return uuid_of(request.program_id, "program_id"), uuid_of(request.adjustment_id, "adjustment_id")


def list_adjustments(request: pb.ListAdjustmentsRequest) -> tuple[UUID, AdjustmentState | None, PageRequest]:
    """Which of the program's adjustments, and which page of them."""
    page = page_request(request, key_parts=1)
    if page.after:
        uuid_of(page.after[0], "page_token")
    return uuid_of(request.program_id, "program_id"), optional_enum(request.state, "state", _STATE), page


# ---- To the wire -----------------------------------------------------------------------------------------------------


def request_adjustment_response(adjustment: Adjustment) -> pb.RequestAdjustmentResponse:
    """The open request."""
    return pb.RequestAdjustmentResponse(adjustment=to_adjustment(adjustment))


def approve_adjustment_response(answer: ApprovalAnswer) -> pb.ApproveAdjustmentResponse:
    """The approved adjustment, its entry, and the account after it."""
    return pb.ApproveAdjustmentResponse(
        adjustment=to_adjustment(answer.adjustment), entry=to_entry(answer.entry), account=to_account(answer.account)
    )


def reject_adjustment_response(adjustment: Adjustment) -> pb.RejectAdjustmentResponse:
    """The rejected adjustment."""
    return pb.RejectAdjustmentResponse(adjustment=to_adjustment(adjustment))


def list_adjustments_response(page: Page[Adjustment]) -> pb.ListAdjustmentsResponse:
    """A page of adjustments."""
    return pb.ListAdjustmentsResponse(
        adjustments=[to_adjustment(adjustment) for adjustment in page.items], next_page_token=page.next_token
    )


def to_adjustment(adjustment: Adjustment) -> pb.Adjustment:
    """An adjustment as it stands."""
    return pb.Adjustment(
        adjustment_id=str(adjustment.adjustment_id),
        member_id=str(adjustment.key.member_id),
        wallet=adjustment.key.wallet,
        amount=adjustment.amount,
        reason=adjustment.reason,
        expiry_days=adjustment.expiry_days,
        state=_STATE.to_proto(adjustment.state),
        requested_by=adjustment.requested_by,
        requested_at=timestamp_of(adjustment.requested_at),
        expires_at=timestamp_of(adjustment.expires_at),
        decided_by=adjustment.decided_by,
        decided_at=None if adjustment.decided_at is None else timestamp_of(adjustment.decided_at),
        decision_reason=adjustment.decision_reason,
        entry_version=adjustment.entry_version or 0,
        qualifying=adjustment.qualifying,
    )
