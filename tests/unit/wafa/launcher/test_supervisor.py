"""The supervisor with real children: tiny programs that say they are ready by making a file, and then fall or stay."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fixtures.waiting import wait_until
from wafa.launcher.child import Child, ProcessProgram, lines_of_failure
from wafa.launcher.errors import LauncherError, StopAsked
from wafa.launcher.stopping import Stop
from wafa.launcher.supervisor import RestartBudget, Supervisor

READY = "import pathlib, os, signal, sys; "
STAYS = READY + "pathlib.Path(sys.argv[1]).touch(); signal.pause()"
NOTES_ITS_END = (
    READY
    + "signal.signal(signal.SIGTERM, lambda *_: (open('ends', 'a').write(sys.argv[2] + '\\n'), sys.exit(0)));"
    + "pathlib.Path(sys.argv[1]).touch(); signal.pause()"
)
DEAF = READY + "signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path(sys.argv[1]).touch(); signal.pause()"
FALLS = READY + "print('the disk is full'); sys.exit(3)"
HAS_A_CHILD = (
    READY
    + "import subprocess; grown = subprocess.Popen(['sleep', '600']);"
    + "pathlib.Path('grandchild').write_text(str(grown.pid)); pathlib.Path(sys.argv[1]).touch(); signal.pause()"
)


class ScreenOutput:
    """What the supervisor said and showed."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.shown: list[str] = []

    def show(self, lines: tuple[str, ...]) -> None:
        self.shown.extend(lines)


class Fallen:
    """A program that has fallen and cannot start."""

    name = "points"
    ready_within_s = 60.0
    alive = False

    def start(self, stop: Stop) -> None:
        self.spawn()

    def spawn(self) -> None:
        raise LauncherError("points cannot bind its port")

    def is_ready(self) -> bool:
        return False

    def kill(self) -> None:
        """There is nothing to kill."""

    def end(self, stop: Stop) -> bool:
        return True

    def ending(self) -> str:
        return "ended with exit code 7"

    def last_lines(self) -> tuple[str, ...]:
        return ("address in use",)


class Staged(Fallen):
    """A program whose state a test decides; it notes its starts."""

    def __init__(self, name: str, starts: list[str]) -> None:
        self.name = name
        self.alive = True
        self.ready = True
        self.kills = 0
        self._starts = starts

    def fall(self) -> None:
        self.alive = self.ready = False

    def spawn(self) -> None:
        self.alive = True
        self._starts.append(self.name)

    def is_ready(self) -> bool:
        return self.ready

    def kill(self) -> None:
        self.kills += 1
        self.fall()

    def ending(self) -> str:
        return "has ended"

    def last_lines(self) -> tuple[str, ...]:
        return ()


@pytest.fixture
def stop() -> Stop:
    return Stop()


@pytest.fixture
def output() -> ScreenOutput:
    return ScreenOutput()


@pytest.fixture
def supervisor(stop: Stop, output: ScreenOutput) -> Iterator[Supervisor]:
    made = Supervisor(stop, say=output.sentences.append, show=output.show, budget=lambda: RestartBudget(restarts_max=2))
    yield made
    stop.ask()
    stop.ask()
    made.end_all()


def program(
    folder: Path, name: str, code: str, *, ready_within_s: float = 60, stop_within_s: float = 60
) -> ProcessProgram:
    ready = folder / f"{name}.ready"
    return ProcessProgram(
        name=name,
        command=(sys.executable, "-c", code, str(ready), name),
        environ=os.environ,
        folder=folder,
        log=folder / f"{name}.log",
        is_ready=ready.exists,
        ready_within_s=ready_within_s,
        stop_within_s=stop_within_s,
    )


def test_programs_end_in_the_reverse_order_of_their_start(tmp_path: Path, supervisor: Supervisor) -> None:
    for name in ("first", "second", "third"):
        supervisor.start(Child(program(tmp_path, name, NOTES_ITS_END)))
    supervisor.end_all()
    assert (tmp_path / "ends").read_text().split() == ["third", "second", "first"]


