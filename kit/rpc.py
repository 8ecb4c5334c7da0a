"""The two words that a servicer's methods are written in: who calls, and the reply.

    outcome = self._jars.take_jar(call_of(context), convert.take_jar(request))
    return reply(context, outcome, convert.take_jar_response)

Reads have no outcome to reply with: they convert what the handler gives.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar

import grpc
from google.rpc.status_pb2 import Status as StatusMessage

from kit import languages, logging, status
from kit.call import (
    CALLER_ID_HEADER,
    LANGUAGE_HEADER,
    REPLAYED_HEADER,
    REQUEST_ID_HEADER,
    TRACEPARENT_HEADER,
    Call,
    call_under_way,
)
from kit.errors import Refusal, Unauthenticated
from kit.idempotency import Outcome
from kit.peers.guard import Peer

# A peer that is believed when it names the caller.
BELIEVED = Peer("", names_callers=True)

Answer = TypeVar("Answer")
Response = TypeVar("Response")


class CallerMissing(Unauthenticated):
    """The request names no caller; only the gateway and the other services should ever send one here."""

    reason = "CALLER_MISSING"


@contextlib.contextmanager
def received(context: grpc.ServicerContext, peer: Peer = BELIEVED) -> Iterator[Call]:
    """Reads the call that a request came with, gives it a correlation id if it has none, and binds it to the log.

    The caller is whom the peer names, where it is believed, and else the peer itself.
    """
    headers = {str(key): str(value) for key, value in context.invocation_metadata()}
    call = Call(
        caller_id=headers.get(CALLER_ID_HEADER, "") if peer.names_callers else peer.name,
        correlation_id=logging.correlation_id_of(headers.get(REQUEST_ID_HEADER, "")),
        traceparent=headers.get(TRACEPARENT_HEADER, ""),
        language=headers.get(LANGUAGE_HEADER, ""),
    )
    token = call_under_way.set(call)
    try:
        with logging.bound(call), languages.asking(call.language):
            yield call
    finally:
        call_under_way.reset(token)


def call_of(context: grpc.ServicerContext) -> Call:
    """The caller of the request. Raises CallerMissing where it names none."""
    call = call_under_way.get(None)
    if call is None:  # a servicer without our interceptors, as in a test
        with received(context) as call:
            pass
    if not call.caller_id:
        raise CallerMissing("the request does not say who is asking")
    return call


def reply_in_part(
    call: Call, result: Outcome[Answer] | Exception, convert: Callable[[Answer], Response]
) -> tuple[Response | None, StatusMessage | None, bool]:
    """One of several results of a call: its response or its error, and whether it was said before.

    A refusal has the form in which it would end a call of its own, any other error the same fixed words.
    """
    if isinstance(result, Refusal):
        return None, status.message_of_refusal(result), result.replayed
    if isinstance(result, Exception):
        return None, status.message_of_accident(call.correlation_id), False
    if result.refusal is not None:
        return None, status.message_of_refusal(result.refusal), result.replayed
    return convert(result.unwrap()), None, result.replayed


def reply(context: grpc.ServicerContext, outcome: Outcome[Answer], convert: Callable[[Answer], Response]) -> Response:
    """The response to a write: its answer on the wire, or its refusal raised; a replay of either is marked as one."""
    try:
        answer = outcome.unwrap()
    except Refusal as refusal:
        refusal.replayed = outcome.replayed
        raise
    if outcome.replayed:
        context.set_trailing_metadata(((REPLAYED_HEADER, "true"),))
    return convert(answer)
