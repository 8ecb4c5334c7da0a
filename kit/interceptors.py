"""What stands around every RPC of a server, from outside to inside:

    peer           the process that calls is known by what it shows
    correlation    the call is read from the metadata and bound to the log
    account        one line in the log and one tick of the metrics, however it ends
    verdict        a refusal becomes its gRPC status, any other error becomes fixed words and a traceback in the log
    guard          nothing is done for a peer that may not call the method
    bounds         texts are brought into their form, and what is beyond its bounds is refused (`kit/validation`)
    patience       nothing is begun past the caller's deadline
    lost races     a handler whose transaction lost a race is run again, whole, a bounded number of times

Health passes untouched: probes know no token, and would drown the log. Reflection answers peers that are known.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import grpc
import structlog

from kit import status, telemetry, validation
from kit.call import Call
from kit.database import retrying
from kit.errors import Refusal
from kit.peers.guard import UNCHECKED, Peer, PeerGuard
from kit.rpc import received

_log = structlog.get_logger()

Behaviour: TypeAlias = Callable[[Any, grpc.ServicerContext], Any]


class Interceptor(grpc.ServerInterceptor):
    """Puts the whole of it around every unary RPC; of ours there are no others."""

    def __init__(self, guard: PeerGuard = UNCHECKED) -> None:
        self._guard = guard

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Wraps the method's handler."""
        handler = continuation(handler_call_details)
        method = handler_call_details.method.lstrip("/")
        if handler is None or method.startswith("grpc.health."):
            return handler
        if handler.unary_unary is None:
            return self._for_known_peers(handler)
        behaviour = handler.unary_unary
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: answer(method, behaviour, request, context, self._guard),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _for_known_peers(self, handler: grpc.RpcMethodHandler[Any, Any]) -> grpc.RpcMethodHandler[Any, Any]:
        """The handler of a stream, which is reflection's: unknown peers get no answer."""
        behaviour: Any = handler.stream_stream

        def answered(requests: Any, context: grpc.ServicerContext) -> Any:
            try:
                self._guard.expect_known(self._guard.peer_of(context))
            except Refusal as refusal:
                context.abort_with_status(status.of_refusal(refusal))
            return behaviour(requests, context)

        return grpc.stream_stream_rpc_method_handler(
            answered,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def answer(
    method: str, behaviour: Behaviour, request: Any, context: grpc.ServicerContext, guard: PeerGuard = UNCHECKED
) -> Any:
    """Runs one RPC to its end. `method` is its full name, such as `shop.pantry.v1.PantryService/TakeJar`."""
    began = time.perf_counter()
    peer = guard.peer_of(context)
    with received(context, peer) as call:
        verdict = _judge(lambda: guard.expect_allowed(peer, method), behaviour, request, context, call)
        _account(method, peer, verdict, time.perf_counter() - began)
    if verdict.status is not None:
        context.abort_with_status(verdict.status)
    return verdict.response


@dataclasses.dataclass(frozen=True)
class _Verdict:
    """How an RPC ended: a response, or a status that says why there is none."""

    response: Any = None
    status: grpc.Status | None = None
    reason: str = ""
    accident: Exception | None = None


class _DeadlinePassed(Exception):
    """The caller has stopped waiting for the answer."""


def _judge(
    expect_allowed: Callable[[], None], behaviour: Behaviour, request: Any, context: grpc.ServicerContext, call: Call
) -> _Verdict:
    try:
        return _answered_or_refused(expect_allowed, behaviour, request, context)
    except Exception as accident:
        return _Verdict(status=status.of_accident(call.correlation_id), accident=accident)


def _answered_or_refused(
    expect_allowed: Callable[[], None], behaviour: Behaviour, request: Any, context: grpc.ServicerContext
) -> _Verdict:
    def attempt() -> Any:
        if context.time_remaining() <= 0:
            raise _DeadlinePassed
        return behaviour(request, context)

    try:
        expect_allowed()
        validation.check(request)
        return _Verdict(response=retrying(attempt))
    except Refusal as refusal:
        return _Verdict(status=status.of_refusal(refusal), reason=refusal.reason)
    except _DeadlinePassed:
        return _Verdict(status=status.of_passed_deadline())


def _account(method: str, peer: Peer, verdict: _Verdict, duration_s: float) -> None:
    code = (verdict.status.code if verdict.status else grpc.StatusCode.OK).name
    telemetry.count_rpc(method, code, duration_s)
    line: dict[str, Any] = {"method": method, "code": code, "duration_ms": round(duration_s * 1_000, 1)}
    if peer.name:
        line["peer"] = peer.name
    if verdict.reason:
        line["reason"] = verdict.reason
    if verdict.accident:
        _log.error("rpc", **line, exc_info=verdict.accident)
    else:
        _log.info("rpc", **line)
