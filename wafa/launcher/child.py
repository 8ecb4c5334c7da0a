"""One program as a child process: started, looked at, and ended with everything it has started itself."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from wafa.launcher.errors import LauncherError, StopAsked
from wafa.launcher.stopping import Stop

POLL_S = 0.1
LAST_LINES_MAX = 8
LINE_LENGTH_MAX = 300
LOG_TAIL_BYTES = 16_384
LOG_BYTES_MAX = 16 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class ProcessProgram:
    """A command to start, and the test whether it works.

    `is_ready` is asked again and again; it answers within a second or so and does not raise. `environ` is the whole
    environment. The output goes straight into the log, not through a pipe of ours: it survives us.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    folder: Path
    log: Path
    is_ready: Callable[[], bool]
    ready_within_s: float = 60.0
    stop_within_s: float = 30.0


class Child:
    """A program and the process that runs it at present. May be started again after it has ended."""

    def __init__(self, program: ProcessProgram) -> None:
        self.program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._group_killed = False

    @property
    def name(self) -> str:
        """The program's name."""
        return self.program.name

    @property
    def pid(self) -> int | None:
        """The process id; absent before the first start."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def ready_within_s(self) -> float:
        """How long a start may take."""
        return self.program.ready_within_s

    def is_ready(self) -> bool:
        """Whether the program says that it works."""
        return self.program.is_ready()

    def start(self, stop: Stop) -> None:
        """Starts the process and waits until it is ready.

        Raises LauncherError when it ends before that or takes too long, and StopAsked. The caller ends it then.
        """
        self.spawn()
        self.wait_ready(stop)

    def spawn(self) -> None:
        """The first half of `start`, for those who have others to start meanwhile."""
        self._kill_group()  # what a crashed process may have left of its own
        bound(self.program.log)
        with self.program.log.open("ab") as log:
            self._log_start = log.tell()
            try:
                self._process = subprocess.Popen(
                    self.program.command,
                    env=dict(self.program.environ),
                    cwd=self.program.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    # Ctrl-C in a terminal goes to its foreground group; we stop our children ourselves, in order.
                    start_new_session=True,
                )
                self._group_killed = False
            except OSError as error:
                raise LauncherError(f"{self.name} could not be started: {error}.") from error

    def wait_ready(self, stop: Stop) -> None:
        """The second half of `start`."""
        deadline = time.monotonic() + self.program.ready_within_s
        while not self.program.is_ready():
            if not self.alive:
                raise LauncherError(f"{self.name} {self.ending()} while starting; {self._where()}", self.last_lines())
            if time.monotonic() > deadline:
                waited = f"{self.program.ready_within_s:.0f} s"
                raise LauncherError(f"{self.name} was not ready within {waited}; {self._where()}", self.last_lines())
            if stop.wait(POLL_S):
                raise StopAsked

    def kill(self) -> None:
        """Kills the process and what it has started; waits for neither."""
        self._kill_group()

    def end(self, stop: Stop) -> bool:
        """Asks the process to end, waits, and kills it past its time; says whether it ended by itself.

        What it has started belongs to its process group and never outlives it.
        """
        if self._process is None:
            return True
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self.program.stop_within_s
        while self.alive and time.monotonic() < deadline and not stop.hurried:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(POLL_S)
        ended = not self.alive
        self._kill_group()
        self._process.wait()
        return ended

    def ending(self) -> str:
        """How the process ended, as the second half of a sentence."""
        code = self._process.poll() if self._process else None
        if code is None:
            return "is still running"
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    def last_lines(self) -> tuple[str, ...]:
        """What the present process, or the one that has just ended, wrote last."""
        with contextlib.suppress(OSError), self.program.log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, size - LOG_TAIL_BYTES))
            return lines_of_failure(log.read(LOG_TAIL_BYTES).decode(errors="replace").splitlines())
        return ()

    def _kill_group(self) -> None:
        """Kills what is left of the process group, once: later the number may be another process's."""
        if self._process is not None and not self._group_killed:
            self._group_killed = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _where(self) -> str:
        return f"the whole log is {self.program.log}"


def lines_of_failure(lines: Sequence[str]) -> tuple[str, ...]:
    """The last lines that may say why a program ended, none of them too long for a screen."""
    said = [line for line in lines if line.strip() and '"level":"info"' not in line]
    return tuple(line[:LINE_LENGTH_MAX] for line in said[-LAST_LINES_MAX:])


def bound(log: Path) -> None:
    """Keeps one older log beside the present one, so that logs cannot fill the disk over months of starts."""
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.old"))
