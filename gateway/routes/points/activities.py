"""What members do that is no purchase."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from loyalty.points.v1 import earning_pb2 as pb

from gateway.context import request_context
from gateway.contract import route
from gateway.replies import reply
from gateway.routes.points.base import blueprint
from gateway.routes.points.sales import member_id_of
from gateway.suite import read, suite, write
from gateway.wire.points.activities import (
    Activity,
    ActivityAnswer,
    ActivityBody,
    ActivityPath,
    activity_answer_of,
    activity_of,
)


@route(blueprint, responses={HTTPStatus.CREATED: ActivityAnswer})
def record_activity(body: ActivityBody) -> Response:
    """Record what a member did that is no purchase, and post what it earns; the same one twice earns once"""
    program_id, request_id = request_context().program_id, request_context().idempotency_key
    answered = write(
        suite().clients.points.earning.RecordActivity, body.to_proto(program_id, request_id, member_id_of(body.member))
    )
    model = activity_answer_of(answered.response)
    location = f"/v1/activities/{model.activity.activity_id}"
    return reply(model, HTTPStatus.CREATED, location=location, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: Activity})
def get_activity(path: ActivityPath) -> Response:
    """Read what a member did, with what it earned"""
    request = pb.GetActivityRequest(program_id=request_context().program_id, activity_id=path.activity_id)
    return reply(activity_of(read(suite().clients.points.earning.GetActivity, request).activity))