def test_a_program_that_falls_while_starting_is_reported_with_its_exit_code_and_last_words(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    with pytest.raises(LauncherError, match="points ended with exit code 3 while starting") as refusal:
        supervisor.start(Child(program(tmp_path, "points", FALLS)))
    assert refusal.value.last_lines == ("the disk is full",)


def test_a_program_that_is_never_ready_is_given_up(tmp_path: Path, supervisor: Supervisor) -> None:
    slow = program(tmp_path, "points", READY + "signal.pause()", ready_within_s=0)
    with pytest.raises(LauncherError, match="points was not ready within 0 s"):
        supervisor.start(Child(slow))


def test_a_program_that_is_missing_is_reported_in_a_sentence(tmp_path: Path, supervisor: Supervisor) -> None:
    missing = ProcessProgram("points", ("/no/such/program",), {}, tmp_path, tmp_path / "log", lambda: True)
    with pytest.raises(LauncherError, match="points could not be started"):
        supervisor.start(Child(missing))


def test_a_fallen_program_is_started_again(tmp_path: Path, supervisor: Supervisor, output: ScreenOutput) -> None:
    child = Child(program(tmp_path, "points", STAYS))
    supervisor.start(child)
    first = kill(child)
    (tmp_path / "points.ready").unlink()
    mend_until(supervisor, lambda: "points is running again." in output.sentences)
    assert child.alive
    assert child.pid != first
    assert output.sentences == ["points was killed by SIGKILL; starting it again.", "points is running again."]


def test_a_stop_in_the_midst_of_a_restart_starts_nothing_more(stop: Stop, supervisor: Supervisor) -> None:
    starts: list[str] = []

    class Stopping(Staged):
        def spawn(self) -> None:
            super().spawn()
            stop.ask()

    first, second = Stopping("members", starts), Staged("points", starts)
    for each in (first, second):
        supervisor.adopt(each)
        each.fall()
    supervisor.mend()
    assert starts == ["members"]


def test_a_round_waits_for_no_program_that_is_starting(supervisor: Supervisor, output: ScreenOutput) -> None:
    starts: list[str] = []
    hanging, falling = Staged("members", starts), Staged("points", starts)
    for each in (hanging, falling):
        supervisor.adopt(each)
    hanging.fall()
    supervisor.mend()  # members is being started and is never ready
    falling.fall()
    supervisor.mend()
    assert starts == ["members", "points"]


def test_a_back_end_that_dies_while_a_service_is_being_restarted_is_started_again_first(
    supervisor: Supervisor, output: ScreenOutput
) -> None:
    starts: list[str] = []
    service, back_end = Staged("members", starts), Staged("PostgreSQL", starts)
    supervisor.adopt(service)
    supervisor.adopt(back_end, is_back_end=True)
    service.fall()
    supervisor.mend()
    back_end.fall()
    service.fall()  # without its database it cannot start
    supervisor.mend()
    supervisor.mend()
    assert starts == ["members", "PostgreSQL"]  # the service waits, and spends no restart meanwhile
    back_end.ready = service.ready = True
    mend_until(supervisor, lambda: "members is running again." in output.sentences)
    assert starts == ["members", "PostgreSQL", "members"]


def test_the_time_to_become_ready_begins_when_the_back_ends_serve(stop: Stop, output: ScreenOutput) -> None:
    now_s = 0.0
    supervisor = Supervisor(stop, say=output.sentences.append, clock_s=lambda: now_s)
    service, back_end = Staged("members", []), Staged("PostgreSQL", [])
    supervisor.adopt(back_end, is_back_end=True)
    supervisor.adopt(service)
    for each in (service, back_end):
        each.fall()
        supervisor.mend()
    back_end.ready = False
    now_s = 250.0  # a long replay
    supervisor.mend()
    back_end.ready = True
    mend_until(supervisor, lambda: "PostgreSQL is running again." in output.sentences)
    assert service.kills == 0
    supervisor.end_all()


def test_a_start_that_takes_too_long_is_ended_and_tried_again(stop: Stop, output: ScreenOutput) -> None:
    now_s = 0.0
    supervisor = Supervisor(stop, say=output.sentences.append, clock_s=lambda: now_s)
    starts: list[str] = []
    service = Staged("members", starts)
    supervisor.adopt(service)
    service.fall()
    supervisor.mend()
    now_s = 61.0
    supervisor.mend()
    assert "members was not ready within 60 s." in output.sentences
    supervisor.mend()
    assert (starts, service.kills) == (["members", "members"], 1)
    supervisor.end_all()


def test_a_program_that_falls_too_often_ends_the_suite(tmp_path: Path, supervisor: Supervisor) -> None:
    child = Child(program(tmp_path, "points", STAYS))
    supervisor.start(child)
    for _ in range(2):
        kill(child)
        supervisor.mend()
    kill(child)
    with pytest.raises(LauncherError, match="points was killed by SIGKILL, after 2 restarts; the suite stops"):
        supervisor.mend()


def test_a_restart_that_fails_costs_the_next_one(supervisor: Supervisor, output: ScreenOutput) -> None:
    supervisor.adopt(Fallen())
    supervisor.mend()
    supervisor.mend()
    with pytest.raises(LauncherError, match="points ended with exit code 7, after 2 restarts"):
        supervisor.mend()
    assert output.sentences == ["points ended with exit code 7; starting it again.", "points cannot bind its port"] * 2
    assert output.shown == ["address in use"] * 3


def test_a_deaf_program_is_killed_past_its_time(tmp_path: Path, supervisor: Supervisor, output: ScreenOutput) -> None:
    child = Child(program(tmp_path, "points", DEAF, stop_within_s=0))
    supervisor.start(child)
    supervisor.end_all()
    assert not child.alive
    assert output.sentences == ["points did not stop when asked and was killed."]


def test_a_second_request_to_stop_ends_the_patience(tmp_path: Path, stop: Stop, supervisor: Supervisor) -> None:
    child = Child(program(tmp_path, "points", DEAF, stop_within_s=3_600))
    supervisor.start(child)
    stop.ask()
    stop.ask()
    supervisor.end_all()
    assert not child.alive


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="looks at processes as Linux does")
def test_what_a_program_has_started_ends_with_it(tmp_path: Path, supervisor: Supervisor) -> None:
    child = Child(program(tmp_path, "points", HAS_A_CHILD))
    supervisor.start(child)
    grandchild = os.pidfd_open(int((tmp_path / "grandchild").read_text()))
    assert not ended(grandchild, within_s=0)
    supervisor.end_all()
    assert ended(grandchild, within_s=60)
    os.close(grandchild)


