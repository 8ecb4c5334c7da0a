"""The process: worker processes that serve strangers, and the internal port beside them.

The main process listens and serves nothing itself. It starts the workers, which accept from its socket, answers
/healthz, /readyz and /metrics, and ends them on SIGTERM: readiness says no first, then each worker finishes what it has
begun.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import prometheus_client
import structlog
from prometheus_client.multiprocess import MultiProcessCollector

from gateway.config import Config, load
from gateway.front.serving import listen
from gateway.front.workers import WorkerProcesses
from gateway.invalidations import FILE_VARIABLE, invalidations_file_in
from kit import logging, telemetry
from kit.serving import DIE_WITH_PARENT_VARIABLE, die_with_parent
from kit.telemetry import InternalServer

_log = structlog.get_logger()

SERVICE_NAME = "gateway"
METRICS_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def serve(config: Config, environ: Mapping[str, str]) -> None:
    """Serves until SIGTERM or SIGINT."""
    die_with_parent(environ)
    # For the workers: whatever kills this process must not leave one that holds the port. One that begins after that
    # would take whoever adopted it for its parent.
    os.environ[DIE_WITH_PARENT_VARIABLE] = str(os.getpid())
    logging.configure(SERVICE_NAME, config.log_level)
    with tempfile.TemporaryDirectory(prefix="wafa-gateway-metrics-") as folder:
        os.environ[METRICS_FOLDER_VARIABLE] = folder
        os.environ[FILE_VARIABLE] = invalidations_file_in(folder)
        _read_metrics_of_workers(folder)
        with listen(config.host, config.port, config.backlog) as listening:
            workers = WorkerProcesses(work, listening, config.workers)
            internal = InternalServer(config.internal_port, workers.are_serving, config.internal_host)
            internal.start()
            try:
                _run_workers(config, listening, workers, internal)
            finally:
                internal.stop()
                _log.info("stopped")


def work(listening: socket.socket, beats: Any, place: int) -> None:
    """One worker process, from its beginning to its end; `beats[place]` is where it says that it lives."""
    die_with_parent(os.environ)
    config = load(os.environ)
    logging.configure(SERVICE_NAME, config.log_level)

    def beat() -> None:
        beats[place] = time.monotonic()

    asyncio.run(_work(config, listening, beat))


async def _work(config: Config, listening: socket.socket, beat: Callable[[], None]) -> None:
    # Here, so that the main process loads neither it nor what it is made of.
    from gateway.app import create_app
    from gateway.front.serving import serve as serve_connections

    leaving = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leaving.set)
    await serve_connections(create_app(config), config, listening, leaving, beat)


def _run_workers(config: Config, listening: socket.socket, workers: WorkerProcesses, internal: InternalServer) -> None:
    leaving = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leaving.set())
    _log.info("serving", port=config.port, internal_port=internal.port, workers=config.workers)
    try:
        workers.run(leaving)
    finally:
        _log.info("draining")
        internal.leave()
        # Closed here as well as in the workers, so that nothing waits to be accepted by nobody.
        listening.close()
        workers.stop(config.drain_s)


def _read_metrics_of_workers(folder: str) -> None:
    """Lets /metrics of this process tell what its workers have counted, in place of its own empty counters."""
    counted_here = (telemetry.RPC_REQUESTS, telemetry.RPC_DURATION, telemetry.WORKER_HEALTHY, logging.LINES_LOST)
    for own in counted_here:
        prometheus_client.REGISTRY.unregister(own)
    MultiProcessCollector(prometheus_client.REGISTRY, path=folder)  # type: ignore[no-untyped-call]  # its makers left it so
