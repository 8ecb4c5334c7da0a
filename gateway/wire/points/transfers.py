"""Points that one member gives to another."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from loyalty.points.v1 import ledger_pb2
from loyalty.points.v1 import program_pb2 as pb
from pydantic import Field, StrictInt, StringConstraints

from gateway.wire.base import (
    CANONICAL_PROSE,
    FIT,
    Id,
    MaybeText50,
    Points,
    RequestModel,
    ResponseModel,
    UrlModel,
    example,
    instant,
    known_instant,
)
from gateway.wire.enums import word_of

TransferWord = Literal["sent", "done", "returned"]

_Bound = Annotated[StrictInt, Field(ge=0, le=1_000_000_000)]


class TransferPath(UrlModel):
    """A transfer in a path."""

    transfer_id: Id


class NewTransfer(RequestModel):
    """Points that one member gives to another."""

    model_config = example(
        {
            "member_id": "2d9f7a52-54a5-4e35-8b9c-1f2a3b4c5d6e",
            "recipient_id": "7c1e4b0a-9a51-4f0e-8d3a-2b6c5d4e3f21",
            "amount": 250,
            "reason": "happy birthday",
        }
    )

    member_id: Id
    """Who gives."""
    recipient_id: Id
    """Who gets them."""
    amount: Points
    wallet: MaybeText50 = ""
    reason: Annotated[str, StringConstraints(strict=True, max_length=500, pattern=FIT), CANONICAL_PROSE] = ""
    """For both to read; a phone number or an e-mail address in it is refused."""


class Transfers(RequestModel):
    """How much members may give to one another; 0 sets no bound of that kind."""

    points_min: _Bound = 0
    points_max: _Bound = 0
    points_per_day_max: _Bound = 0
    """Of an account on a day of UTC; what came back does not count."""
    transfers_per_day_max: Annotated[StrictInt, Field(ge=0, le=10_000)] = 0
    points_per_recipient_and_day_max: _Bound = 0

    def to_proto(self) -> pb.TransferPolicy:
        """The policy for `points`."""
        return pb.TransferPolicy(**self.model_dump())


class Transfer(ResponseModel):
    """Points that one member gives to another; on its way, done, or returned to the sender."""

    transfer_id: str
    member_id: str
    recipient_id: str
    wallet: str
    amount: int
    reason: str | None
    state: TransferWord
    sent_at: datetime
    ended_at: datetime | None


class TransferPage(ResponseModel):
    """A page of transfers, newest first."""

    items: list[Transfer]
    next_cursor: str | None


def transfers_of(policy: pb.TransferPolicy) -> Transfers:
    """How much members may give to one another, as answered."""
    return Transfers(**{name: getattr(policy, name) for name in Transfers.model_fields})


def transfer_of(transfer: ledger_pb2.Transfer) -> Transfer:
    """The transfer as answered."""
    return Transfer(
        transfer_id=transfer.transfer_id,
        member_id=transfer.member_id,
        recipient_id=transfer.recipient_id,
        wallet=transfer.wallet,
        amount=transfer.amount,
        reason=transfer.reason or None,
        state=word_of(ledger_pb2.TransferState, transfer.state),
        sent_at=known_instant(transfer, "sent_at"),
        ended_at=instant(transfer, "ended_at"),
    )
