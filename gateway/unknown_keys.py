"""API keys that `members` does not know, or no longer: remembered for a moment, so that repeating one costs no call."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from kit.errors import Refusal, Unauthenticated

# No longer than a new key may take to be known everywhere, so that even a lost event lets it in within that time.
REMEMBERED_S = 1.8
SIZE_MAX = 10_000


class UnknownKeys:
    """Refusals by the hash of the key, the oldest forgotten first. Safe for threads."""

    def __init__(self, *, size_max: int = SIZE_MAX, now: Callable[[], float] = time.monotonic) -> None:
        self._size_max = size_max
        self._now = now
        self._lock = threading.Lock()
        self._refusals: OrderedDict[bytes, tuple[Unauthenticated, float]] = OrderedDict()
        self._invalidations = 0

    @property
    def invalidations(self) -> int:
        """How often everything was forgotten; to be read before a key is looked up."""
        return self._invalidations

    def expect_none(self, key_hash: bytes) -> None:
        """Raises the refusal that is remembered of the key."""
        with self._lock:
            found = self._refusals.get(key_hash)
            if found is None:
                return
            refusal, until = found
            if self._now() >= until:
                del self._refusals[key_hash]
                return
        raise Refusal.restore(refusal.kind, refusal.reason, refusal.message, refusal.metadata)

    def remember(self, key_hash: bytes, refusal: Unauthenticated, *, began: float, invalidations: int) -> None:
        """Notes what was said of a key that was looked up from `began` on; not where keys have changed meanwhile."""
        with self._lock:
            if invalidations != self._invalidations:
                return
            self._refusals[key_hash] = (refusal, began + REMEMBERED_S)
            self._refusals.move_to_end(key_hash)
            while len(self._refusals) > self._size_max:
                self._refusals.popitem(last=False)

    def forget_owner(self, _owner: str) -> None:
        """A key was made or revoked: any may be known now."""
        self.forget_all()

    def forget_all(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._invalidations += 1
            self._refusals.clear()