def test_nothing_starts_once_asked_to_stop(tmp_path: Path, stop: Stop, supervisor: Supervisor) -> None:
    stop.ask()
    with pytest.raises(StopAsked):
        supervisor.start(Child(program(tmp_path, "points", STAYS)))
    assert not (tmp_path / "points.log").exists()


def test_a_request_to_stop_ends_the_waiting_for_readiness(tmp_path: Path, stop: Stop, supervisor: Supervisor) -> None:
    def never_but_asks() -> bool:
        stop.ask()
        return False

    slow = ProcessProgram(
        "points", (sys.executable, "-c", STAYS, "x"), os.environ, tmp_path, tmp_path / "log", never_but_asks
    )
    with pytest.raises(StopAsked):
        supervisor.start(Child(slow))


def test_a_signal_is_a_request_to_stop(stop: Stop) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop.on_signals():
        signal.raise_signal(signal.SIGTERM)
        assert (stop.asked, stop.hurried) == (True, False)
        signal.raise_signal(signal.SIGINT)
        assert (stop.asked, stop.hurried) == (True, True)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_budget_recovers_after_its_window() -> None:
    budget = RestartBudget(restarts_max=2, window_s=60)
    assert [budget.spend(now) for now in (0, 10, 20, 59, 61, 62)] == [True, True, False, False, True, False]


def test_what_a_program_says_of_its_everyday_work_is_not_its_last_words() -> None:
    lines = ['{"level":"info","event":"rpc"}', "", "Traceback", "MemoryError", '{"level":"info","event":"rpc"}']
    assert lines_of_failure(lines) == ("Traceback", "MemoryError")
    assert lines_of_failure(["x" * 1_000]) == ("x" * 300,)


def mend_until(supervisor: Supervisor, done: Callable[[], bool]) -> None:
    """Rounds of the supervisor until something has happened, a bounded time long."""

    def one_round() -> bool:
        supervisor.mend()
        return done()

    wait_until(one_round, what="the supervisor to have mended it")


def kill(child: Child) -> int | None:
    """Kills a child as a crash would, and waits until it is gone."""
    pid = child.pid
    if pid is not None and child.alive:
        os.kill(pid, signal.SIGKILL)
        assert child._process is not None
        child._process.wait()
    return pid


def ended(process: int, *, within_s: float) -> bool:
    """Whether the process behind a pidfd ends in time."""
    return bool(select.select([process], [], [], within_s)[0])
