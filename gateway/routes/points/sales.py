"""Purchases and returns."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from loyalty.points.v1 import sales_pb2 as pb

from gateway.context import request_context
from gateway.contract import route
from gateway.replies import reply
from gateway.returned_vouchers import expect_reinstatable, reinstate
from gateway.routes.points.base import blueprint
from gateway.suite import count_lookups, read, suite, write
from gateway.wire.points.exchanges import ExchangeAnswer, ExchangeBody, exchange_answer_of
from gateway.wire.points.receipts import (
    Purchase,
    PurchaseAnswer,
    ReturnAnswer,
    purchase_answer_of,
    purchase_of,
    return_answer_of,
)
from gateway.wire.points.sales import (
    ByMemberId,
    ClaimBody,
    MemberReference,
    PurchaseBody,
    PurchasePath,
    ReturnBody,
)


def member_id_of(reference: MemberReference | None) -> str:
    """The member meant, resolved before anything is recorded; empty for an anonymous sale."""
    if reference is None:
        return ""
    if isinstance(reference, ByMemberId):
        return reference.member_id
    identifier = reference.identifier.to_proto()
    program_id = request_context().program_id
    return suite().resolver.member_id(program_id, identifier, request_context().call, before_asking=count_lookups)


@route(blueprint, responses={HTTPStatus.CREATED: PurchaseAnswer})
def record_purchase(body: PurchaseBody) -> Response:
    """Record a purchase and post what it earns; the same receipt twice earns once"""
    request = pb.RecordPurchaseRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=member_id_of(body.member),
        sale=body.to_proto(),
    )
    answered = write(suite().clients.points.sales.RecordPurchase, request)
    model = purchase_answer_of(answered.response)
    location = f"/v1/purchases/{model.purchase.purchase_id}"
    return reply(model, HTTPStatus.CREATED, location=location, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: PurchaseAnswer})
def preview_purchase(body: PurchaseBody) -> Response:
    """Tell what recording this purchase would answer now, and record nothing"""
    request = pb.PreviewPurchaseRequest(
        program_id=request_context().program_id, member_id=member_id_of(body.member), sale=body.to_proto()
    )
    return reply(purchase_answer_of(read(suite().clients.points.sales.PreviewPurchase, request)))


@route(blueprint, responses={HTTPStatus.OK: PurchaseAnswer})
def claim_purchase(body: ClaimBody) -> Response:
    """Give an anonymous purchase to a member, once"""
    request = pb.ClaimPurchaseRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        member_id=member_id_of(body.member),
        receipt=body.receipt.to_proto(),
    )
    answered = write(suite().clients.points.sales.ClaimPurchase, request)
    return reply(purchase_answer_of(answered.response), replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: Purchase})
def get_purchase(path: PurchasePath) -> Response:
    """Read a purchase with what it earned and what came back"""
    request = pb.GetPurchaseRequest(program_id=request_context().program_id, purchase_id=path.purchase_id)
    return reply(purchase_of(read(suite().clients.points.sales.GetPurchase, request).purchase))


@route(blueprint, responses={HTTPStatus.CREATED: ReturnAnswer})
def record_return(body: ReturnBody) -> Response:
    """Record returned goods, take back what they earned and give back vouchers; the same receipt twice takes once"""
    expect_reinstatable(body)
    request = body.to_proto(request_context().program_id, request_context().idempotency_key)
    answered = write(suite().clients.points.sales.RecordReturn, request)
    model = return_answer_of(answered.response, reinstate(body))
    return reply(model, HTTPStatus.CREATED, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.CREATED: ExchangeAnswer})
def record_exchange(body: ExchangeBody) -> Response:
    """Record returned goods and what is taken instead in one step; an even exchange costs no points"""
    member_id = member_id_of(body.member)
    expect_reinstatable(body.return_, "return.")
    request = body.to_proto(request_context().program_id, request_context().idempotency_key, member_id)
    answered = write(suite().clients.points.sales.RecordExchange, request)
    model = exchange_answer_of(answered.response, reinstate(body.return_))
    location = f"/v1/purchases/{model.purchase.purchase.purchase_id}"
    return reply(model, HTTPStatus.CREATED, location=location, replayed=answered.replayed)
