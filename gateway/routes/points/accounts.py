"""Accounts, their entries, holds and adjustments."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from loyalty.points.v1 import ledger_pb2 as pb

from gateway.context import request_context
from gateway.contract import route
from gateway.replies import page_reply, reply
from gateway.routes.points.base import blueprint
from gateway.suite import read, suite, write
from gateway.wire.base import NoFields
from gateway.wire.members import MemberPath
from gateway.wire.points.accounts import (
    Account,
    AdjustmentAnswer,
    CaptureBody,
    EntriesQuery,
    EntryPage,
    Hold,
    HoldAnswer,
    HoldPath,
    NewAdjustment,
    NewHold,
    WalletQuery,
    account_of,
    entry_of,
    hold_answer_of,
    hold_of,
)


@route(blueprint, responses={HTTPStatus.OK: Account})
def get_account(path: MemberPath, query: WalletQuery) -> Response:
    """Read what a member holds; one without movements holds nothing"""
    request = pb.GetAccountRequest(
        program_id=request_context().program_id, member_id=path.member_id, wallet=query.wallet
    )
    return reply(account_of(read(suite().clients.points.ledger.GetAccount, request).account))


@route(blueprint, responses={HTTPStatus.OK: EntryPage})
def list_entries(path: MemberPath, query: EntriesQuery) -> Response:
    """List an account's movements, newest first, each with why it was made"""
    request = pb.ListEntriesRequest(
        program_id=request_context().program_id,
        member_id=path.member_id,
        wallet=query.wallet,
        page_size=query.limit,
        page_token=query.cursor,
    )
    page = read(suite().clients.points.ledger.ListEntries, request)
    model = EntryPage(items=[entry_of(entry) for entry in page.entries], next_cursor=page.next_page_token or None)
    return page_reply(model, page.next_page_token)


@route(blueprint, responses={HTTPStatus.CREATED: HoldAnswer})
def place_hold(path: MemberPath, body: NewHold) -> Response:
    """Set points aside, so that nobody else spends them"""
    request = pb.PlaceHoldRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=path.member_id,
        wallet=body.wallet,
        amount=body.amount,
        timeout_s=body.timeout_s,
        reference=body.reference,
    )
    answered = write(suite().clients.points.ledger.PlaceHold, request)
    model = hold_answer_of(answered.response)
    location = f"/v1/members/{model.hold.member_id}/holds/{model.hold.hold_id}"
    return reply(model, HTTPStatus.CREATED, location=location, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: Hold})
def get_hold(path: HoldPath) -> Response:
    """Read a hold"""
    request = pb.GetHoldRequest(program_id=request_context().program_id, member_id=path.member_id, hold_id=path.hold_id)
    return reply(hold_of(read(suite().clients.points.ledger.GetHold, request).hold))


@route(blueprint, responses={HTTPStatus.OK: HoldAnswer})
def capture_hold(path: HoldPath, body: CaptureBody) -> Response:
    """Spend held points, all or part; the rest is released"""
    request = pb.CaptureHoldRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=path.member_id,
        hold_id=path.hold_id,
        amount=body.amount,
    )
    answered = write(suite().clients.points.ledger.CaptureHold, request)
    return reply(hold_answer_of(answered.response), replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: HoldAnswer})
def release_hold(path: HoldPath, body: NoFields) -> Response:
    """Give held points back unspent"""
    request = pb.ReleaseHoldRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=path.member_id,
        hold_id=path.hold_id,
    )
    answered = write(suite().clients.points.ledger.ReleaseHold, request)
    return reply(hold_answer_of(answered.response), replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.CREATED: AdjustmentAnswer})
def adjust_points(path: MemberPath, body: NewAdjustment) -> Response:
    """Give or take points by hand; the reason and the actor stand in the entry for good"""
    request = pb.AdjustPointsRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=path.member_id,
        wallet=body.wallet,
        amount=body.amount,
        reason=body.reason,
        actor=body.actor,
        expiry_days=body.expiry_days,
        qualifying=body.qualifying,
    )
    answered = write(suite().clients.points.ledger.AdjustPoints, request)
    model = AdjustmentAnswer(entry=entry_of(answered.response.entry), account=account_of(answered.response.account))
    return reply(model, HTTPStatus.CREATED, replayed=answered.replayed)
