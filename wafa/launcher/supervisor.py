"""Keeps programs running: starts them in order, starts again what falls, gives up in time, stops in reverse order."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import time
from collections.abc import Callable
from typing import Protocol

from wafa.launcher.errors import LauncherError, StopAsked
from wafa.launcher.stopping import Stop

WATCH_S = 0.2


class Supervised(Protocol):
    """What the supervisor keeps running: a child process, or an embedded server."""

    @property
    def name(self) -> str:
        """As a person calls it."""
        ...

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        ...

    def start(self, stop: Stop) -> None:
        """Starts it and waits until it is ready. Raises LauncherError or StopAsked."""
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


class Supervisor:
    """The programs of one suite.

    `say` is told in a sentence what a person should know, `show` what a program said before it fell. Use it from the
    main thread: on Linux a child that dies with its parent dies with the *thread* that started it.
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
        self._kept: list[tuple[Supervised, RestartBudget]] = []

    def start(self, supervised: Supervised) -> None:
        """Starts it, and keeps it from now on, even when it raises LauncherError or StopAsked: `end_all` ends it."""
        self._stop.check()
        self._kept.append((supervised, self._budget()))
        supervised.start(self._stop)

    def adopt(self, supervised: Supervised) -> None:
        """Keeps what runs already."""
        self._kept.append((supervised, self._budget()))

    def watch(self) -> None:
        """Returns when asked to stop. Raises LauncherError when something has fallen too often."""
        with contextlib.suppress(StopAsked):
            while not self._stop.wait(WATCH_S):
                self.mend()

    def mend(self) -> None:
        """Looks at everything once and starts again what has fallen."""
        for supervised, budget in self._kept:
            while not (supervised.alive or self._stop.asked):
                self._restart(supervised, budget)

    def end_all(self) -> None:
        """Ends everything in the reverse order of starting. May be repeated."""
        while self._kept:
            supervised, _ = self._kept.pop()
            if not supervised.end(self._stop):
                self._say(f"{supervised.name} did not stop when asked and was killed.")

    def _restart(self, supervised: Supervised, budget: RestartBudget) -> None:
        """One try. A start that fails leaves it fallen, and so costs the next restart of the budget."""
        ending = supervised.ending()
        self._show(supervised.last_lines())
        if not budget.spend(self._clock_s()):
            raise LauncherError(f"{supervised.name} {ending}, after {budget.restarts_max} restarts; the suite stops.")
        self._say(f"{supervised.name} {ending}; starting it again.")
        try:
            supervised.start(self._stop)
        except LauncherError as error:
            supervised.end(self._stop)
            self._say(str(error))
