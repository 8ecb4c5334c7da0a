"""Keeps programs running: starts them in order, starts again what falls, gives up in time, stops in reverse order.

The supervisor never waits for one program while others need it: a restart is begun in one round and seen to its end in
later ones. Back ends come first; what stands on them is started again once they serve.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from wafa.launcher.errors import LauncherError, StopAsked
from wafa.launcher.stopping import Stop

WATCH_S = 0.2
PROBES_MAX = 8


class Supervised(Protocol):
    """A program under supervision: a child process, or an embedded server."""

    @property
    def name(self) -> str:
        """As a person calls it."""
        ...

    @property
    def ready_within_s(self) -> float:
        """How long a start may take before it counts as failed."""
        ...

    @property
    def alive(self) -> bool:
        """Whether it runs or is being started."""
        ...

    def start(self, stop: Stop) -> None:
        """Starts it and waits until it is ready. Raises LauncherError or StopAsked."""
        ...

    def spawn(self) -> None:
        """Begins to start it and returns at once. Raises LauncherError."""
        ...

    def is_ready(self) -> bool:
        """Whether the start has come to its end; answers within a second or so, in any thread. Raises LauncherError."""
        ...

    def kill(self) -> None:
        """Ends it at once, without waiting."""
        ...

    def end(self, stop: Stop) -> bool:
        """Ends it; says whether it went by itself. May be repeated."""
        ...

    def ending(self) -> str:
        """How it ended, as the second half of a sentence."""
        ...

    def last_lines(self) -> tuple[str, ...]:
        """What it said last."""
        ...


@dataclasses.dataclass
class RestartBudget:
    """How often one program may fall before its falling is the news: `restarts_max` times in `window_s` seconds."""

    restarts_max: int = 3
    window_s: float = 60.0
    _spent: collections.deque[float] = dataclasses.field(default_factory=collections.deque)

    def spend(self, now_s: float) -> bool:
        """Takes one restart from the budget, or says that there is none left."""
        while self._spent and now_s - self._spent[0] > self.window_s:
            self._spent.popleft()
        if len(self._spent) >= self.restarts_max:
            return False
        self._spent.append(now_s)
        return True


@dataclasses.dataclass
class Kept:
    """A program that the supervisor keeps, and how far its latest start has come."""

    program: Supervised
    budget: RestartBudget
    is_back_end: bool
    # When the start under way began, by the supervisor's clock; None while the program is up, or has fallen.
    starting_s: float | None = None
    probe: Future[bool] | None = None

    @property
    def is_up(self) -> bool:
        """Whether it runs and has become ready."""
        return self.program.alive and self.starting_s is None


class Supervisor:
    """The programs of one suite.

    `say` gets a sentence for the person, `show` what a program said before it fell. Use it from the main thread: on
    Linux a child that dies with its parent dies with the *thread* that started it.
    """

    def __init__(
        self,
        stop: Stop,
        *,
        say: Callable[[str], None],
        show: Callable[[tuple[str, ...]], None] = lambda lines: None,
        budget: Callable[[], RestartBudget] = RestartBudget,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stop = stop
        self._say = say
        self._show = show
        self._budget = budget
        self._clock_s = clock_s
        self._kept: list[Kept] = []
        self._probes = ThreadPoolExecutor(PROBES_MAX, thread_name_prefix="readiness")

    def start(self, program: Supervised) -> None:
        """Starts it, and keeps it from now on, even when it raises LauncherError or StopAsked: `end_all` ends it."""
        self._stop.check()
        self.adopt(program)
        program.start(self._stop)

    def adopt(self, program: Supervised, *, is_back_end: bool = False) -> None:
        """Keeps what runs already. The other programs need those that are back ends."""
        self._kept.append(Kept(program, self._budget(), is_back_end))

    def watch(self) -> None:
        """Returns when asked to stop. Raises LauncherError when something has fallen too often."""
        with contextlib.suppress(StopAsked):
            while not self._stop.wait(WATCH_S):
                self.mend()

    def mend(self) -> None:
        """One round: begins to start what has fallen, and sees what is being started. Waits for nothing."""
        for kept in self._kept:
            if self._stop.asked:
                return
            if kept.is_back_end:
                self._attend(kept)
        served = all(kept.is_up for kept in self._kept if kept.is_back_end)
        for kept in self._kept:
            if self._stop.asked:
                return
            if kept.is_back_end:
                continue
            if served:
                self._attend(kept)
            elif kept.starting_s is not None:
                # It waits for a back end; its time to become ready begins when that serves.
                kept.starting_s = self._clock_s()

    def end_all(self) -> None:
        """Ends everything in the reverse order of starting. May be repeated."""
        while self._kept:
            program = self._kept.pop().program
            if not program.end(self._stop):
                self._say(f"{program.name} did not stop when asked and was killed.")
        self._probes.shutdown(wait=False, cancel_futures=True)

    # ---- one program in one round

    def _attend(self, kept: Kept) -> None:
        if not kept.program.alive:
            self._restart(kept)
        elif kept.starting_s is not None:
            self._see_start(kept, kept.starting_s)

    def _restart(self, kept: Kept) -> None:
        """Begins one try. After a start that fails the program is still down, so the next restart counts, too."""
        program = kept.program
        ending = program.ending()
        self._show(program.last_lines())
        if not kept.budget.spend(self._clock_s()):
            raise LauncherError(f"{program.name} {ending}, after {kept.budget.restarts_max} restarts; the suite stops.")
        self._say(f"{program.name} {ending}; starting it again.")
        kept.starting_s, kept.probe = self._clock_s(), None
        try:
            program.spawn()
        except LauncherError as error:
            self._say(str(error))

    def _see_start(self, kept: Kept, began_s: float) -> None:
        """Whether the start has come to its end by now, well or not."""
        program = kept.program
        try:
            if self._probed(kept):
                kept.starting_s = None
                self._say(f"{program.name} is running again.")
                return
        except LauncherError as error:
            self._say(str(error))
            return
        if self._clock_s() - began_s > program.ready_within_s:
            self._say(f"{program.name} was not ready within {program.ready_within_s:.0f} s.")
            program.kill()

    def _probed(self, kept: Kept) -> bool:
        """What the latest finished probe of readiness said. Probes run beside the rounds, one at a time a program."""
        if kept.probe is None:
            kept.probe = self._probes.submit(kept.program.is_ready)
        if not kept.probe.done():
            return False
        probe, kept.probe = kept.probe, None
        return probe.result()
