"""What is known of the request under way: who asks, under which names, since when."""

from __future__ import annotations

import dataclasses
import re
import time
from typing import Any

from flask import g, request
from werkzeug.datastructures import LanguageAccept

from gateway.front import passing
from kit.call import Call
from kit.logging import correlation_id_of

REQUEST_ID_HEADER = "X-Request-Id"

# What sentences are written in, by BCP 47; the first where a request names none of them.
LANGUAGES = ("en", "ur")

# Identifies the gateway itself where it asks before it knows the caller.
GATEWAY_CALLER_ID = "gateway"

# W3C Trace Context §3.2, of any version.
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.{0,200})?")


@dataclasses.dataclass(frozen=True)
class Caller:
    """Whose API key came with a request. `caller_id` stays the same when the key is replaced by another."""

    api_key_id: str
    caller_id: str
    program_id: str
    role: str


@dataclasses.dataclass
class RequestContext:
    """What is known of one request; the fields fill as the checks pass."""

    request_id: str
    traceparent: str
    started: float
    language: str = LANGUAGES[0]
    caller: Caller | None = None
    idempotency_key: str = ""
    expected_version: int = 0
    body: Any = None
    limit_headers: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def known_caller(self) -> Caller:
        """The caller; only routes that ask for a key may ask."""
        if self.caller is None:
            raise RuntimeError("a route without a caller asked for one")
        return self.caller

    @property
    def program_id(self) -> str:
        """The program that the caller acts in."""
        return self.known_caller.program_id

    @property
    def call(self) -> Call:
        """What travels with the RPCs of this request."""
        return Call(self.known_caller.caller_id, self.request_id, self.traceparent, self.language)

    @property
    def own_call(self) -> Call:
        """The same where the gateway asks for itself, before it knows the caller."""
        return Call(GATEWAY_CALLER_ID, self.request_id, self.traceparent)


def begin() -> None:
    """Notes the request's names, those the caller chose if they can stand in a log.

    What an earlier call found out from the head alone holds for the body, too.
    """
    if passing.REQUEST_CONTEXT in request.environ:
        g.request_context = request.environ[passing.REQUEST_CONTEXT]
        return
    traceparent = request.headers.get("traceparent", "")
    g.request_context = RequestContext(
        request_id=correlation_id_of(request.headers.get(REQUEST_ID_HEADER, "")),
        traceparent=traceparent if _TRACEPARENT.fullmatch(traceparent) else "",
        started=request.environ.get(passing.RECEIVED_AT) or time.monotonic(),
        language=language_wanted(request.accept_languages),
    )


def language_wanted(accepted: LanguageAccept) -> str:
    """The first of ours among the languages accepted, best first (RFC 4647 §3.4, lookup): ur-PK is answered by ur."""
    primary = (tag.partition("-")[0].lower() for tag, quality in accepted if quality > 0)
    return next((each for each in primary if each in LANGUAGES), LANGUAGES[0])


def request_context() -> RequestContext:
    """The context of the request under way."""
    found: RequestContext = g.request_context
    return found


def request_id() -> str:
    """The request's id, also when it failed before it had one."""
    if "request_context" not in g:
        begin()
    return request_context().request_id
