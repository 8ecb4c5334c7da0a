"""The worker processes: begun, begun again when one dies or hangs, and ended in order.

Each notes the time in memory that all share, as often as its event loop looks at deadlines: so the main process knows
of one that runs and serves nothing.
"""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Event
from typing import Any, TypeAlias

import structlog

_log = structlog.get_logger()

# How long one who watches sleeps at the most before it looks whether it is time to leave.
WATCH_INTERVAL_S = 0.2
# How long a worker that died soon after it began is waited for before another begins.
RESTART_PAUSE_S = 1.0
# A worker whose event loop has been silent for this long counts as away, and after the second as hanging for good.
SILENT_S = 5.0
HANGING_S = 60.0
# What a worker that drains may take beyond its time before it is killed.
KILL_GRACE_S = 2.0


# A worker is given the socket, the times at which workers were last alive, and its place among them.
Target: TypeAlias = Callable[[socket.socket, Any, int], None]


class WorkerProcesses:
    """`count` processes that each run `target` with the listening socket.

    They are spawned and not forked: a fork would copy locks that gRPC's threads hold.
    """

    def __init__(self, target: Target, listening: socket.socket, count: int) -> None:
        self._target = target
        self._listening = listening
        self._context: SpawnContext = multiprocessing.get_context("spawn")
        self._running: dict[int, SpawnProcess] = {}
        self._beats: Any = self._context.RawArray("d", count)
        self._begins_at = 0.0

    def run(self, leaving: Event) -> None:
        """Keeps all of them running until it is time to leave."""
        while not leaving.is_set():
            for place in range(len(self._beats)):
                self._watch(place)
            wait([each.sentinel for each in self._running.values()], timeout=WATCH_INTERVAL_S)

    def are_serving(self) -> bool:
        """Whether a worker takes connections."""
        return any(time.monotonic() - beat < SILENT_S for beat in self._beats)

    def stop(self, drain_s: float) -> None:
        """Tells them to drain, and kills those that take much longer."""
        for each in self._running.values():
            each.terminate()
        ends_at = time.monotonic() + drain_s + KILL_GRACE_S
        for each in self._running.values():
            each.join(max(0.0, ends_at - time.monotonic()))
            if each.is_alive():
                each.kill()
                each.join()

    def _watch(self, place: int) -> None:
        worker, now = self._running.get(place), time.monotonic()
        if worker is None:
            if now >= self._begins_at:
                self._begin(place)
        elif not worker.is_alive():
            _log.error("worker_died", exit_code=worker.exitcode)
            self._beats[place] = 0.0
            self._begins_at = now + RESTART_PAUSE_S
            del self._running[place]
        elif self._beats[place] and now - self._beats[place] > HANGING_S:
            _log.error("worker_hangs", silent_s=round(now - self._beats[place]))
            worker.kill()

    def _begin(self, place: int) -> None:
        worker = self._context.Process(target=self._target, args=(self._listening, self._beats, place))
        worker.start()
        self._running[place] = worker
