"""An embedded server under supervision: started again like any process, ended by its own keeper after all else."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future, wait
from typing import Protocol

from wafa.backends import BackendError, PostgresServer
from wafa.backends.postgres import START_TIMEOUT_SECONDS
from wafa.launcher.errors import LauncherError
from wafa.launcher.stopping import Stop

END_POLL_S = 0.1


class EmbeddedServer(Protocol):
    """A PostgreSQL or a Valkey, as `wafa.backends` makes them."""

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        ...

    def start(self) -> None:
        """Starts it and returns when it answers. Raises BackendError."""
        ...


class Embedded:
    """A server of `Backends` for the supervisor.

    A start may wait long: for the sessions of a killed server, or for the replay of its log. It happens in a thread of
    the server's own, which lives as long as the launcher, because the server dies with the thread that started it.
    """

    ready_within_s = START_TIMEOUT_SECONDS

    def __init__(self, server: EmbeddedServer, name: str = "") -> None:
        self._server = server
        self.name = name or ("PostgreSQL" if isinstance(server, PostgresServer) else "Valkey")
        self._start: Future[None] | None = None
        self._starts: queue.SimpleQueue[Future[None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._keep, name=f"{self.name}-keeper", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the server runs or is being started."""
        return self._server.alive or (self._start is not None and not self._start.done())

    def start(self, stop: Stop) -> None:
        """Starts the server on its data and waits until it answers."""
        self.spawn()
        assert self._start is not None  # noqa: S101 - for mypy: `spawn` has set it
        self._start.result()

    def spawn(self) -> None:
        """Begins to start the server again on its data."""
        if self._thread.ident is None:
            self._thread.start()
        self._start = Future()
        self._starts.put(self._start)

    def is_ready(self) -> bool:
        """Whether the latest start is over; raises LauncherError when it failed."""
        if self._start is None or not self._start.done():
            return False
        self._start.result()
        return True

    def kill(self) -> None:
        """Does nothing: `Backends` has limits of its own that end a start that takes too long."""

    def end(self, stop: Stop) -> bool:
        """Waits for a start under way, so that `Backends` finds what it has to stop and stops it."""
        while self._start is not None and not self._start.done() and not stop.hurried:
            wait([self._start], timeout=END_POLL_S)
        return True

    def ending(self) -> str:
        """That it ended is all that is known."""
        return "has ended"

    def last_lines(self) -> tuple[str, ...]:
        """Nothing; what it said stands in its own log."""
        return ()

    def _keep(self) -> None:
        while True:
            start = self._starts.get()
            try:
                self._server.start()
            except BackendError as error:
                start.set_exception(LauncherError(str(error)))
            except Exception as error:
                start.set_exception(LauncherError(f"{self.name} could not be started: {error}"))
            else:
                start.set_result(None)
