"""Redemptions and vouchers."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from loyalty.rewards.v1 import rewards_pb2 as pb

from gateway.context import request_context
from gateway.contract import route
from gateway.errors import RETRY_AFTER_S
from gateway.refusals import RedemptionCancelled
from gateway.replies import reply
from gateway.routes.rewards.base import blueprint
from gateway.suite import read, suite, write
from gateway.wire.members import MemberPath
from gateway.wire.rewards.redemptions import (
    CancelBody,
    RedeemBody,
    Redemption,
    RedemptionPath,
    ReinstateVoucherBody,
    UseVoucherBody,
    Voucher,
    VoucherPath,
    redemption_of,
    voucher_of,
)
from kit.client import Answered


@route(
    blueprint,
    responses={HTTPStatus.CREATED: Redemption, HTTPStatus.ACCEPTED: Redemption},
)
def redeem(path: MemberPath, body: RedeemBody) -> Response:
    """Buy a reward with points: 201 with the voucher; 202 when it is on the way; 409 when it ended without one"""
    request = pb.RedeemRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=path.member_id,
        reward_id=body.reward_id,
    )
    return _redeemed(write(suite().clients.rewards.Redeem, request))


def _redeemed(answered: Answered[pb.RedeemResponse]) -> Response:
    """A till must see from the status alone whether to hand something over."""
    redemption = answered.response.redemption
    location = _place_of(redemption)
    if redemption.state == pb.REDEMPTION_STATE_CANCELLED:
        raise _cancelled(redemption, location, replayed=answered.replayed)
    if redemption.state == pb.REDEMPTION_STATE_CONFIRMED:
        return reply(redemption_of(redemption), HTTPStatus.CREATED, location=location, replayed=answered.replayed)
    return _on_the_way(redemption, location, replayed=answered.replayed)


def _on_the_way(redemption: pb.Redemption, location: str, *, replayed: bool) -> Response:
    response = reply(redemption_of(redemption), HTTPStatus.ACCEPTED, location=location, replayed=replayed)
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _place_of(redemption: pb.Redemption) -> str:
    return f"/v1/members/{redemption.member_id}/redemptions/{redemption.redemption_id}"


def _cancelled(redemption: pb.Redemption, location: str, *, replayed: bool) -> RedemptionCancelled:
    refusal = RedemptionCancelled(
        "the redemption is cancelled; points and stock are back",
        redemption_id=redemption.redemption_id,
        location=location,
    )
    refusal.reason = redemption.cancel_reason or refusal.reason
    refusal.replayed = replayed
    return refusal


@route(blueprint, responses={HTTPStatus.OK: Redemption})
def get_redemption(path: RedemptionPath) -> Response:
    """Read how far a redemption has come"""
    request = pb.GetRedemptionRequest(
        program_id=request_context().program_id, member_id=path.member_id, redemption_id=path.redemption_id
    )
    return reply(redemption_of(read(suite().clients.rewards.GetRedemption, request).redemption))


@route(
    blueprint,
    responses={HTTPStatus.OK: Redemption, HTTPStatus.ACCEPTED: Redemption},
)
def cancel_redemption(path: RedemptionPath, body: CancelBody) -> Response:
    """Undo a redemption whose voucher has not been used: 200 when points and stock are back, 202 when on their way"""
    request = pb.CancelRedemptionRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=path.member_id,
        redemption_id=path.redemption_id,
        reason=body.reason,
    )
    answered = write(suite().clients.rewards.CancelRedemption, request)
    redemption = answered.response.redemption
    if redemption.state != pb.REDEMPTION_STATE_CANCELLED:
        return _on_the_way(redemption, _place_of(redemption), replayed=answered.replayed)
    return reply(redemption_of(redemption), replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: Voucher})
def get_voucher(path: VoucherPath) -> Response:
    """Look a voucher up by its code; capital and small letters, spaces and hyphens do not matter"""
    request = pb.GetVoucherRequest(program_id=request_context().program_id, code=path.code)
    return reply(voucher_of(read(suite().clients.rewards.GetVoucher, request).voucher))


@route(blueprint, responses={HTTPStatus.OK: Voucher})
def use_voucher(path: VoucherPath, body: UseVoucherBody) -> Response:
    """Use a voucher at a till, once"""
    request = pb.UseVoucherRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        code=path.code,
        store_id=body.store_id,
        terminal_id=body.terminal_id,
        receipt_number=body.receipt_number,
    )
    answered = write(suite().clients.rewards.UseVoucher, request)
    return reply(voucher_of(answered.response.voucher), replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: Voucher})
def reinstate_voucher(path: VoucherPath, body: ReinstateVoucherBody) -> Response:
    """Make a used voucher good again, for as long as it still was when it was used"""
    request = pb.ReinstateVoucherRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        code=path.code,
        reason=body.reason,
        actor=body.actor,
    )
    answered = write(suite().clients.rewards.ReinstateVoucher, request)
    return reply(voucher_of(answered.response.voucher), replayed=answered.replayed)
