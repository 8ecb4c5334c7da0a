"""Threads beside the requests: named, started and joined by the composition root, each with a health signal."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import structlog

_log = structlog.get_logger()

# After a failed round a worker waits twice as long as before, up to this, so that a dead neighbour is not hammered.
BACKOFF_S_MAX = 10.0


class Worker:
    """Calls `work` again and again until stopped.

    `work` does one bounded round and says whether there may be more to do at once. An exception is logged and the round
    is repeated after a growing pause. `healthy` says whether the last round ended well. Should the thread end all the
    same, `alive` says so, and `revive` starts another. `wake` ends the wait of a round that waits for work by itself,
    so that stopping need not sit it out.
    """

    def __init__(
        self, name: str, work: Callable[[], bool], *, interval_s: float, wake: Callable[[], None] = lambda: None
    ) -> None:
        self.name = name
        self._work = work
        self._wake = wake
        self._interval_s = interval_s
        self._stopping = threading.Event()
        self._nudged = threading.Event()
        self._thread = self._new_thread()
        self.healthy = True

    @property
    def alive(self) -> bool:
        """Whether the thread runs, or is not meant to."""
        return self._thread.is_alive() or self._thread.ident is None or self._stopping.is_set()

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def revive(self) -> None:
        """Starts another thread where the worker's has died."""
        if not self.alive:
            _log.error("worker_died", worker=self.name)
            self._thread = self._new_thread()
            self._thread.start()

    def nudge(self) -> None:
        """Ends the present pause: there is work."""
        self._nudged.set()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Lets the present round finish and joins the thread."""
        self._stopping.set()
        self._nudged.set()
        self._wake()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _new_thread(self) -> threading.Thread:
        return threading.Thread(target=self._run, name=self.name, daemon=True)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                more = self._work()
                failures, self.healthy = 0, True
            except Exception:
                failures, self.healthy, more = failures + 1, False, False
                _log.exception("worker_round_failed", worker=self.name, failures=failures)
            if not more:
                self._pause(failures)

    def _pause(self, failures: int) -> None:
        pause_s = self._interval_s if failures == 0 else min(BACKOFF_S_MAX, self._interval_s * 2**failures)
        self._nudged.wait(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads instances, guards nothing
        self._nudged.clear()
