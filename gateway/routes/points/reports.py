"""The auditor's view, as JSON or as CSV."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from loyalty.points.v1 import ledger_pb2 as pb

from gateway import sheets
from gateway.context import request_context
from gateway.contract import route
from gateway.replies import linked, page_reply, reply, speaking
from gateway.routes.points.base import blueprint
from gateway.suite import read, suite
from gateway.wire.base import maybe_timestamp
from gateway.wire.members import MemberPath
from gateway.wire.points.liability import (
    LIABILITY_HEADS,
    Liability,
    LiabilityQuery,
    liability_of,
    liability_rows,
    valuation_of,
)
from gateway.wire.points.reports import STATEMENT_HEADS, Statement, StatementQuery, statement_of, statement_rows


@route(blueprint, responses={HTTPStatus.OK: Statement})
def get_statement(path: MemberPath, query: StatementQuery) -> Response:
    """Read what a member held when a period began, what moved it, and what they held when it ended"""
    request = pb.GetStatementRequest(
        program_id=request_context().program_id,
        member_id=path.member_id,
        wallet=query.wallet,
        recorded_from=maybe_timestamp(query.start),
        recorded_until=maybe_timestamp(query.end),
        page_size=query.limit,
        page_token=query.cursor,
    )
    model = statement_of(read(suite().clients.points.ledger.GetStatement, request))
    if not sheets.wanted(query.format):
        return page_reply(model, model.next_cursor or "")
    rows = statement_rows(model, is_first=not query.cursor)
    return linked(speaking(sheets.sheet("statement", STATEMENT_HEADS, rows)), model.next_cursor or "")


@route(blueprint, responses={HTTPStatus.OK: Liability})
def get_liability(query: LiabilityQuery) -> Response:
    """Read what the program owes its members in points, how that came about, and what it comes to in money"""
    request = pb.GetLiabilityRequest(
        program_id=request_context().program_id,
        wallet=query.wallet,
        recorded_from=maybe_timestamp(query.start),
        recorded_until=maybe_timestamp(query.end),
        observed_days=query.observed_days,
        valuation=valuation_of(query),
    )
    model = liability_of(read(suite().clients.points.ledger.GetLiability, request).liability)
    if not sheets.wanted(query.format):
        return reply(model)
    return sheets.sheet("liability", LIABILITY_HEADS, liability_rows(model))
