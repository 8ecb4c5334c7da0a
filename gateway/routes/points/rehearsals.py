"""Rehearsals of rules on past purchases."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from loyalty.points.v1 import program_pb2 as pb

from gateway.context import request_context
from gateway.contract import route
from gateway.replies import reply
from gateway.routes.points.base import blueprint
from gateway.suite import read, suite, write
from gateway.wire.base import maybe_timestamp
from gateway.wire.points.rehearsals import NewRehearsal, Rehearsal, RehearsalBegun, RehearsalPath, rehearsal_of


@route(blueprint, responses={HTTPStatus.CREATED: RehearsalBegun})
def rehearse_earning_rules(body: NewRehearsal) -> Response:
    """Begin to work out what rules would have given for past purchases; no point is moved"""
    request = pb.RehearseEarningRulesRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        rules=[pb.RuleDefinition(key=rule.key, terms=rule.terms.to_proto()) for rule in body.rules],
        only=body.only,
        wallet=body.wallet,
        occurred_from=maybe_timestamp(body.occurred_from),
        occurred_until=maybe_timestamp(body.occurred_until),
        purchases_max=body.purchases_max,
        value_minor=body.value_minor,
        per_points=body.per_points,
    )
    answered = write(suite().clients.points.program.RehearseEarningRules, request)
    begun = RehearsalBegun(rehearsal_id=answered.response.rehearsal_id)
    location = f"/v1/rehearsals/{begun.rehearsal_id}"
    return reply(begun, HTTPStatus.CREATED, location=location, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: Rehearsal})
def get_rehearsal(path: RehearsalPath) -> Response:
    """Read how far a rehearsal has come, and what it has found"""
    request = pb.GetRehearsalRequest(program_id=request_context().program_id, rehearsal_id=path.rehearsal_id)
    return reply(rehearsal_of(read(suite().clients.points.program.GetRehearsal, request).rehearsal))
