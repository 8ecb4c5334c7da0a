import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from structlog.testing import capture_logs

from kit.workers import Worker
from tests.fixtures.waiting import wait_until

LONG_S = 3_600.0
PATIENCE_S = 30.0  # only a broken test waits so long


@pytest.fixture
def worker() -> Iterator[Callable[..., Worker]]:
    """Makes started workers and stops them when the test is over."""
    with ExitStack() as exits:

        def made(work: Callable[[], bool], *, interval_s: float = LONG_S) -> Worker:
            started = Worker("baker", work, interval_s=interval_s)
            started.start()
            exits.callback(started.stop)
            return started

        yield made


def test_work_is_repeated_without_a_pause_while_there_is_more(worker: Callable[..., Worker]) -> None:
    left, done = [3, 2, 1], threading.Event()

    def bake() -> bool:
        left.pop()
        if not left:
            done.set()
        return bool(left)

    worker(bake)

    assert done.wait(PATIENCE_S)


def test_a_nudge_ends_the_pause(worker: Callable[..., Worker]) -> None:
    rounds = threading.Semaphore(0)

    def bake() -> bool:
        rounds.release()
        return False

    baker = worker(bake)
    assert rounds.acquire(timeout=PATIENCE_S)
    baker.nudge()

    assert rounds.acquire(timeout=PATIENCE_S)


def test_stopping_ends_a_pause_and_joins(worker: Callable[..., Worker]) -> None:
    began = threading.Event()

    def bake() -> bool:
        began.set()
        return False

    baker = worker(bake)
    assert began.wait(PATIENCE_S)
    baker.stop()

    assert "baker" not in {thread.name for thread in threading.enumerate()}


def test_stopping_lets_the_round_finish(worker: Callable[..., Worker]) -> None:
    began, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def bake() -> bool:
        began.set()
        may_end.wait(PATIENCE_S)
        ended.set()
        return False

    baker = worker(bake)
    assert began.wait(PATIENCE_S)
    stopping = threading.Thread(target=baker.stop)
    stopping.start()
    may_end.set()
    stopping.join(PATIENCE_S)

    assert ended.is_set()


def test_stopping_wakes_a_round_that_waits_for_work() -> None:
    began, work = threading.Event(), threading.Event()

    def bake() -> bool:
        began.set()
        work.wait()
        return True

    baker = Worker("baker", bake, interval_s=LONG_S, wake=work.set)
    baker.start()
    assert began.wait(PATIENCE_S)
    baker.stop()

    assert "baker" not in {thread.name for thread in threading.enumerate()}


def test_a_worker_outlives_an_accident_and_says_so(worker: Callable[..., Worker]) -> None:
    health: list[bool] = []
    failed, recovered = threading.Event(), threading.Event()
    rounds = 0

    def bake() -> bool:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise RuntimeError("the oven is cold")
        health.append(baker.healthy)
        (failed if rounds == 2 else recovered).set()
        return rounds == 2

    with capture_logs() as logs:
        baker = Worker("baker", bake, interval_s=0.0)
        baker.start()
        assert failed.wait(PATIENCE_S)
        assert recovered.wait(PATIENCE_S)
        baker.stop()

    assert health[:2] == [False, True]
    assert baker.healthy
    assert [(line["event"], line["worker"], line["failures"]) for line in logs] == [("worker_round_failed", "baker", 1)]


# The thread dies on purpose.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_whose_thread_has_died_says_so_and_is_revived() -> None:
    died, revived = threading.Event(), threading.Event()

    def bake() -> bool:
        if not died.is_set():
            died.set()
            raise SystemExit
        revived.set()
        return False

    baker = Worker("baker", bake, interval_s=LONG_S)
    assert baker.alive  # it has not begun, so it cannot have died
    baker.start()
    assert died.wait(PATIENCE_S)
    wait_until(lambda: not baker.alive, what="the thread has ended")
    baker.revive()
    assert revived.wait(PATIENCE_S)
    assert baker.alive
    baker.stop()
    baker.revive()
    assert "baker" not in {thread.name for thread in threading.enumerate()}


def test_a_worker_that_never_started_can_be_stopped() -> None:
    Worker("baker", lambda: False, interval_s=LONG_S).stop()
