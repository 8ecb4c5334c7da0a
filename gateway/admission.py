"""How many requests a process works on and how many may wait; one that comes then is refused at once.

So that accepted work keeps its latency: a till whose socket closes after five seconds is better served by "busy, come
back" than by a place far down a queue. Requests that need the same services share a lane, with places of its own: a
service that hangs fills its lane, and no other.
"""

from __future__ import annotations

import threading
from types import MappingProxyType

from gateway.refusals import DoorBusy

# What is answered without any service: wrong paths, documents.
OWN_LANE = "gateway"

_LANE_OF_BLUEPRINT = {"members": "members", "keys": "members", "points": "points", "rewards": "rewards"}

# `rewards` asks `points` on their way.
_LANE_OF_ROUTE = MappingProxyType(
    {
        "rewards.redeem": "redemptions",
        "rewards.get_redemption": "redemptions",
        "rewards.cancel_redemption": "redemptions",
        "rewards.list_rewards_for_member": "redemptions",
    }
)

LANES = (OWN_LANE, *sorted({*_LANE_OF_BLUEPRINT.values(), *_LANE_OF_ROUTE.values()}))

# Of those who wait, as many may wait in one lane.
WAITING_IN_LANE_PERCENT = 75


def lane_of(endpoint: str | None) -> str:
    """The lane of the requests on a route; Flask's endpoint is its blueprint and function."""
    name = endpoint or ""
    return _LANE_OF_ROUTE.get(name) or _LANE_OF_BLUEPRINT.get(name.partition(".")[0], OWN_LANE)


def threads_max(working_max: int, waiting_max: int) -> int:
    """How many requests may be inside at the same time, working or waiting, in all lanes together."""
    return len(LANES) * working_max + waiting_max


class Admission:
    """Lets `working_max` requests of each lane in at a time.

    `waiting_max` others may wait in all, three quarters of them in one lane, and none of them longer than `wait_s`.
    """

    def __init__(self, working_max: int, waiting_max: int, wait_s: float) -> None:
        waiting_in_lane = max(1, waiting_max * WAITING_IN_LANE_PERCENT // 100) if waiting_max else 0
        self._work = {lane: threading.BoundedSemaphore(working_max) for lane in LANES}
        self._room = {lane: threading.BoundedSemaphore(working_max + waiting_in_lane) for lane in LANES}
        self._waiting = threading.BoundedSemaphore(waiting_max) if waiting_max else None
        self._wait_s = wait_s

    def enter(self, lane: str) -> None:
        """Takes a place in the lane, after a wait if need be; raises DoorBusy where there is none."""
        if not self._room[lane].acquire(blocking=False):
            raise _busy()
        if not self._work[lane].acquire(blocking=False) and not self._wait(lane):
            self._room[lane].release()
            raise _busy()

    def leave(self, lane: str) -> None:
        """Gives the place to the next."""
        self._work[lane].release()
        self._room[lane].release()

    def _wait(self, lane: str) -> bool:
        """Waits for a place to work in; whether there is one."""
        if self._waiting is None or not self._waiting.acquire(blocking=False):
            return False
        try:
            return self._work[lane].acquire(timeout=self._wait_s)
        finally:
            self._waiting.release()


def _busy() -> DoorBusy:
    return DoorBusy("too many requests at once, come back in a moment")
