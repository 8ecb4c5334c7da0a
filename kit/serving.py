"""The life of a service's process: start everything, wait for a signal, stop in order."""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING, TypeAlias

import structlog

from kit import telemetry
from kit.telemetry import InternalServer
from kit.workers import Worker

if TYPE_CHECKING:
    # The gateway, which has no database, takes its signals from here and would load SQLAlchemy by it.
    from kit.server import Server

_log = structlog.get_logger()

# How long RPCs at work may take to end once the process has received a signal.
GRACE_S = 10.0
# How often a process that waits for a signal looks up.
LOOK_S = 0.5

DIE_WITH_PARENT_VARIABLE = "WAFA_DIE_WITH_PARENT"
_PR_SET_PDEATHSIG = 1

Signals: TypeAlias = "queue.SimpleQueue[signal.Signals]"


def serve(
    service_name: str,
    server: Server,
    workers: Sequence[Worker],
    internal: InternalServer,
    *,
    grace_s: float = GRACE_S,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Runs the service until SIGTERM or SIGINT, then drains it and returns; for `__main__`, in the main thread.

    Draining: health and readiness say no, RPCs at work end within `grace_s`, workers finish their round and are joined,
    the internal port closes last. A second signal ends the process at once, in any state.
    """
    die_with_parent(environ)
    with _signals() as received, contextlib.ExitStack() as running:
        internal.start()
        running.callback(internal.stop)
        telemetry.watch_workers(workers)
        internal.require(lambda: all(worker.alive for worker in workers))
        for worker in workers:
            worker.start()
            running.callback(worker.stop)
        server.start()
        running.callback(server.stop, grace_s)
        server.set_serving(True)
        _log.info("serving", name=service_name, port=server.port, internal_port=internal.port)
        signal_to_go = _wait_for(received, workers)
        _log.info("draining", name=service_name, signal=signal_to_go.name)
        internal.leave()
    _log.info("stopped", name=service_name)


def _wait_for(received: Signals, workers: Sequence[Worker]) -> signal.Signals:
    """The first signal; meanwhile revives workers that have died.

    Wakes now and then for a second reason, too: a signal that comes at the moment at which a thread goes to sleep in C
    is only noted, and Python handles it when the thread wakes.
    """
    while True:
        with contextlib.suppress(queue.Empty):
            return received.get(timeout=LOOK_S)
        for worker in workers:
            worker.revive()


def die_with_parent(environ: Mapping[str, str] = os.environ) -> None:
    """Asks Linux to send this process SIGTERM when its parent dies, if WAFA_DIE_WITH_PARENT says so.

    The variable holds the parent's process id: a parent that died before the kernel was asked is then noticed too. With
    plain `1`, for those who do not know it, only the moment of asking itself is covered. Linux means by the parent the
    *thread* that started the process, so a launcher starts its children from a thread that lives as long as itself.
    """
    wanted = environ.get(DIE_WITH_PARENT_VARIABLE, "0")
    if wanted in {"", "0"} or sys.platform != "linux":
        return
    parent = int(wanted) if wanted != "1" else os.getppid()
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def _signals() -> Iterator[Signals]:
    """The first signal to go, in a queue; the second ends the process.

    A queue, because its `put` may be called by a handler that interrupts its `get`; an Event could lock itself out.
    """
    received: Signals = queue.SimpleQueue()
    count = 0

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1
        if count > 1:
            os._exit(128 + number)
        received.put(signal.Signals(number))

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
