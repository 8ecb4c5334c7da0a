"""Keeps a service that hangs from taking its callers with it: so many places for calls to it, and a circuit breaker.

    closed ── answers overdue, or failures in a row ──▶ open ── any answer, as that to a probe ──▶ closed

While the circuit is open, calls fail at once and the service is not called. An answer is anything that the service
itself returned, refusals included; a time-out and a lost connection are none. Each process has a circuit of its own for
each service, and no circuit counts a call as done that may have been: what fails here was never sent.
"""

from __future__ import annotations

import dataclasses
import itertools
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
import structlog

from kit import status
from kit.client import ServiceBusy, ServiceUnavailable

_log = structlog.get_logger()

Stub = TypeVar("Stub")

# Of the callers' threads, as many as calls to one service may hold; the others stay for what needs it not.
PLACES_PERCENT = 75

# What the service did not answer, though the connection may be there.
_NO_ANSWER = frozenset({grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})


@dataclasses.dataclass(frozen=True)
class CircuitBounds:
    """When a service counts as hung, and how much of the caller it may hold. Times are milliseconds."""

    # Calls under way at the same time; others wait for a place while the service answers.
    places_max: int = 12
    # Nothing at all has been answered for so long, though calls are overdue.
    silence_ms: int = 1_000
    # So many calls must be overdue, or must have failed one after the other.
    failures_max: int = 4
    # While the circuit is open, one call in this time is let through.
    probe_interval_ms: int = 500

    @property
    def overdue_min(self) -> int:
        """How many calls must be overdue; no more than there are places."""
        return min(self.failures_max, self.places_max)


def places_of(threads: int) -> int:
    """The places for calls to one service, of a process that has so many threads."""
    return max(1, threads * PLACES_PERCENT // 100)


class Circuit:
    """The circuit to one service. Safe for threads."""

    def __init__(self, bounds: CircuitBounds, now: Callable[[], float] = time.monotonic, *, service: str = "") -> None:
        self._bounds = bounds
        self._service = service
        self._now = now
        self._places = threading.Condition()
        self._numbers = itertools.count()
        # By call, since when its answer is overdue.
        self._overdue_from: dict[int, float] = {}
        self._answered_at = now()
        self._failures = 0
        self._open = False
        self._probe_from = 0.0

    @property
    def is_open(self) -> bool:
        """Whether calls fail at once."""
        return self._open

    def enter(self, timeout_s: float) -> int:
        """Takes a place for a call that may take so long; gives its number.

        Raises ServiceUnavailable when the circuit is open, ServiceBusy when no place came free in a part of the time.
        """
        with self._places:
            began = self._now()
            self._expect_closed(began)
            while len(self._overdue_from) >= self._bounds.places_max:
                self._wait_for_place(began, timeout_s)
            number = next(self._numbers)
            now = self._now()
            self._overdue_from[number] = now + max(self._bounds.silence_ms / 1_000, timeout_s / 2)
            return number

    def leave(self, number: int, *, answered: bool) -> None:
        """Gives the place back and notes whether the service has answered."""
        with self._places:
            del self._overdue_from[number]
            if answered:
                self._answered_at = self._now()
                self._failures = 0
                if self._open:
                    self._open = False
                    _log.info("circuit_closed", called=self._service)
            else:
                self._failures += 1
                if self._failures >= self._bounds.failures_max:
                    self._break(self._now())
            self._places.notify()

    def _expect_closed(self, now: float) -> None:
        if not self._open and self._hangs(now):
            self._break(now)
        if not self._open:
            return
        if now < self._probe_from:
            raise ServiceUnavailable(
                "a service has not answered lately and is not called for a moment; nothing was done, try again",
                retry_after_ms=self._bounds.probe_interval_ms,
            )
        self._probe_from = now + self._bounds.probe_interval_ms / 1_000

    def _hangs(self, now: float) -> bool:
        if now - self._answered_at < self._bounds.silence_ms / 1_000:
            return False
        overdue = sum(now >= since for since in self._overdue_from.values())
        return overdue >= self._bounds.overdue_min

    def _break(self, now: float) -> None:
        if not self._open:
            self._open = True
            _log.warning("circuit_opened", called=self._service, under_way=len(self._overdue_from))
            self._probe_from = now + self._bounds.probe_interval_ms / 1_000
            self._places.notify_all()

    def _wait_for_place(self, began: float, timeout_s: float) -> None:
        """Waits while the service answers others: it then is only busy."""
        patience_s = max(self._bounds.silence_ms / 2_000, timeout_s / 7)
        now = self._now()
        left_s = min(max(began, self._answered_at) + patience_s, began + timeout_s / 2) - now
        if self._open or left_s <= 0 or not self._places.wait(left_s):
            raise ServiceBusy("too many calls to one service at once, come back in a moment")


def guarded(stub: Stub, circuit: Circuit) -> Stub:
    """The same generated stub, each of whose methods goes through the circuit."""
    for name, method in vars(stub).items():
        setattr(stub, name, _Guarded(method, circuit))
    return stub


class _Guarded:
    """A method of a stub behind a circuit; called as `kit.client.invoke` does."""

    def __init__(self, method: Any, circuit: Circuit) -> None:
        self._method = method
        self._circuit = circuit

    def with_call(self, request: Any, *, timeout: float, metadata: Any = None) -> Any:
        """Calls the method; what the wait for a place took is taken off its deadline."""
        began = time.monotonic()
        number = self._circuit.enter(timeout)
        answered = False
        try:
            left_s = timeout - (time.monotonic() - began)
            answer = self._method.with_call(request, timeout=left_s, metadata=metadata)
            answered = True
        except grpc.RpcError as error:
            answered = _is_answer(error)
            raise
        finally:
            self._circuit.leave(number, answered=answered)
        return answer


def _is_answer(error: grpc.RpcError) -> bool:
    return error.code() not in _NO_ANSWER or status.refusal_of(error) is not None
