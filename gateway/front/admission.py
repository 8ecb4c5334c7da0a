"""How many requests a process works on and how many may wait, by bulkhead; one that comes then is refused at once.

So that accepted work keeps its latency: a till whose socket closes after five seconds is better served by "busy, come
back" than by a place far down a queue. The queue of a bulkhead is as long as what leaves it within the wait at the
pace of late, and what has waited longer is refused. A request that waits holds no thread, and one whose client has
gone is never begun.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from gateway.refusals import GatewayOverloaded

# Of those that wait, as many may wait in one bulkhead.
WAITING_IN_BULKHEAD_PERCENT = 75
# How much a new measurement counts in the mean time that a request takes.
_WEIGHT = 0.05


@dataclasses.dataclass(eq=False)
class Admitted:
    """A request in the queue or under way; `run` is called in a thread, `done` and `refused` on the loop."""

    bulkhead: str
    run: Callable[[], Any]
    done: Callable[[Any], None]
    refused: Callable[[GatewayOverloaded], None]
    came_at: float = 0.0
    is_wanted: bool = True


@dataclasses.dataclass
class _Bulkhead:
    """What is under way and waits in one bulkhead; `mean_s` is how long requests took of late."""

    working: int = 0
    waiting: deque[Admitted] = dataclasses.field(default_factory=deque)
    mean_s: float = 0.0


@dataclasses.dataclass(frozen=True)
class AdmissionBounds:
    """`working_max` requests of each bulkhead are worked on at a time.

    `waiting_max` others may wait in all, three quarters of them in one bulkhead, and none of them longer than `wait_s`.
    """

    working_max: int
    waiting_max: int
    wait_s: float


class Admission:
    """Places for requests. Used by the event loop alone; the threads are its own, made when they are needed."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        bulkheads: Sequence[str],
        bounds: AdmissionBounds,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._loop = loop
        self._now = now
        self._bounds = bounds
        self._bulkheads = {bulkhead: _Bulkhead() for bulkhead in bulkheads}
        self._pool = ThreadPoolExecutor(len(bulkheads) * bounds.working_max, thread_name_prefix="request")

    def submit(self, request: Admitted) -> None:
        """Begins the request, lets it wait, or refuses it."""
        bulkhead = self._bulkheads[request.bulkhead]
        request.came_at = self._now()
        if bulkhead.working < self._bounds.working_max:
            self._begin(bulkhead, request)
        elif len(bulkhead.waiting) < self._room(bulkhead) and self._waiting < self._bounds.waiting_max:
            bulkhead.waiting.append(request)
        else:
            request.refused(_busy())

    def expire(self, now: float) -> None:
        """Refuses what has waited too long."""
        for bulkhead in self._bulkheads.values():
            self._expire(bulkhead, now)

    def stop(self) -> None:
        """Takes no more work; what is under way ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is under way or waits."""
        return not any(bulkhead.working or bulkhead.waiting for bulkhead in self._bulkheads.values())

    @property
    def _waiting(self) -> int:
        return sum(len(bulkhead.waiting) for bulkhead in self._bulkheads.values())

    def _room(self, bulkhead: _Bulkhead) -> int:
        """How many may wait: as many as would be begun within the wait if requests took what they took of late."""
        bounds = self._bounds
        if bounds.waiting_max == 0:
            return 0
        most = max(1, bounds.waiting_max * WAITING_IN_BULKHEAD_PERCENT // 100)
        if bulkhead.mean_s <= 0:
            return most
        return max(1, min(most, int(bounds.wait_s / bulkhead.mean_s * bounds.working_max)))

    def _expire(self, bulkhead: _Bulkhead, now: float) -> None:
        while bulkhead.waiting and now - bulkhead.waiting[0].came_at >= self._bounds.wait_s:
            request = bulkhead.waiting.popleft()
            if request.is_wanted:
                request.refused(_busy())

    def _begin(self, bulkhead: _Bulkhead, request: Admitted) -> None:
        bulkhead.working += 1
        began_at = self._now()
        future = self._pool.submit(request.run)
        future.add_done_callback(
            lambda done: self._loop.call_soon_threadsafe(self._ended, bulkhead, request, began_at, done)
        )

    def _ended(self, bulkhead: _Bulkhead, request: Admitted, began_at: float, future: Future[Any]) -> None:
        bulkhead.working -= 1
        now = self._now()
        bulkhead.mean_s += (now - began_at - bulkhead.mean_s) * (_WEIGHT if bulkhead.mean_s else 1.0)
        self._expire(bulkhead, now)
        while bulkhead.waiting and bulkhead.working < self._bounds.working_max:
            following = bulkhead.waiting.popleft()
            if following.is_wanted:
                self._begin(bulkhead, following)
        if request.is_wanted:
            request.done(future.result())


def _busy() -> GatewayOverloaded:
    return GatewayOverloaded("too many requests at once, come back in a moment")
