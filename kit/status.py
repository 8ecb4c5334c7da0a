"""Refusals on the wire: they become gRPC statuses here, and statuses refusals again, both by one table."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status as StatusMessage
from grpc_status import rpc_status

from kit.call import REPLAYED_HEADER
from kit.errors import Kind, Refusal

# Distinguishes our reasons from those of proxies and other services on the way.
ERROR_DOMAIN = "wafa"

ACCIDENT_WORDS = "something went wrong on our side"

# The one place where kinds meet gRPC codes. Each kind has a code of its own, so that it can be read backwards.
CODES: Mapping[Kind, grpc.StatusCode] = {
    Kind.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Kind.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Kind.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    Kind.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Kind.CONFLICT: grpc.StatusCode.ALREADY_EXISTS,
    Kind.PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION,
    Kind.EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Kind.ABORTED: grpc.StatusCode.ABORTED,
    Kind.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
}
_KINDS = {code: kind for kind, code in CODES.items()}
_KINDS_BY_NUMBER: Mapping[int, Kind] = {code.value[0]: kind for code, kind in _KINDS.items()}


@dataclasses.dataclass(frozen=True)
class Status(grpc.Status):
    """What an RPC ends with when it has no response."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: Any


def of_refusal(refusal: Refusal) -> Status:
    """The refusal on the wire: its kind's code, its words, and its reason and metadata as google.rpc.ErrorInfo."""
    status = _ending_with(message_of_refusal(refusal))
    if not refusal.replayed:
        return status
    return dataclasses.replace(status, trailing_metadata=((REPLAYED_HEADER, "true"), *status.trailing_metadata))


def of_accident(correlation_id: str) -> Status:
    """The answer to an unexpected error: fixed words, and the id under which the log has the traceback."""
    return _ending_with(message_of_accident(correlation_id))


def of_passed_deadline() -> Status:
    """The answer after the deadline, which no caller waits for any more."""
    words = "the caller's deadline had passed before the work began"
    return _ending_with(_message(grpc.StatusCode.DEADLINE_EXCEEDED, words))


def message_of_refusal(refusal: Refusal) -> StatusMessage:
    """The same as google.rpc.Status, for a refusal that stands among the results of a call."""
    details: list[Message] = [ErrorInfo(reason=refusal.reason, domain=ERROR_DOMAIN, metadata=refusal.metadata)]
    if "retry_after_ms" in refusal.metadata:
        delay = Duration()
        delay.FromMilliseconds(int(refusal.metadata["retry_after_ms"]))
        details.append(RetryInfo(retry_delay=delay))
    return _message(CODES[refusal.kind], refusal.message, *details)


def message_of_accident(correlation_id: str) -> StatusMessage:
    """The same for an unexpected error in one item of several."""
    words = f"{ACCIDENT_WORDS} (request {correlation_id})"
    return _message(grpc.StatusCode.INTERNAL, words, RequestInfo(request_id=correlation_id))


def refusal_of(error: grpc.RpcError) -> Refusal | None:
    """The refusal that a service of ours said by this error, or nothing if the error says none."""
    info, kind = _error_info(error), _KINDS.get(error.code())
    if info is None or kind is None:
        return None
    refusal = Refusal.restore(kind, info.reason, error.details() or "", dict(info.metadata))
    refusal.replayed = is_replayed(error.trailing_metadata())
    return refusal


def refusal_in(message: StatusMessage) -> Refusal | None:
    """The refusal that stands among the results of a call, or nothing if it says none."""
    info, kind = _info_among(message.details), _KINDS_BY_NUMBER.get(message.code)
    if info is None or kind is None:
        return None
    return Refusal.restore(kind, info.reason, message.message, dict(info.metadata))


def is_replayed(trailing_metadata: Any) -> bool:
    """Whether the trailing metadata of a response or an error marks it as a stored one."""
    return any(key == REPLAYED_HEADER and value == "true" for key, value in trailing_metadata or ())


def _message(code: grpc.StatusCode, words: str, *details: Message) -> StatusMessage:
    number: int = code.value[0]
    message = StatusMessage(code=number, message=words)
    for detail in details:
        message.details.add().Pack(detail)
    return message


def _ending_with(message: StatusMessage) -> Status:
    rich = rpc_status.to_status(message)
    return Status(rich.code, rich.details, rich.trailing_metadata)


def _error_info(error: Any) -> ErrorInfo | None:
    try:
        status = rpc_status.from_call(error)
    except ValueError:  # a proxy on the way changed the code or the message
        return None
    return _info_among(status.details) if status else None


def _info_among(details: Iterable[Any]) -> ErrorInfo | None:
    for detail in details:
        info = ErrorInfo()
        if detail.Unpack(info) and info.domain == ERROR_DOMAIN:
            return info
    return None
