"""Calling another service: a channel that finds it again when it was away, and refusals as they were said."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import grpc
import orjson

from kit import status
from kit.call import ANSWER_BYTES_MAX, MESSAGE_BYTES_MAX, Call
from kit.errors import Exhausted, Unavailable
from kit.peers.guard import PeerNotAllowed, PeerUnknown
from kit.peers.identity import NO_IDENTITY, Identity

Request = TypeVar("Request")
Response = TypeVar("Response")

ATTEMPTS_MAX = 3
RETRY_PAUSE = {"initialBackoff": "0.05s", "maxBackoff": "0.5s", "backoffMultiplier": 3}

# A budget for the whole channel: a failure costs one, a success gives a tenth back, and below half nothing is tried
# again. So a service that is down is not asked three times as often as one that is up.
RETRY_BUDGET = {"maxTokens": 100, "tokenRatio": 0.1}

KEEPALIVE_INTERVAL_MS = 20_000
KEEPALIVE_TIMEOUT_MS = 5_000
RECONNECT_PAUSE_MS_FIRST = 100
RECONNECT_PAUSE_MS_MAX = 2_000
# What a service refuses to this process is none of its callers' business: they are known, and the process is set up
# wrongly.
NOT_FOR_CALLERS = frozenset({PeerUnknown.reason, PeerNotAllowed.reason})

# A neighbour that is only busy may take its time to accept.
CONNECT_TIMEOUT_MS = 5_000


class ServiceUnavailable(Unavailable):
    """The service cannot be reached, or was lost while it worked: whether the request took effect is not known.

    The same request with the same request id may be tried again.
    """

    reason = "SERVICE_UNAVAILABLE"


class ServiceTimeout(Unavailable):
    """The service did not answer in time: whether the request took effect is not known.

    The same request with the same request id may be tried again.
    """

    reason = "SERVICE_TIMEOUT"


class ServiceBusy(Exhausted):
    """The service has as many requests as it can take; this one was not begun."""

    reason = "SERVICE_BUSY"


class ServiceFailed(Exception):
    """The service failed unexpectedly, or its answer cannot be read: whether the request took effect is not known.

    No refusal, because the caller can do nothing about it. At the edge it becomes, like any unexpected error, a
    message in fixed words; a saga treats it like a time-out.
    """


@dataclasses.dataclass(frozen=True)
class Answered(Generic[Response]):
    """A response, and whether it is the stored one of an earlier call with the same request id."""

    response: Response
    replayed: bool


def channel(
    address: str,
    *,
    identity: Identity = NO_IDENTITY,
    idempotent: Sequence[str] = (),
    attempts_max: int = ATTEMPTS_MAX,
) -> grpc.Channel:
    """A channel to a service, to be shared by all threads of a process and made after it has forked.

    `identity` is what the process shows to the service. `idempotent` names what may be tried again when the service is
    UNAVAILABLE: services (`shop.pantry.v1.PantryService`) or single methods (`shop.pantry.v1.PantryService/TakeJar`).
    Tries are bounded by `attempts_max`, by a budget of the channel and by the deadline of the call.

    `address` is `host:port` or any gRPC target; where a name has several addresses, as in
    `ipv4:127.0.0.1:7001,127.0.0.1:7002`, calls go to each in turn.
    """
    return identity.connect(
        address,
        [
            ("grpc.service_config", orjson.dumps(service_config(idempotent, attempts_max)).decode()),
            ("grpc.keepalive_time_ms", KEEPALIVE_INTERVAL_MS),
            ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.initial_reconnect_backoff_ms", RECONNECT_PAUSE_MS_FIRST),
            # By this name gRPC means the time that a connection may take to come about.
            ("grpc.min_reconnect_backoff_ms", CONNECT_TIMEOUT_MS),
            ("grpc.max_reconnect_backoff_ms", RECONNECT_PAUSE_MS_MAX),
            ("grpc.max_receive_message_length", ANSWER_BYTES_MAX),
            ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
            # Our services are neighbours: a proxy in the environment is meant for the world outside.
            ("grpc.enable_http_proxy", 0),
            # A connection of its own for each channel, so that several to one shared port reach several processes.
            ("grpc.use_local_subchannel_pool", 1),
        ],
    )


def service_config(idempotent: Sequence[str], attempts_max: int) -> Mapping[str, Any]:
    """How gRPC itself spreads and retries calls; the format is gRPC's ServiceConfig."""
    config: dict[str, Any] = {"loadBalancingConfig": [{"round_robin": {}}]}
    if idempotent and attempts_max > 1:
        policy = {"maxAttempts": attempts_max, "retryableStatusCodes": ["UNAVAILABLE"], **RETRY_PAUSE}
        config["methodConfig"] = [{"name": [_method_name(name) for name in idempotent], "retryPolicy": policy}]
        config["retryThrottling"] = RETRY_BUDGET
    return config


def invoke(
    method: grpc.UnaryUnaryMultiCallable[Request, Response], request: Request, *, call: Call, deadline_ms: int
) -> Answered[Response]:
    """Calls `method` of a generated stub on behalf of `call`, tries and all within `deadline_ms`.

    Raises the refusal that the service said, of its kind's class, with its reason and metadata, and `replayed` set if
    it was a stored one; or ServiceUnavailable, ServiceTimeout, ServiceBusy; or ServiceFailed.
    """
    try:
        response, rpc = method.with_call(request, timeout=deadline_ms / 1_000, metadata=call.metadata())
    except grpc.RpcError as error:
        raise _said(error) from error
    return Answered(response, status.is_replayed(rpc.trailing_metadata()))


def _said(error: grpc.RpcError) -> Exception:
    """What the service said by this error; what lies between us and it has words of its own."""
    refusal = status.refusal_of(error)
    if refusal is not None and refusal.reason in NOT_FOR_CALLERS:
        return ServiceFailed(f"{refusal.reason}: {refusal.message}")
    if refusal is not None:
        return refusal
    match error.code():
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return ServiceTimeout("a service did not answer in time, try again")
        case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.CANCELLED:
            return ServiceUnavailable("a service cannot be reached, try again")
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return ServiceBusy("a service is busy, try again")
        case code:
            return ServiceFailed(f"{code.name}: {error.details()}")


def _method_name(name: str) -> Mapping[str, str]:
    service, _, method = name.partition("/")
    return {"service": service, "method": method} if method else {"service": service}
