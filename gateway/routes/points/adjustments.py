"""Adjustments by four eyes: one person asks, another approves."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from loyalty.points.v1 import ledger_pb2 as pb

from gateway.context import request_context
from gateway.contract import route
from gateway.replies import page_reply, reply
from gateway.routes.points.base import blueprint
from gateway.suite import read, suite, write
from gateway.wire.enums import number_of
from gateway.wire.points.accounts import account_of, entry_of
from gateway.wire.points.adjustments import (
    Adjustment,
    AdjustmentPage,
    AdjustmentPath,
    AdjustmentsQuery,
    ApprovalAnswer,
    ApproveBody,
    NewAdjustmentRequest,
    RejectBody,
    adjustment_of,
)


@route(blueprint, responses={HTTPStatus.CREATED: Adjustment})
def request_adjustment(body: NewAdjustmentRequest) -> Response:
    """Ask for an adjustment that another person is to approve; no points move yet"""
    request = pb.RequestAdjustmentRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=body.member_id,
        wallet=body.wallet,
        amount=body.amount,
        reason=body.reason,
        actor=body.actor,
        expiry_days=body.expiry_days,
        qualifying=body.qualifying,
    )
    answered = write(suite().clients.points.ledger.RequestAdjustment, request)
    model = adjustment_of(answered.response.adjustment)
    location = f"/v1/adjustments/{model.adjustment_id}"
    return reply(model, HTTPStatus.CREATED, location=location, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: AdjustmentPage})
def list_adjustments(query: AdjustmentsQuery) -> Response:
    """List what was asked for, newest first; `state=requested` is what waits for somebody"""
    request = pb.ListAdjustmentsRequest(
        program_id=request_context().program_id,
        state=number_of(pb.AdjustmentState, query.state) if query.state else pb.ADJUSTMENT_STATE_UNSPECIFIED,
        page_size=query.limit,
        page_token=query.cursor,
    )
    page = read(suite().clients.points.ledger.ListAdjustments, request)
    items = [adjustment_of(adjustment) for adjustment in page.adjustments]
    return page_reply(AdjustmentPage(items=items, next_cursor=page.next_page_token or None), page.next_page_token)


@route(blueprint, responses={HTTPStatus.OK: Adjustment})
def get_adjustment(path: AdjustmentPath) -> Response:
    """Read what was asked for, and what became of it"""
    request = pb.GetAdjustmentRequest(program_id=request_context().program_id, adjustment_id=path.adjustment_id)
    return reply(adjustment_of(read(suite().clients.points.ledger.GetAdjustment, request).adjustment))


@route(blueprint, responses={HTTPStatus.OK: ApprovalAnswer})
def approve_adjustment(path: AdjustmentPath, body: ApproveBody) -> Response:
    """Approve what another person asked for with another API key; the points move with it"""
    request = pb.ApproveAdjustmentRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        adjustment_id=path.adjustment_id,
        actor=body.actor,
    )
    answered = write(suite().clients.points.ledger.ApproveAdjustment, request)
    response = answered.response
    model = ApprovalAnswer(
        adjustment=adjustment_of(response.adjustment),
        entry=entry_of(response.entry),
        account=account_of(response.account),
    )
    return reply(model, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: Adjustment})
def reject_adjustment(path: AdjustmentPath, body: RejectBody) -> Response:
    """Reject what was asked for; whoever asked may withdraw it so"""
    request = pb.RejectAdjustmentRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        adjustment_id=path.adjustment_id,
        actor=body.actor,
        reason=body.reason,
    )
    answered = write(suite().clients.points.ledger.RejectAdjustment, request)
    return reply(adjustment_of(answered.response.adjustment), replayed=answered.replayed)
