"""Qualifying units, summed."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from loyalty.points.v1 import earning_pb2 as pb

from gateway.context import request_context
from gateway.contract import route
from gateway.replies import reply
from gateway.routes.points.base import blueprint
from gateway.suite import read, suite
from gateway.wire.base import maybe_timestamp
from gateway.wire.members import MemberPath
from gateway.wire.points.qualifying import QualifyingQuery, QualifyingSum, qualifying_sum_of


@route(blueprint, responses={HTTPStatus.OK: QualifyingSum})
def get_qualifying_sums(path: MemberPath, query: QualifyingQuery) -> Response:
    """Sum what counts towards tiers of what occurred in a window; spending never changes it"""
    window = pb.QualifyingWindow(occurred_from=maybe_timestamp(query.start), occurred_until=maybe_timestamp(query.end))
    request = pb.GetQualifyingSumsRequest(
        program_id=request_context().program_id,
        member_id=path.member_id,
        wallet=query.wallet,
        windows=[window],
    )
    return reply(qualifying_sum_of(read(suite().clients.points.earning.GetQualifyingSums, request)))
