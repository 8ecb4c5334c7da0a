"""Short memories of what a service told: fresh ones spare a call, stale ones serve while the service is away."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from kit.client import ServiceFailed
from kit.errors import Kind, Refusal

Value = TypeVar("Value")

# While the service is away, each key costs one attempt in this time, not one with every request.
AWAY_PAUSE_S = 5.0

_AWAY_KINDS = frozenset({Kind.UNAVAILABLE, Kind.EXHAUSTED, Kind.ABORTED})


@dataclasses.dataclass
class _Entry(Generic[Value]):
    value: Value
    fresh_until: float
    stale_until: float


class Memory(Generic[Value]):
    """Remembers values by key, the least recently used forgotten first. Safe for threads.

    A refusal is never remembered, and one that is an answer, such as "revoked", drops what was known before.
    """

    def __init__(
        self, *, fresh_s: float, stale_s: float, size_max: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._fresh_s = fresh_s
        self._stale_s = stale_s
        self._size_max = size_max
        self._now = now
        self._lock = threading.Lock()
        self._entries: OrderedDict[bytes, _Entry[Value]] = OrderedDict()

    def get(self, key: bytes, ask: Callable[[], Value]) -> Value:
        """What is remembered under `key`, or what `ask` answers; raises its refusal where nothing helps."""
        entry = self._find(key)
        if entry is not None and self._now() < entry.fresh_until:
            return entry.value
        try:
            value = ask()
        except (Refusal, ServiceFailed) as no:
            if not _is_away(no):
                self._forget(key)
                raise
            if entry is None or self._now() >= entry.stale_until:
                raise
            entry.fresh_until = min(entry.stale_until, self._now() + AWAY_PAUSE_S)
            return entry.value
        self._remember(key, value)
        return value

    def peek(self, key: bytes) -> Value | None:
        """What is remembered under `key` and may still be told while the service is away; nobody is asked."""
        entry = self._find(key)
        return entry.value if entry is not None and self._now() < entry.stale_until else None

    def _find(self, key: bytes) -> _Entry[Value] | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def _remember(self, key: bytes, value: Value) -> None:
        now = self._now()
        with self._lock:
            self._entries[key] = _Entry(value, now + self._fresh_s, now + self._stale_s)
            self._entries.move_to_end(key)
            while len(self._entries) > self._size_max:
                self._entries.popitem(last=False)

    def _forget(self, key: bytes) -> None:
        with self._lock:
            self._entries.pop(key, None)


def _is_away(no: Refusal | ServiceFailed) -> bool:
    """Whether the no says nothing of the key, only that nobody could say."""
    return isinstance(no, ServiceFailed) or no.kind in _AWAY_KINDS
