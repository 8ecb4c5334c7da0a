"""Adjustments that one person asks for and another approves."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from loyalty.points.v1 import ledger_pb2 as pb
from pydantic import Field

from gateway.wire.base import (
    Id,
    PageQuery,
    Prose500,
    RequestModel,
    ResponseModel,
    Text100,
    UrlModel,
    example,
    instant,
    known_instant,
)
from gateway.wire.enums import word_of
from gateway.wire.points.accounts import Account, Entry, NewAdjustment

AdjustmentWord = Literal["requested", "approved", "rejected", "expired"]


class AdjustmentPath(UrlModel):
    """A requested adjustment in a path."""

    adjustment_id: Id


class AdjustmentsQuery(PageQuery):
    """Which page of which adjustments."""

    state: Literal["", "requested", "approved", "rejected", "expired"] = Field(
        "", description="Those in one state; nothing for all."
    )


class NewAdjustmentRequest(NewAdjustment):
    """Points that somebody asks to have given or taken by hand."""

    model_config = example(
        {
            "member_id": "2d9f7a52-54a5-4e35-8b9c-1f2a3b4c5d6e",
            "amount": 20_000,
            "reason": "compensation",
            "actor": "b.khan",
        }
    )

    member_id: Id


class ApproveBody(RequestModel):
    """Who approves."""

    model_config = example({"actor": "a.malik"})

    actor: Text100
    """As the retailer names them; neither the one who asked nor a name that passes for theirs."""


class RejectBody(RequestModel):
    """Who rejects, and why."""

    model_config = example({"actor": "a.malik", "reason": "was compensated already"})

    actor: Text100
    reason: Prose500
    """Why, for the record, which is kept in the clear: a phone number or an e-mail address in it is refused."""


class Adjustment(ResponseModel):
    """An adjustment that somebody asked for and somebody else decides; it ends once."""

    adjustment_id: str
    member_id: str
    wallet: str
    amount: int
    """Positive gives, negative takes."""
    reason: str
    expiry_days: int
    """Days from the approval until given points expire; 0 means never."""
    state: AdjustmentWord
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    """When it ends by itself if nobody decides."""
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    entry_version: int | None
    """The entry that posted it."""
    qualifying: bool
    """Whether as many qualifying units are given or taken with the points, as of the approval."""


class AdjustmentPage(ResponseModel):
    """A page of requested adjustments, newest first."""

    items: list[Adjustment]
    next_cursor: str | None


class ApprovalAnswer(ResponseModel):
    """The approved adjustment, the entry that posted it, and the account after it."""

    adjustment: Adjustment
    entry: Entry
    account: Account


def adjustment_of(adjustment: pb.Adjustment) -> Adjustment:
    """The adjustment as answered."""
    return Adjustment(
        adjustment_id=adjustment.adjustment_id,
        member_id=adjustment.member_id,
        wallet=adjustment.wallet,
        amount=adjustment.amount,
        reason=adjustment.reason,
        expiry_days=adjustment.expiry_days,
        state=word_of(pb.AdjustmentState, adjustment.state),
        requested_by=adjustment.requested_by,
        requested_at=known_instant(adjustment, "requested_at"),
        expires_at=known_instant(adjustment, "expires_at"),
        decided_by=adjustment.decided_by or None,
        decided_at=instant(adjustment, "decided_at"),
        decision_reason=adjustment.decision_reason or None,
        entry_version=adjustment.entry_version or None,
        qualifying=adjustment.qualifying,
    )
