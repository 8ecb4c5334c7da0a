"""Points that one member gives to another."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from loyalty.points.v1 import ledger_pb2 as pb

from gateway.context import request_context
from gateway.contract import route
from gateway.replies import page_reply, reply
from gateway.routes.points.base import blueprint
from gateway.suite import read, suite, write
from gateway.wire.base import PageQuery
from gateway.wire.members import MemberPath
from gateway.wire.points.transfers import NewTransfer, Transfer, TransferPage, TransferPath, transfer_of


@route(blueprint, responses={HTTPStatus.CREATED: Transfer})
def transfer_points(body: NewTransfer) -> Response:
    """Give points of one member to another, who gets them with their expiry; `state` says how far it has come"""
    request = pb.TransferPointsRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=body.member_id,
        recipient_id=body.recipient_id,
        wallet=body.wallet,
        amount=body.amount,
        reason=body.reason,
    )
    answered = write(suite().clients.points.ledger.TransferPoints, request)
    model = transfer_of(answered.response.transfer)
    location = f"/v1/transfers/{model.transfer_id}"
    return reply(model, HTTPStatus.CREATED, location=location, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: Transfer})
def get_transfer(path: TransferPath) -> Response:
    """Read how far a transfer has come"""
    request = pb.GetTransferRequest(program_id=request_context().program_id, transfer_id=path.transfer_id)
    return reply(transfer_of(read(suite().clients.points.ledger.GetTransfer, request).transfer))


@route(blueprint, responses={HTTPStatus.OK: TransferPage})
def list_transfers(path: MemberPath, query: PageQuery) -> Response:
    """List what a member has sent and what was sent to them, newest first"""
    request = pb.ListTransfersRequest(
        program_id=request_context().program_id,
        member_id=path.member_id,
        page_size=query.limit,
        page_token=query.cursor,
    )
    page = read(suite().clients.points.ledger.ListTransfers, request)
    items = [transfer_of(transfer) for transfer in page.transfers]
    return page_reply(TransferPage(items=items, next_cursor=page.next_page_token or None), page.next_page_token)
