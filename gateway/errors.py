"""Refusals as HTTP: which status, which headers, and the problem+json of RFC 9457. This is the one place that knows."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from flask import Flask, Response, request
from werkzeug import exceptions

from gateway import paths, refusals
from gateway.context import request_id
from gateway.refusals import FieldProblem, Malformed, RedemptionCancelled
from gateway.replies import REPLAYED_HEADER
from kit.errors import Kind, Refusal

_log = structlog.get_logger()

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_S = 1

_STATUS_OF_KIND = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.PRECONDITION: 409,
    Kind.EXHAUSTED: 503,
    Kind.ABORTED: 409,
    Kind.UNAVAILABLE: 503,
}

# HTTP tells some reasons apart that are of one kind to us.
_STATUS_OF_REASON = {
    "BAD_REQUEST": 400,
    "MALFORMED_JSON": 400,
    "MALFORMED_YAML": 400,
    "IDEMPOTENCY_KEY_MISSING": 400,
    "IDEMPOTENCY_KEY_INVALID": 400,
    "IF_MATCH_INVALID": 400,
    "METHOD_NOT_ALLOWED": 405,
    "REQUEST_TOO_SLOW": 408,
    "VERSION_MISMATCH": 412,
    "BODY_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "PRECONDITION_REQUIRED": 428,
    "RATE_LIMITED": 429,
    "HEAD_TOO_LARGE": 431,
    # A bound of the program's own, not one of ours.
    "TOO_MANY_REHEARSALS": 429,
    "SERVICE_TIMEOUT": 504,
}

# The same request may succeed in a moment: the caller is told when.
_RETRY_LATER = frozenset({Kind.EXHAUSTED, Kind.ABORTED, Kind.UNAVAILABLE})

INTERNAL_DETAIL = "something went wrong on our side; the request id finds it in our logs"
TIMEOUT_DETAIL = "no answer came in time and the outcome is unknown; retry with the same Idempotency-Key, which is safe"


def install(app: Flask) -> None:
    """Makes every error of the app a problem."""
    app.register_error_handler(Refusal, problem_of)
    app.register_error_handler(exceptions.HTTPException, _http_problem)
    app.register_error_handler(Exception, _accident)


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    if isinstance(refusal, RedemptionCancelled):
        # Its reason is a word of `rewards`, which must not be read as one of ours.
        return HTTPStatus.CONFLICT
    return _STATUS_OF_REASON.get(refusal.reason) or _STATUS_OF_KIND[refusal.kind]


def problem_of(refusal: Refusal) -> Response:
    """The refusal as problem+json, with the headers its status asks for."""
    status = status_of(refusal)
    response = _response(body_of(refusal))
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = _challenge(refusal.reason)
    if refusal.kind in _RETRY_LATER or status == HTTPStatus.GATEWAY_TIMEOUT:
        response.headers["Retry-After"] = str(_retry_after_s(refusal))
    if refusal.replayed:
        response.headers[REPLAYED_HEADER] = "true"
    return response


def body_of(refusal: Refusal) -> dict[str, Any]:
    """The problem's members, also for a refusal that stands among the results of a call."""
    status = status_of(refusal)
    detail = TIMEOUT_DETAIL if status == HTTPStatus.GATEWAY_TIMEOUT else _sentence(refusal)
    return _body(status, refusal.reason, detail, _metadata(refusal), _field_problems(refusal))


def content_of(refusal: Refusal, request_id: str) -> bytes:
    """The problem of a refusal that no request of the application stands behind."""
    return orjson.dumps(_body(status_of(refusal), refusal.reason, refusal.message, refusal.metadata, name=request_id))


def body_of_accident() -> dict[str, Any]:
    """The same for an accident."""
    return _body(HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL", INTERNAL_DETAIL)


def _body(
    status: int,
    reason: str,
    detail: str,
    metadata: dict[str, str] | None = None,
    errors: tuple[FieldProblem, ...] = (),
    name: str = "",
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"urn:wafa:problem:{reason.lower().replace('_', '-')}",
        "title": reason.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "reason": reason,
        "metadata": metadata or {},
        "request_id": name or request_id(),
    }
    if errors:
        body["errors"] = errors
    return body


def _response(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), body["status"], content_type=PROBLEM_TYPE)


def _field_problems(refusal: Refusal) -> tuple[FieldProblem, ...]:
    if isinstance(refusal, Malformed):
        return refusal.problems
    field = _field(refusal)
    return (FieldProblem(_place(field), _problem(refusal)),) if field else ()


def _metadata(refusal: Refusal) -> dict[str, str]:
    field = refusal.metadata.get("field")
    return {**refusal.metadata, "field": _place(field)} if field else refusal.metadata


def _sentence(refusal: Refusal) -> str:
    field = _field(refusal)
    begins_with_it = field and refusal.message.startswith(f"{field}: ")
    return f"{_place(field)}: {_problem(refusal)}" if begins_with_it else refusal.message


def _field(refusal: Refusal) -> str:
    """The malformed field by the RPC's request, empty where a service names none."""
    return refusal.metadata.get("field", "") if refusal.kind is Kind.INVALID else ""


def _place(field: str) -> str:
    return paths.here(field, request.endpoint or "")


def _problem(refusal: Refusal) -> str:
    return refusal.message.removeprefix(f"{_field(refusal)}: ")


def _challenge(reason: str) -> str:
    # RFC 6750 §3.1: no error code when no credentials came at all.
    return 'Bearer realm="wafa"' if reason == "API_KEY_MISSING" else 'Bearer realm="wafa", error="invalid_token"'


def _retry_after_s(refusal: Refusal) -> int:
    text = refusal.metadata.get("retry_after_ms", "")
    return max(RETRY_AFTER_S, math.ceil(int(text) / 1_000)) if text.isdecimal() else RETRY_AFTER_S


# ---- what Flask and Werkzeug raise


def _http_problem(error: exceptions.HTTPException) -> Response:
    if isinstance(error, exceptions.MethodNotAllowed):
        allowed = sorted({*(error.valid_methods or ())} - {"OPTIONS"})
        response = problem_of(refusals.MethodNotAllowed(f"this path allows {', '.join(allowed)}"))
        response.headers["Allow"] = ", ".join(allowed)
        return response
    return problem_of(_refusal_of(error))


def _refusal_of(error: exceptions.HTTPException) -> Refusal:
    if isinstance(error, exceptions.NotFound):
        return refusals.RouteNotFound("there is nothing at this path")
    if isinstance(error, exceptions.RequestEntityTooLarge):
        return refusals.BodyTooLarge("the body is longer than this gateway accepts")
    if error.code and error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return refusals.BadRequest("the request could not be understood")
    raise error


def _accident(error: Exception) -> Response:
    # The traceback goes to the log; request models hide their input, so no personal data goes with it.
    _log.error("request_failed", error=type(error).__name__, exc_info=error, correlation_id=request_id())
    return _response(body_of_accident())
