"""How a service says no.

    Refusal
     ├── Invalid            the request is malformed; metadata names the field
     ├── Unauthenticated    the caller is not known
     ├── Forbidden          the caller may not
     ├── NotFound           the thing is not there
     ├── Conflict           the thing is there already, or differently
     ├── Precondition       the thing is not in a state for this
     ├── Exhausted          a bound is reached; come back after `retry_after_ms`
     ├── Aborted            others were faster; try again
     └── Unavailable        something that is needed is away; try again

A service's `domain/errors.py` subclasses these, a class a reason. The kinds become gRPC codes once, in `kit/status.py`,
and HTTP statuses once, in `gateway/errors.py`.
"""

from __future__ import annotations

import enum
from typing import ClassVar


class Kind(enum.Enum):
    """What sort of no it is: decides codes, and whether the same request may succeed later."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    PRECONDITION = "precondition"
    EXHAUSTED = "exhausted"
    ABORTED = "aborted"
    UNAVAILABLE = "unavailable"


# Refusals of these kinds are outcomes: they are stored and replayed like answers, so that a retry never flips one.
# The others say nothing of the business (a typing error, a missing right, a busy minute) and are judged anew each time.
_FINAL_KINDS = frozenset({Kind.NOT_FOUND, Kind.CONFLICT, Kind.PRECONDITION})


class Refusal(Exception):
    """A request that a service will not carry out, for a reason the caller can act on.

    `reason` is an UPPER_SNAKE word, listed in docs/reference/errors.md. Every number in the message stands in the
    metadata too. Callers read the message: no personal data, nothing about internal failures. `replayed` is true
    for one that was answered to an earlier call with the same idempotency key, and is answered again.
    """

    kind: Kind
    reason: str
    replayed: bool = False

    def __init__(self, message: str, **metadata: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.metadata: dict[str, str] = {name: str(value) for name, value in metadata.items()}

    @property
    def is_final(self) -> bool:
        """Whether the same request can only get the same answer again."""
        return self.kind in _FINAL_KINDS

    @staticmethod
    def restore(kind: Kind, reason: str, message: str, metadata: dict[str, str]) -> Refusal:
        """Makes the refusal again that another process said or an earlier call stored.

        It is of its kind's class, so that `except Unavailable` finds it; the reason distinguishes it from its siblings.
        """
        kind_class = _CLASSES[kind]
        refusal = kind_class.__new__(kind_class)
        # The kinds' own constructors would word the message anew; what was said is kept as it was.
        Refusal.__init__(refusal, message, **metadata)
        refusal.reason = reason
        return refusal


class Invalid(Refusal):
    """The request is malformed. `field` is its path in the request, as in `sale.lines[2].quantity_milli`."""

    kind = Kind.INVALID
    reason = "INVALID_FIELD"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}", field=field)

    @property
    def field(self) -> str:
        """The path of the malformed field."""
        return self.metadata.get("field", "")

    @property
    def problem(self) -> str:
        """What is wrong with the field."""
        return self.message.removeprefix(f"{self.field}: ")

    def within(self, path: str) -> Invalid:
        """The same where the field's path begins elsewhere."""
        return Invalid(f"{path}.{self.field}", self.problem)


class Unauthenticated(Refusal):
    """The caller is not known."""

    kind = Kind.UNAUTHENTICATED


class Forbidden(Refusal):
    """The caller is known and may not."""

    kind = Kind.FORBIDDEN


class NotFound(Refusal):
    """The thing is not there, or not for this program."""

    kind = Kind.NOT_FOUND


class Conflict(Refusal):
    """The thing is there already, or differently."""

    kind = Kind.CONFLICT


class Precondition(Refusal):
    """The thing is not in a state for this."""

    kind = Kind.PRECONDITION


class Exhausted(Refusal):
    """A bound is reached. Nothing was done; `retry_after_ms` says when another try is welcome."""

    kind = Kind.EXHAUSTED
    RETRY_AFTER_MS: ClassVar[int] = 1_000

    def __init__(self, message: str, *, retry_after_ms: int = RETRY_AFTER_MS, **metadata: str | int) -> None:
        super().__init__(message, retry_after_ms=retry_after_ms, **metadata)


class Aborted(Refusal):
    """Others were faster. Nothing was done; the same request may be tried again."""

    kind = Kind.ABORTED


class Unavailable(Refusal):
    """Something that is needed is away. Nothing was decided; the same request may be tried again."""

    kind = Kind.UNAVAILABLE


_CLASSES: dict[Kind, type[Refusal]] = {
    each.kind: each
    for each in (
        Invalid,
        Unauthenticated,
        Forbidden,
        NotFound,
        Conflict,
        Precondition,
        Exhausted,
        Aborted,
        Unavailable,
    )
}
