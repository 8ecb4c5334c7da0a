"""Answers as they are written to a socket, the server's own problems among them."""

from __future__ import annotations

import dataclasses
import email.utils
import functools
import http
import time
import uuid
from collections.abc import Sequence

import structlog

from gateway import errors, metrics
from kit.errors import Refusal

_log = structlog.get_logger()

# Of these a reader expects no body, and no length of one (RFC 9110 §8.6).
_WITHOUT_BODY = frozenset({http.HTTPStatus.NO_CONTENT, http.HTTPStatus.NOT_MODIFIED})
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclasses.dataclass(frozen=True)
class HttpAnswer:
    """Status line without the version, such as `200 OK`; headers; the whole body, left out for HEAD."""

    status: str
    headers: Sequence[tuple[str, str]]
    body: bytes = b""


def head_of(answer: HttpAnswer, *, closing: bool) -> bytes:
    """Everything before the body."""
    names = {name.lower() for name, _ in answer.headers}
    lines = [f"HTTP/1.1 {answer.status}", f"Date: {_date(int(time.time()))}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if "content-length" not in names and int(answer.status[:3]) not in _WITHOUT_BODY:
        lines.append(f"Content-Length: {len(answer.body)}")
    lines.append(f"Connection: {'close' if closing else 'keep-alive'}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def problem(refusal: Refusal) -> HttpAnswer:
    """A refusal that no application was needed for, as problem+json, with a line in the log and a tick of a counter."""
    request_id = uuid.uuid4().hex
    status = http.HTTPStatus(errors.status_of(refusal))
    headers = [
        ("Content-Type", errors.PROBLEM_TYPE),
        ("X-Request-Id", request_id),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
    ]
    if status == http.HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(("Retry-After", str(errors.RETRY_AFTER_S)))
    metrics.count_refused(refusal.reason, status)
    _log.info("request_refused", status=int(status), reason=refusal.reason, correlation_id=request_id)
    return HttpAnswer(f"{status.value} {status.phrase}", headers, errors.content_of(refusal, request_id))


@functools.lru_cache(maxsize=2)
def _date(second: int) -> str:
    return email.utils.formatdate(second, usegmt=True)
