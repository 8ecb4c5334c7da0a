"""Redemptions and the vouchers they end in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from loyalty.rewards.v1 import rewards_pb2 as pb
from pydantic import StringConstraints

from gateway.wire.base import (
    BARE,
    Id,
    MaybeText100,
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
from gateway.wire.members import MemberPath
from gateway.wire.rewards.catalogue import Benefit, benefit_of

RedemptionWord = Literal["requested", "held", "issued", "confirmed", "cancelled"]
VoucherWord = Literal["issued", "used", "expired", "cancelled"]


class RedemptionPath(MemberPath):
    """A redemption of a member in a path."""

    redemption_id: Id


class VoucherPath(UrlModel):
    """A voucher in a path."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern="^[A-Za-z0-9 -]+$"), BARE]


class RedeemBody(RequestModel):
    """Which reward to redeem."""

    model_config = example({"reward_id": "0b7e4f9a-6c1d-4f0e-9a56-2d6f3f6f9b11"})

    reward_id: Id


class CancelBody(RequestModel):
    """Why a redemption is undone."""

    model_config = example({"reason": "customer changed their mind"})

    reason: Prose500
    """Why, for the record, which is kept in the clear: a phone number or an e-mail address in it is refused."""


class UseVoucherBody(RequestModel):
    """Where a voucher is used, for the record."""

    model_config = example({"store_id": "S1", "terminal_id": "T4", "receipt_number": "000125"})

    store_id: MaybeText100 = ""
    terminal_id: MaybeText100 = ""
    receipt_number: MaybeText100 = ""


class ReinstateVoucherBody(RequestModel):
    """Why a used voucher is made good again."""

    model_config = example({"reason": "order W-20931 was cancelled", "actor": "b.khan"})

    reason: Prose500
    """Why, for the record, which is kept in the clear: a phone number or an e-mail address in it is refused."""
    actor: Text100
    """Who decides it, as the retailer names them; the same is refused."""


class Voucher(ResponseModel):
    """A promise that a till honours once."""

    code: str
    member_id: str
    redemption_id: str
    reward_id: str
    reward_name: str
    benefit: Benefit
    state: VoucherWord
    issued_at: datetime
    expires_at: datetime
    """Moves by the time between use and reinstatement when a used voucher is made good again."""
    used_at: datetime | None
    """Null unless it is used."""


class Redemption(ResponseModel):
    """One member's way to one reward."""

    redemption_id: str
    member_id: str
    reward_id: str
    reward_name: str
    cost_points: int
    wallet: str
    state: RedemptionWord
    cancel_reason: str | None
    voucher: Voucher | None
    """Set once confirmed."""
    requested_at: datetime
    updated_at: datetime


def voucher_of(voucher: pb.Voucher) -> Voucher:
    """The voucher as answered."""
    return Voucher(
        code=voucher.code,
        member_id=voucher.member_id,
        redemption_id=voucher.redemption_id,
        reward_id=voucher.reward_id,
        reward_name=voucher.reward_name,
        benefit=benefit_of(voucher.benefit),
        state=word_of(pb.VoucherState, voucher.state),
        issued_at=known_instant(voucher, "issued_at"),
        expires_at=known_instant(voucher, "expires_at"),
        used_at=instant(voucher, "used_at"),
    )


def redemption_of(redemption: pb.Redemption) -> Redemption:
    """The redemption as answered."""
    return Redemption(
        redemption_id=redemption.redemption_id,
        member_id=redemption.member_id,
        reward_id=redemption.reward_id,
        reward_name=redemption.reward_name,
        cost_points=redemption.cost_points,
        wallet=redemption.wallet or "points",
        state=word_of(pb.RedemptionState, redemption.state),
        cancel_reason=redemption.cancel_reason or None,
        voucher=voucher_of(redemption.voucher) if redemption.HasField("voucher") else None,
        requested_at=known_instant(redemption, "requested_at"),
        updated_at=known_instant(redemption, "updated_at"),
    )
