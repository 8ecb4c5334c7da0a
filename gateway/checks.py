"""What every request meets on its way in and out, in this order.

    known by name → one spelling of the path → who asks → how often → may they → idempotency key → version → body

A refusal at one step spares the later ones. The server reads a short body first, and of a long one only the head: the
checks are then called twice, and the second time begin where the first ended. So a stranger's long body is never read.
Routing errors come before the body: Flask raises them when nothing else has.
"""

from __future__ import annotations

import re
import time
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Request, Response, request
from pydantic import ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from gateway import jsons, metrics, policy, yamls
from gateway.addresses import client_address
from gateway.context import REQUEST_ID_HEADER, begin, request_context
from gateway.front import passing, targets
from gateway.policy import Access, Needs
from gateway.refusals import (
    FieldProblem,
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    IfMatchInvalid,
    Malformed,
    PreconditionRequired,
    UnsupportedMediaType,
    VersionMismatch,
)
from gateway.suite import suite
from gateway.wire.base import INT64_MAX
from kit.call import KEY_LENGTH_MAX

_log = structlog.get_logger()

IDEMPOTENCY_KEY_HEADER = "Idempotency-Key"
PROBLEMS_MAX = 20

_KEY = re.compile(rf"[\x21-\x7e]{{1,{KEY_LENGTH_MAX}}}")
_ENTITY_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')
_VERSION = re.compile(r"[1-9][0-9]{0,18}")
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
# Where pydantic writes which branch of a choice it tried, callers see nothing of it.
# And a name within an object that may not be, which is the part before it already.
_BRANCHES = frozenset({"ByMemberId", "ByIdentifier", "fixed_discount", "percentage_discount", "free_product", "[key]"})


class CheckedRequest(Request):
    """A request whose body has been read and judged by the checks."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """The body as the checks found it."""
        return request_context().body


def install(app: Flask) -> None:
    """Puts the checks around every route of the app."""
    app.request_class = CheckedRequest
    app.before_request(enter)
    app.after_request(leave)


def enter() -> Response | None:
    """The way in; raises the refusal that ends it, or answers that the body is wanted."""
    begin()
    targets.refuse_other_spellings(request.environ.get("RAW_URI", request.path))
    if request.endpoint is None:
        return None
    access = policy.access_to(request.endpoint)
    if access.public:
        return None
    if passing.REQUEST_CONTEXT not in request.environ:
        _read_head(access)
    if access.upload:
        request.max_content_length = suite().config.upload_bytes_max
    if request.method not in _BODY_METHODS:
        return None
    if passing.BODY_PENDING in request.environ:
        return _body_wanted(request.environ[passing.BODY_PENDING])
    _read_body(access)
    return None


def leave(response: Response) -> Response:
    """The way out: the headers that every answer carries, and one line in the log."""
    if passing.REQUEST_CONTEXT in request.environ and passing.BODY_PENDING in request.environ:
        return response
    here = request_context()
    response.headers[REQUEST_ID_HEADER] = here.request_id
    response.headers.update(here.limit_headers)
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Answers are about people and change at any time: no cache on the way may keep one.
    response.headers.setdefault("Cache-Control", "no-store")
    _account_for(response)
    return response


def malformed(error: ValidationError) -> Any:
    """Raises the refusal for what pydantic found; flask-openapi3 calls it and would send what it returned."""
    raise refusal_of(error)


def refusal_of(error: ValidationError) -> Malformed:
    """What pydantic found, in our words."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return Malformed(tuple(FieldProblem(_path(each["loc"]), _words(each["msg"])) for each in found[:PROBLEMS_MAX]))


def _read_head(access: Access) -> None:
    _identify(access)
    request_context().idempotency_key = _idempotency_key() if access.is_write else ""
    request_context().expected_version = _expected_version(access)


def _body_wanted(announced: int) -> Response:
    """Leaves for the server that it shall read the body and call again; it sees what was found out by then."""
    if announced > (request.max_content_length or announced):
        raise RequestEntityTooLarge
    request.environ[passing.REQUEST_CONTEXT] = request_context()
    return Response(status=HTTPStatus.NO_CONTENT)


def _identify(access: Access) -> None:
    here = request_context()
    caller = suite().keyring.caller(request.headers.get("Authorization", ""), _client_address, here.own_call)
    here.caller = caller
    rate_limit = suite().limits.count(caller)
    here.limit_headers = rate_limit.headers
    rate_limit.require()
    policy.require(access, caller)


def _client_address() -> str:
    forwarded_for = request.headers.get("X-Forwarded-For", "")
    return client_address(request.remote_addr or "", forwarded_for, suite().trusted_proxies)


def _idempotency_key() -> str:
    key = request.headers.get(IDEMPOTENCY_KEY_HEADER)
    if not key:
        raise IdempotencyKeyMissing(f"every write needs the header {IDEMPOTENCY_KEY_HEADER}, new for each new wish")
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyInvalid(
            f"{IDEMPOTENCY_KEY_HEADER} must have 1 to {KEY_LENGTH_MAX} visible ASCII characters",
            length_max=KEY_LENGTH_MAX,
        )
    return key


def _expected_version(access: Access) -> int:
    """The version in If-Match; `*` is 0, which the services read as "whatever is there"."""
    text = request.headers.get("If-Match", "").strip()
    if not access.takes_version or (not text and Needs.VERSION not in access.needs):
        return 0
    if not text:
        raise PreconditionRequired("send the ETag that you read as If-Match, or * to overwrite whatever is there")
    if text == "*":
        return 0
    tag = _ENTITY_TAG.fullmatch(text)
    if tag is None:
        raise IfMatchInvalid('If-Match takes one entity tag, such as "3", or *')
    # A weak tag, or one of another make, never matches (RFC 9110 §13.1.1).
    if tag[1] or not _VERSION.fullmatch(tag[2]) or int(tag[2]) > INT64_MAX:
        raise VersionMismatch("this is no version of the thing; read it again")
    return int(tag[2])


def _read_body(access: Access) -> None:
    content = request.get_data()
    if not content:
        request_context().body = {}
        return
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    is_yaml = access.document and request.mimetype in yamls.YAML_TYPES
    if not (is_yaml or request.mimetype == "application/json") or encoding != "identity":
        raise UnsupportedMediaType("send the body as application/json, not compressed")
    request_context().body = yamls.read(content) if is_yaml else jsons.read(content)
    if not isinstance(request_context().body, dict):
        raise Malformed((FieldProblem("", "the body must be an object"),))


def _path(location: tuple[int | str, ...]) -> str:
    parts = [part for part in location if part not in _BRANCHES]
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")


def _words(message: str) -> str:
    return message.removeprefix("Value error, ")


def _account_for(response: Response) -> None:
    here = request_context()
    duration_s = time.monotonic() - here.started
    # The rule and not the path: a voucher's code is as good as money.
    route = request.url_rule.rule if request.url_rule is not None else "none"
    metrics.count_request(route, request.method, response.status_code, duration_s)
    _log.info(
        "request",
        method=request.method,
        route=route,
        status=response.status_code,
        duration_ms=round(duration_s * 1_000, 1),
        correlation_id=here.request_id,
        traceparent=here.traceparent or None,
        caller_id=here.caller.api_key_id if here.caller else None,
        program_id=here.caller.program_id if here.caller else None,
        replayed=response.headers.get("Idempotent-Replayed") == "true" or None,
    )
