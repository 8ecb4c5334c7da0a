"""Holds on the wire."""

from __future__ import annotations

from uuid import UUID

from loyalty.points.v1 import ledger_pb2 as pb

from kit.convert import EnumMap, integer_of, request_id_of, text_of, timestamp_of, uuid_of
from services.points.convert.common import AMOUNT_MAX, NAME_LENGTH_MAX, reason_of, wallet_of
from services.points.convert.ledger.accounts import to_account
from services.points.domain.ledger.accounts import Hold, HoldState
from services.points.domain.ledger.holds import (
    CaptureHold,
    HoldAnswer,
    PlaceHold,
    ReleaseHold,
    RestoreCapture,
    ReverseCapture,
)

HOLD_TIMEOUT_S_DEFAULT = 900
HOLD_TIMEOUT_S_MAX = 604_800

_HOLD_STATE = EnumMap(pb.HoldState, HoldState)


def place_hold(request: pb.PlaceHoldRequest) -> PlaceHold:
    """A wish to set points aside."""
    timeout_s = integer_of(request.timeout_s, "timeout_s", at_least=0, at_most=HOLD_TIMEOUT_S_MAX)
    return PlaceHold(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        wallet=wallet_of(request.wallet),
        amount=integer_of(request.amount, "amount", at_least=1, at_most=AMOUNT_MAX),
        timeout_s=timeout_s or HOLD_TIMEOUT_S_DEFAULT,
        reference=text_of(request.reference, "reference", length_max=NAME_LENGTH_MAX, length_min=0),
    )


def restore_capture(request: pb.RestoreCaptureRequest) -> RestoreCapture:
    """A command to spend points again under the id of a hold that the ledger lost."""
    return RestoreCapture(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        wallet=wallet_of(request.wallet),
        amount=integer_of(request.amount, "amount", at_least=1, at_most=AMOUNT_MAX),
        hold_id=uuid_of(request.hold_id, "hold_id"),
        reference=text_of(request.reference, "reference", length_max=NAME_LENGTH_MAX, length_min=0),
    )


def capture_hold(request: pb.CaptureHoldRequest) -> CaptureHold:
    """A wish to spend a hold."""
    return CaptureHold(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        hold_id=uuid_of(request.hold_id, "hold_id"),
        amount=integer_of(request.amount, "amount", at_least=0, at_most=AMOUNT_MAX),
    )


def release_hold(request: pb.ReleaseHoldRequest) -> ReleaseHold:
    """A wish to give a hold back."""
    return ReleaseHold(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        hold_id=uuid_of(request.hold_id, "hold_id"),
    )


def reverse_capture(request: pb.ReverseCaptureRequest) -> ReverseCapture:
    """A wish to return what a hold spent."""
    return ReverseCapture(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        hold_id=uuid_of(request.hold_id, "hold_id"),
        reason=reason_of(request.reason),
        amount=integer_of(request.amount, "amount", at_least=0, at_most=AMOUNT_MAX),
    )


def get_hold(request: pb.GetHoldRequest) -> tuple[UUID, UUID, UUID]:
    """Which hold is asked for."""
    program_id = uuid_of(request.program_id, "program_id")
    return program_id, uuid_of(request.member_id, "member_id"), uuid_of(request.hold_id, "hold_id")


def place_hold_response(answer: HoldAnswer) -> pb.PlaceHoldResponse:
    """The hold and the account after it was placed."""
    return pb.PlaceHoldResponse(hold=to_hold(answer.hold), account=to_account(answer.account))


def restore_capture_response(answer: HoldAnswer) -> pb.RestoreCaptureResponse:
    """The hold and the account after its points were spent again."""
    return pb.RestoreCaptureResponse(hold=to_hold(answer.hold), account=to_account(answer.account))


def capture_hold_response(answer: HoldAnswer) -> pb.CaptureHoldResponse:
    """The hold and the account after it was captured."""
    return pb.CaptureHoldResponse(hold=to_hold(answer.hold), account=to_account(answer.account))


def release_hold_response(answer: HoldAnswer) -> pb.ReleaseHoldResponse:
    """The hold and the account after it was released."""
    return pb.ReleaseHoldResponse(hold=to_hold(answer.hold), account=to_account(answer.account))


def reverse_capture_response(answer: HoldAnswer) -> pb.ReverseCaptureResponse:
    """The hold and the account after its capture was reversed."""
    return pb.ReverseCaptureResponse(hold=to_hold(answer.hold), account=to_account(answer.account))


def to_hold(hold: Hold) -> pb.Hold:
    """A hold as it stands."""
    return pb.Hold(
        hold_id=str(hold.hold_id),
        member_id=str(hold.key.member_id),
        wallet=hold.key.wallet,
        amount=hold.amount,
        captured=hold.captured,
        state=_HOLD_STATE.to_proto(hold.state),
        reference=hold.reference,
        placed_at=timestamp_of(hold.placed_at),
        expires_at=timestamp_of(hold.expires_at),
        ended_at=None if hold.ended_at is None else timestamp_of(hold.ended_at),
        reversed=hold.reversed_at is not None,
        reversed_amount=hold.reversed,
    )
