"""`points` over gRPC, in the words of `ports.PointsClient`."""

from __future__ import annotations

import uuid
from typing import TypeVar

import grpc
from loyalty.points.v1 import ledger_pb2 as pb
from loyalty.points.v1.ledger_pb2_grpc import LedgerServiceStub

from kit.call import Call
from kit.circuit import Circuit, CircuitBounds, guarded
from kit.client import invoke
from kit.convert import EnumMap
from kit.errors import NotFound
from kit.ids import derived_id
from services.rewards.domain.redemptions import Redemption
from services.rewards.ports import Hold, HoldState

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")

_hold_states = EnumMap(pb.HoldState, HoldState)


class GrpcPoints:
    """`points` behind a channel and a circuit. Each call ends within `deadline_ms`, tries and all."""

    def __init__(self, over: grpc.Channel, circuit: Circuit | None = None, *, deadline_ms: int) -> None:
        self._stub = guarded(LedgerServiceStub(over), circuit or Circuit(CircuitBounds()))
        self._deadline_ms = deadline_ms

    def place_hold(self, call: Call, redemption: Redemption) -> uuid.UUID:
        """Sets the redemption's price aside and gives the hold's id. It ends by itself after the ledger's default."""
        request = pb.PlaceHoldRequest(
            program_id=str(redemption.program_id),
            request_id=_request_id(redemption, "place_hold"),
            member_id=str(redemption.member_id),
            wallet=redemption.wallet,
            amount=redemption.cost_points,
            reference=f"redemption {redemption.redemption_id}",
        )
        return uuid.UUID(self._invoke(self._stub.PlaceHold, request, call).hold.hold_id)

    def capture_hold(self, call: Call, redemption: Redemption) -> None:
        """Spends the redemption's hold."""
        request = pb.CaptureHoldRequest(
            program_id=str(redemption.program_id),
            request_id=_request_id(redemption, "capture_hold"),
            member_id=str(redemption.member_id),
            hold_id=str(redemption.hold_id),
        )
        self._invoke(self._stub.CaptureHold, request, call)

    def release_hold(self, call: Call, redemption: Redemption) -> None:
        """Gives the redemption's hold back."""
        request = pb.ReleaseHoldRequest(
            program_id=str(redemption.program_id),
            request_id=_request_id(redemption, "release_hold"),
            member_id=str(redemption.member_id),
            hold_id=str(redemption.hold_id),
        )
        self._invoke(self._stub.ReleaseHold, request, call)

    def reverse_capture(self, call: Call, redemption: Redemption) -> None:
        """Returns what the redemption's hold spent."""
        request = pb.ReverseCaptureRequest(
            program_id=str(redemption.program_id),
            request_id=_request_id(redemption, "reverse_capture"),
            member_id=str(redemption.member_id),
            hold_id=str(redemption.hold_id),
            reason=redemption.cancel_note,
        )
        self._invoke(self._stub.ReverseCapture, request, call)

    def hold(self, call: Call, redemption: Redemption) -> Hold | None:
        """The redemption's hold as it is now; nothing when there is none."""
        request = pb.GetHoldRequest(
            program_id=str(redemption.program_id),
            member_id=str(redemption.member_id),
            hold_id=str(redemption.hold_id),
        )
        try:
            hold = self._invoke(self._stub.GetHold, request, call).hold
        except NotFound:
            return None
        return Hold(uuid.UUID(hold.hold_id), _hold_states.to_domain(hold.state, "hold.state"), hold.reversed)

    def available_points(self, call: Call, program_id: uuid.UUID, member_id: uuid.UUID, wallet: str) -> int:
        """What the member can spend now."""
        request = pb.GetAccountRequest(program_id=str(program_id), member_id=str(member_id), wallet=wallet)
        return self._invoke(self._stub.GetAccount, request, call).account.available

    def _invoke(
        self, method: grpc.UnaryUnaryMultiCallable[_Request, _Response], request: _Request, call: Call
    ) -> _Response:
        return invoke(method, request, call=call, deadline_ms=self._deadline_ms).response


def _request_id(redemption: Redemption, step: str) -> str:
    """The same for the same step of the same redemption, for every process that takes it and however often."""
    return str(derived_id("rewards", step, str(redemption.redemption_id)))
