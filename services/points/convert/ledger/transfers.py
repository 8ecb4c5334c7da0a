"""Transfers between members on the wire."""

from __future__ import annotations

from uuid import UUID

from loyalty.points.v1 import ledger_pb2 as pb
from loyalty.points.v1 import program_pb2

from kit.convert import EnumMap, integer_of, request_id_of, timestamp_of, uuid_of
from kit.errors import Invalid
from kit.page import Page, PageRequest, page_request
from services.points.convert.common import AMOUNT_MAX, reason_of, wallet_of
from services.points.domain.ledger.transfers import Transfer, TransferPoints, TransferPolicy, TransferState

TRANSFERS_PER_DAY_MAX = 10_000

_STATE = EnumMap(pb.TransferState, TransferState)


def transfer_points(request: pb.TransferPointsRequest) -> TransferPoints:
    """A member's wish to give points to another."""
    return TransferPoints(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        recipient_id=uuid_of(request.recipient_id, "recipient_id"),
        wallet=wallet_of(request.wallet),
        amount=integer_of(request.amount, "amount", at_least=1, at_most=AMOUNT_MAX),
        reason=reason_of(request.reason, length_min=0),
    )


def get_transfer(request: pb.GetTransferRequest) -> tuple[UUID, UUID]:
    """Which transfer is asked for."""
    return uuid_of(request.program_id, "program_id"), uuid_of(request.transfer_id, "transfer_id")


def list_transfers(request: pb.ListTransfersRequest) -> tuple[UUID, UUID, PageRequest]:
    """Whose transfers are asked for, and which page of them."""
    page = page_request(request, key_parts=1)
    if page.after:
        uuid_of(page.after[0], "page_token")
    return uuid_of(request.program_id, "program_id"), uuid_of(request.member_id, "member_id"), page


def transfer_policy_of(said: program_pb2.TransferPolicy) -> TransferPolicy:
    """How much members may give to one another."""

    def bound(name: str, at_most: int = AMOUNT_MAX) -> int:
        return integer_of(getattr(said, name), f"policy.transfers.{name}", at_least=0, at_most=at_most)

    policy = TransferPolicy(
        bound("points_min"),
        bound("points_max"),
        bound("points_per_day_max"),
        bound("transfers_per_day_max", TRANSFERS_PER_DAY_MAX),
        bound("points_per_recipient_and_day_max"),
    )
    if policy.points_max and policy.points_max < policy.points_min:
        raise Invalid("policy.transfers.points_max", "must not be less than points_min")
    return policy


# ---- To the wire -----------------------------------------------------------------------------------------------------


def to_transfer_policy(policy: TransferPolicy) -> program_pb2.TransferPolicy:
    """How much members may give to one another."""
    return program_pb2.TransferPolicy(
        points_min=policy.points_min,
        points_max=policy.points_max,
        points_per_day_max=policy.points_per_day_max,
        transfers_per_day_max=policy.transfers_per_day_max,
        points_per_recipient_and_day_max=policy.points_per_recipient_and_day_max,
    )


def transfer_points_response(transfer: Transfer) -> pb.TransferPointsResponse:
    """The transfer, as far as it has come."""
    return pb.TransferPointsResponse(transfer=to_transfer(transfer))


def list_transfers_response(page: Page[Transfer]) -> pb.ListTransfersResponse:
    """A page of transfers."""
    return pb.ListTransfersResponse(
        transfers=[to_transfer(transfer) for transfer in page.items], next_page_token=page.next_token
    )


def to_transfer(transfer: Transfer) -> pb.Transfer:
    """A transfer as it stands."""
    return pb.Transfer(
        transfer_id=str(transfer.transfer_id),
        member_id=str(transfer.key.member_id),
        recipient_id=str(transfer.recipient_id),
        wallet=transfer.key.wallet,
        amount=transfer.amount,
        reason=transfer.reason,
        state=_STATE.to_proto(transfer.state),
        sent_at=timestamp_of(transfer.sent_at),
        ended_at=None if transfer.ended_at is None else timestamp_of(transfer.ended_at),
    )
