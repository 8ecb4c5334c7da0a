"""How far what is remembered may be trusted: invalidations of this gateway, and the stream of `members`.

what happens                                  what was remembered is
a change carried by this gateway              forgotten by all its processes before the change is answered
a change carried elsewhere                    forgotten when its event comes, as a rule within half a second
the stream is quiet because `members` is      confirmed again, or, where `members` cannot say, used for the stale
  away                                          time: who is away changes nothing, and published before it answered
Redis is away, or none is configured          confirmed again after TRUSTED_S
both are away                                 used for the isolated time since it was confirmed, and no longer
"""

from __future__ import annotations

import os
import threading
import time
from typing import Protocol

from gateway.invalidations import InvalidationKind, Invalidations
from gateway.listens import HEARS, invalidation_of
from kit import streams
from kit.events import Event
from kit.following import Coverage, Follower
from kit.workers import Worker

# What a process has heard nothing against is trusted for so long after it was last known to be true. With the time of
# one relay's round this stays below two seconds.
TRUSTED_S = 1.8
# One thread confirms it from here on, while the others go on with what is remembered. A look-up has a second.
CONFIRMED_AGAIN_AFTER_S = 0.8

FOLLOW_INTERVAL_S = 0.2
ANSWER_TIMEOUT_S = 1.0


class Listener(Protocol):
    """What forgets: a memory."""

    def forget_owner(self, owner: str) -> None:
        """Forgets every value of the owner."""

    def forget_all(self) -> None:
        """Forgets everything."""


class Trust:
    """What the memories of one process ask before they use what they remember. Safe for threads."""

    def __init__(self, redis_url: str, invalidations_file: str = "") -> None:
        self._redis_url = redis_url
        self._listeners: list[tuple[InvalidationKind, Listener]] = []
        self._invalidations = Invalidations(self._forget, self._forget_all, invalidations_file)
        self._starting = threading.Lock()
        self._pid = 0
        self._follower: Follower | None = None
        self._worker: Worker | None = None

    def tell(self, kind: InvalidationKind, listener: Listener) -> None:
        """From now on the listener forgets what has changed of this kind."""
        self._listeners.append((kind, listener))

    def catch_up(self) -> None:
        """Forgets what other processes of this gateway have announced. Follows the stream from the first call on."""
        if self._pid != os.getpid():
            self._start()
        self._invalidations.catch_up()

    def announce(self, kind: InvalidationKind, owner_id: str) -> None:
        """Tells every process of this gateway that the owner has changed."""
        self._invalidations.announce(kind, owner_id)

    def seen_until(self, confirmed_at: float) -> float:
        """Until when what was confirmed then is known to have stayed so; seconds of `time.monotonic`."""
        return self._coverage().seen_until(confirmed_at)

    def hears_of_changes_since(self, confirmed_at: float) -> bool:
        """Whether whatever was published since then has reached this process, also while `members` is away."""
        coverage = self._coverage()
        return coverage.covers(confirmed_at) and time.monotonic() - coverage.heard_at < TRUSTED_S

    def close(self) -> None:
        """Ends the thread that follows, if there is one."""
        if self._worker is not None and self._pid == os.getpid():
            self._worker.stop()

    def _coverage(self) -> Coverage:
        return self._follower.coverage if self._follower is not None else Coverage()

    def _start(self) -> None:
        """Starts to follow, in the process that uses it: threads do not survive a fork."""
        with self._starting:
            if self._pid == os.getpid():
                return
            if self._redis_url:
                client = streams.connect(self._redis_url, answer_timeout_s=ANSWER_TIMEOUT_S)
                self._follower = Follower(client, HEARS.stream, self._on_event)
                self._worker = Worker("gateway-follow", self._follower.follow_once, interval_s=FOLLOW_INTERVAL_S)
                self._worker.start()
            self._pid = os.getpid()

    def _on_event(self, event: Event) -> None:
        kind = invalidation_of(event)
        if kind is not None:
            self._forget(kind, str(event.aggregate_id))

    def _forget(self, kind: InvalidationKind, owner_id: str) -> None:
        for wanted, listener in self._listeners:
            if wanted is kind:
                listener.forget_owner(owner_id)

    def _forget_all(self) -> None:
        for _, listener in self._listeners:
            listener.forget_all()
