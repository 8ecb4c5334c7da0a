"""The caller of a request, and the correlation id that its log lines share in every process."""

from __future__ import annotations

import dataclasses
from contextvars import ContextVar

CALLER_ID_HEADER = "wafa-caller-id"
REQUEST_ID_HEADER = "x-request-id"
TRACEPARENT_HEADER = "traceparent"
LANGUAGE_HEADER = "accept-language"
REPLAYED_HEADER = "wafa-replayed"

# Of an idempotency key, and for how long it is remembered.
KEY_LENGTH_MAX = 255
KEY_RETENTION_DAYS = 30

# Requests beyond this, and answers beyond that, are refused by gRPC itself; clients and servers agree.
MESSAGE_BYTES_MAX = 4 * 1024 * 1024
# An answer repeats what was asked and says of every line what each rule made of it.
ANSWER_BYTES_MAX = 32 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Call:
    """What travels beside a request, as gRPC metadata.

    `caller_id` scopes idempotency keys: an API key's id at the gateway, a service's own word between services.
    `language` is the BCP 47 tag of the language that texts for people are wanted in, empty for whichever.
    `correlation_id` is the X-Request-Id that the log lines of one request share.
    """

    caller_id: str
    correlation_id: str = ""
    traceparent: str = ""
    language: str = ""

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """The call as gRPC metadata, absent parts left out."""
        pairs = (
            (CALLER_ID_HEADER, self.caller_id),
            (REQUEST_ID_HEADER, self.correlation_id),
            (TRACEPARENT_HEADER, self.traceparent),
            (LANGUAGE_HEADER, self.language),
        )
        return tuple(pair for pair in pairs if pair[1])


# The call that a service works on in this thread; kit.rpc sets it.
call_under_way: ContextVar[Call] = ContextVar("call_under_way")


def caller_id_now() -> str:
    """The caller of the request under way; empty outside of one."""
    call = call_under_way.get(None)
    return "" if call is None else call.caller_id
