"""How many requests a process works on and how many may wait; whoever comes then is told so at once.

So that accepted work keeps its latency: a till whose socket closes after five seconds is better served by "busy, come
back" than by a place far down a queue.
"""

from __future__ import annotations

import threading

from gateway.refusals import DoorBusy


class Admission:
    """Lets `working_max` requests in at a time and `waiting_max` others wait, none of them longer than `wait_s`."""

    def __init__(self, working_max: int, waiting_max: int, wait_s: float) -> None:
        self._work = threading.BoundedSemaphore(working_max)
        self._room = threading.BoundedSemaphore(working_max + waiting_max)
        self._wait_s = wait_s

    def enter(self) -> None:
        """Takes a place, after a wait if need be; raises DoorBusy where there is none."""
        if not self._room.acquire(blocking=False):
            raise DoorBusy("too many requests at once, come back in a moment")
        if not self._work.acquire(timeout=self._wait_s):
            self._room.release()
            raise DoorBusy("too many requests at once, come back in a moment")

    def leave(self) -> None:
        """Gives the place to the next."""
        self._work.release()
        self._room.release()
