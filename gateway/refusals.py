"""How the gateway itself says no, before any service is asked.

Refusal
 ├── Invalid
 │    └── Malformed               INVALID_FIELD, one entry per field
 ├── UnreadableRequest            MALFORMED_JSON, MALFORMED_YAML, IDEMPOTENCY_KEY_MISSING, …
 ├── Unauthenticated
 │    ├── ApiKeyMissing
 │    └── ApiKeyMalformed
 ├── Forbidden
 │    └── RoleNotAllowed
 ├── NotFound
 │    └── RouteNotFound
 ├── Precondition
 │    ├── PreconditionRequired
 │    ├── VersionMismatch
 │    └── RedemptionCancelled     the reason is the redemption's own
 └── Exhausted
      ├── GatewayOverloaded
      ├── TooManyConnections
      └── RateLimited
"""

from __future__ import annotations

import dataclasses

from kit.errors import Exhausted, Forbidden, Kind, NotFound, Precondition, Refusal, Unauthenticated


@dataclasses.dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one field; `field` is its path, as in `lines[2].sku`."""

    field: str
    problem: str


class Malformed(Refusal):
    """Fields of the request are missing, unknown or out of bounds; `problems` names each."""

    kind = Kind.INVALID
    reason = "INVALID_FIELD"

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__("; ".join(f"{each.field}: {each.problem}" for each in problems) or "the request is malformed")
        self.problems = problems


class UnreadableRequest(Refusal):
    """The request cannot be understood as HTTP with JSON; each subclass says in what."""

    kind = Kind.INVALID


class BadRequest(UnreadableRequest):
    """The request breaks HTTP itself."""

    reason = "BAD_REQUEST"


class MalformedJson(UnreadableRequest):
    """The body is not JSON, goes too deep, or has a field twice in one object."""

    reason = "MALFORMED_JSON"


class MalformedYaml(UnreadableRequest):
    """The body is not YAML, or holds more than JSON could say: anchors, aliases, tags, a field twice, many levels."""

    reason = "MALFORMED_YAML"


class IdempotencyKeyMissing(UnreadableRequest):
    """A write came without `Idempotency-Key`."""

    reason = "IDEMPOTENCY_KEY_MISSING"


class IdempotencyKeyInvalid(UnreadableRequest):
    """The key is longer than 255 characters or holds others than visible ASCII."""

    reason = "IDEMPOTENCY_KEY_INVALID"


class IfMatchInvalid(UnreadableRequest):
    """`If-Match` holds something else than one entity tag or `*`."""

    reason = "IF_MATCH_INVALID"


class BodyTooLarge(UnreadableRequest):
    """The body is longer than the gateway accepts."""

    reason = "BODY_TOO_LARGE"


class HeadTooLarge(UnreadableRequest):
    """The head of the request, its target and headers, is longer than the gateway lets in; the connection ends."""

    reason = "HEAD_TOO_LARGE"


class RequestTooSlow(UnreadableRequest):
    """The head or the body did not arrive in time, or the body too slowly; the connection ends."""

    reason = "REQUEST_TOO_SLOW"


class UnsupportedMediaType(UnreadableRequest):
    """The body is not declared as plain `application/json`, or `application/yaml` where a document may be."""

    reason = "UNSUPPORTED_MEDIA_TYPE"


class MethodNotAllowed(UnreadableRequest):
    """The path exists, the method on it does not; `Allow` names those that do."""

    reason = "METHOD_NOT_ALLOWED"


class ApiKeyMissing(Unauthenticated):
    """No `Authorization: Bearer …` came with the request."""

    reason = "API_KEY_MISSING"


class ApiKeyMalformed(Unauthenticated):
    """What came is no key of this suite: its checksum does not fit."""

    reason = "API_KEY_MALFORMED"


class RoleNotAllowed(Forbidden):
    """Keys of this role may not do this."""

    reason = "ROLE_NOT_ALLOWED"


class RouteNotFound(NotFound):
    """There is nothing at this path."""

    reason = "ROUTE_NOT_FOUND"


class PreconditionRequired(Precondition):
    """An edit came without `If-Match`; a lost update would go unnoticed."""

    reason = "PRECONDITION_REQUIRED"


class VersionMismatch(Precondition):
    """`If-Match` names a version that this suite cannot have given."""

    reason = "VERSION_MISMATCH"


class RedemptionCancelled(Precondition):
    """The redemption is cancelled; the reason is its `cancel_reason`, and points and stock are back."""

    reason = "REDEMPTION_CANCELLED"


class GatewayOverloaded(Exhausted):
    """This process has as many requests as it can take; this one was not begun."""

    reason = "GATEWAY_OVERLOADED"


class TooManyConnections(Exhausted):
    """This address has as many connections as it may, each with a request under way; this one was closed."""

    reason = "TOO_MANY_CONNECTIONS"


class RateLimited(Exhausted):
    """This caller, or this address, has made more requests or look-ups than it may for now."""

    reason = "RATE_LIMITED"
