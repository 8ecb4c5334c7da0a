"""Answers as HTTP: JSON, entity tags, places of new things, and where the next page is."""

from __future__ import annotations

import functools
import json
import urllib.parse
from http import HTTPStatus

from flask import Response, request

from gateway.context import request_context
from gateway.wire.base import ResponseModel

JSON_TYPE = "application/json"
REPLAYED_HEADER = "Idempotent-Replayed"


def reply(
    model: ResponseModel,
    status: int = HTTPStatus.OK,
    *,
    version: int | None = None,
    location: str = "",
    replayed: bool = False,
) -> Response:
    """The answer; `version` becomes its ETag, `location` is where what was made can be read."""
    response = Response(model.model_dump_json(by_alias=True), status, content_type=JSON_TYPE)
    if _speaks(type(model)):
        speaking(response)
    if version is not None:
        response.headers["ETag"] = f'"{version}"'
    if location:
        response.headers["Location"] = location
    if replayed:
        response.headers[REPLAYED_HEADER] = "true"
    return response


def speaking(response: Response) -> Response:
    """The same, saying in which language its sentences are."""
    response.headers["Content-Language"] = request_context().language
    response.vary.add("Accept-Language")
    return response


@functools.cache
def _speaks(kind: type[ResponseModel]) -> bool:
    """Whether there are sentences in answers of this kind."""
    return '"sentence":' in json.dumps(kind.model_json_schema())


def page_reply(model: ResponseModel, next_cursor: str) -> Response:
    """A page, with the RFC 8288 link to the next one; it keeps what else stands in the query."""
    return linked(reply(model), next_cursor)


def linked(response: Response, next_cursor: str) -> Response:
    """The same with the link to the next page, if there is one."""
    if next_cursor:
        query = urllib.parse.urlencode({**request.args.to_dict(), "cursor": next_cursor})
        response.headers["Link"] = f'<{urllib.parse.quote(request.path)}?{query}>; rel="next"'
    return response
