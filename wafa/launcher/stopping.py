"""The request to stop, as signals bring it."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from wafa.launcher.errors import StopAsked

# SIGHUP comes when the terminal is closed.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Set once by the first signal, and hurried by the second: what has not ended by then is killed.

    A flag and not an exception out of the signal handler, so that nothing is ever left half started or half stopped.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._hurried = threading.Event()

    @property
    def asked(self) -> bool:
        """Whether to stop."""
        return self._asked.is_set()

    @property
    def hurried(self) -> bool:
        """Whether to stop without patience."""
        return self._hurried.is_set()

    def ask(self) -> None:
        """Asks, and asks more urgently the second time."""
        if self._asked.is_set():
            self._hurried.set()
        self._asked.set()

    def wait(self, seconds: float) -> bool:
        """Waits so long, or until asked to stop; says whether asked."""
        return self._asked.wait(seconds)

    def check(self) -> None:
        """Raises StopAsked once asked."""
        if self._asked.is_set():
            raise StopAsked

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        """Listens to signals while the block runs. For the main thread."""

        def heed(number: int, frame: FrameType | None) -> None:
            self.ask()

        before = {number: signal.signal(number, heed) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
