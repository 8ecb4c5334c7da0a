"""Short memories of what a service answered: fresh ones spare a call, stale ones serve while the service is away."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from gateway.trust import CONFIRMED_AGAIN_AFTER_S, TRUSTED_S
from kit.client import ServiceFailed
from kit.errors import Kind, Refusal

Value = TypeVar("Value")

# While the service is away, each key costs one attempt in this time, not one with every request.
AWAY_PAUSE_S = 5.0

_AWAY_KINDS = frozenset({Kind.UNAVAILABLE, Kind.EXHAUSTED, Kind.ABORTED})


class Watch(Protocol):
    """What tells how far a memory may be trusted: `gateway.trust.Trust`."""

    def catch_up(self) -> None:
        """Makes the memory forget what other processes have announced."""

    def seen_until(self, confirmed_at: float) -> float:
        """Until when what was confirmed then is known to have stayed so."""
        ...

    def hears_of_changes_since(self, confirmed_at: float) -> bool:
        """Whether every change since then that was published has reached this process."""
        ...


@dataclasses.dataclass(frozen=True)
class Freshness:
    """How long what is remembered may be used, in seconds since the service confirmed it."""

    # Without asking again.
    fresh_s: float
    # While the service is away.
    stale_s: float
    # While the service is away and changes cannot be heard of either.
    isolated_s: float


@dataclasses.dataclass
class _Entry(Generic[Value]):
    value: Value
    confirmed_at: float
    # The service was away a moment ago.
    paused_until: float = 0.0
    # A thread is asking for it anew.
    is_asked_for: bool = False


class Cache(Generic[Value]):
    """Remembers values by key, the least recently used forgotten first. Safe for threads.

    A refusal is never remembered, and one that is an answer, such as "revoked", drops what was known before. All values
    of one owner can be forgotten at once; an answer that was on its way meanwhile is used and not remembered.
    """

    def __init__(
        self,
        freshness: Freshness,
        *,
        owner_of: Callable[[Value], str],
        watch: Watch,
        size_max: int,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._freshness = freshness
        self._owner_of = owner_of
        self._watch = watch
        self._size_max = size_max
        self._now = now
        self._lock = threading.Lock()
        self._entries: OrderedDict[bytes, _Entry[Value]] = OrderedDict()
        self._keys_by_owner: dict[str, set[bytes]] = {}
        self._invalidations = 0

    def get(self, key: bytes, ask: Callable[[], Value]) -> Value:
        """What is remembered under `key`, or what `ask` answers; raises its refusal where nothing helps."""
        self._watch.catch_up()
        invalidations = self._invalidations
        entry = self._find(key)
        if entry is not None and self._may_be_used(entry):
            return entry.value
        began = self._now()
        try:
            value = ask()
        except (Refusal, ServiceFailed) as no:
            return self._after(no, key)
        finally:
            if entry is not None:
                entry.is_asked_for = False
        self._watch.catch_up()
        self._remember(key, _Entry(value, began), invalidations)
        return value

    def peek(self, key: bytes) -> Value | None:
        """What is remembered under `key` and may be used while the service is away; the service is not called."""
        self._watch.catch_up()
        entry = self._find(key)
        return entry.value if entry is not None and self._serves_while_away(entry) else None

    def forget_owner(self, owner: str) -> None:
        """Forgets every value of the owner."""
        with self._lock:
            self._invalidations += 1
            for key in self._keys_by_owner.pop(owner, ()):
                del self._entries[key]

    def forget_all(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._invalidations += 1
            self._entries.clear()
            self._keys_by_owner.clear()

    def _may_be_used(self, entry: _Entry[Value]) -> bool:
        """Whether the value may be used as it is. Where not, the caller is the one to ask for it anew."""
        now = self._now()
        seen_until = self._watch.seen_until(entry.confirmed_at)
        if now < min(entry.confirmed_at + self._freshness.fresh_s, seen_until + CONFIRMED_AGAIN_AFTER_S):
            return True
        if now < entry.paused_until and self._serves_while_away(entry):
            return True
        with self._lock:
            if entry.is_asked_for and now < seen_until + TRUSTED_S:
                return True
            entry.is_asked_for = True
            return False

    def _serves_while_away(self, entry: _Entry[Value]) -> bool:
        hears = self._watch.hears_of_changes_since(entry.confirmed_at)
        limit_s = self._freshness.stale_s if hears else min(self._freshness.stale_s, self._freshness.isolated_s)
        return self._now() < entry.confirmed_at + limit_s

    def _after(self, no: Refusal | ServiceFailed, key: bytes) -> Value:
        """What serves after the service said no, or could not be asked; raises the no where nothing does."""
        if not _is_away(no):
            self._forget(key)
            raise no
        self._watch.catch_up()
        # Looked up again: it may have been invalidated meanwhile.
        entry = self._find(key)
        if entry is None or not self._serves_while_away(entry):
            raise no
        entry.paused_until = self._now() + AWAY_PAUSE_S
        return entry.value

    def _find(self, key: bytes) -> _Entry[Value] | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def _remember(self, key: bytes, entry: _Entry[Value], invalidations: int) -> None:
        with self._lock:
            self._drop(key)
            # What was invalidated while the answer was on its way may be what the answer says.
            if invalidations != self._invalidations:
                return
            self._entries[key] = entry
            self._keys_by_owner.setdefault(self._owner_of(entry.value), set()).add(key)
            while len(self._entries) > self._size_max:
                self._drop(next(iter(self._entries)))

    def _forget(self, key: bytes) -> None:
        with self._lock:
            self._drop(key)

    def _drop(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        owner = self._owner_of(entry.value)
        keys = self._keys_by_owner[owner]
        keys.discard(key)
        if not keys:
            del self._keys_by_owner[owner]


def _is_away(no: Refusal | ServiceFailed) -> bool:
    """Whether the no says nothing of the key, only that nobody could say."""
    return isinstance(no, ServiceFailed) or no.kind in _AWAY_KINDS
