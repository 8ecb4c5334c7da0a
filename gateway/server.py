"""The process: granian with its worker processes, and the internal port beside them.

The main process serves nothing to strangers. It starts the workers, answers /healthz, /readyz and /metrics, and ends
them on SIGTERM: readiness says no first, then each worker finishes what it has begun.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import prometheus_client
import structlog
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer
from prometheus_client.multiprocess import MultiProcessCollector

from gateway.admission import threads_max
from gateway.config import Config, load
from gateway.evictions import FILE_VARIABLE, evictions_file_in
from kit import logging, telemetry
from kit.serving import DIE_WITH_PARENT_VARIABLE, die_with_parent
from kit.telemetry import InternalServer

if TYPE_CHECKING:
    from flask_openapi3.openapi import OpenAPI

_log = structlog.get_logger()

SERVICE_NAME = "gateway"
METRICS_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
PROBE_TIMEOUT_S = 1.0
# They tell whoever finds no place that there is none.
SPARE_THREADS = 4


def serve(config: Config, environ: Mapping[str, str]) -> None:
    """Serves until SIGTERM or SIGINT."""
    die_with_parent(environ)
    # For the workers: whatever kills this process must not leave one that holds the port. One that begins after that
    # would take whoever adopted it for its parent.
    os.environ[DIE_WITH_PARENT_VARIABLE] = str(os.getpid())
    logging.configure(SERVICE_NAME, config.log_level)
    # A fork would copy locks that gRPC's threads hold; workers begin with nothing instead.
    multiprocessing.set_start_method("spawn")
    with tempfile.TemporaryDirectory(prefix="wafa-gateway-metrics-") as folder:
        os.environ[METRICS_FOLDER_VARIABLE] = folder
        os.environ[FILE_VARIABLE] = evictions_file_in(folder)
        _read_metrics_of_workers(folder)
        internal = InternalServer(config.internal_port, lambda: _accepts(config), config.internal_host)
        internal.start()
        _log.info("serving", port=config.port, internal_port=internal.port, workers=config.workers)
        try:
            _server(config, internal).serve()
        finally:
            internal.stop()
            _log.info("stopped")


def worker() -> OpenAPI:
    """The application of one worker process; granian calls it in there."""
    from gateway.app import create_app  # here, so that the main process loads neither it nor what it is made of

    die_with_parent(os.environ)
    config = load(os.environ)
    logging.configure(SERVICE_NAME, config.log_level)
    return create_app(config)


class _DrainingServer(MPServer):
    """Granian, telling the internal port before it stops its workers."""

    internal: InternalServer

    def shutdown(self, exit_code: int = 0) -> None:
        """Stops the workers, each when its requests have ended."""
        _log.info("draining")
        self.internal.leave()
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]  # granian leaves it untyped


def _server(config: Config, internal: InternalServer) -> _DrainingServer:
    server = _DrainingServer(
        "gateway.server:worker",
        factory=True,
        interface=Interfaces.WSGI,
        address=config.host,
        port=config.port,
        http=HTTPModes.http1,
        websockets=False,
        workers=config.workers,
        blocking_threads=threads_max(config.threads, config.waiting_max) + SPARE_THREADS,
        # By this word granian means connections, idle ones among them.
        backpressure=config.connections_max,
        backlog=config.backlog,
        respawn_failed_workers=True,
        workers_kill_timeout=config.drain_s,
        # Its warnings are about the machine's cores; threads here wait for services and may outnumber them.
        log_level=LogLevels.error,
        log_dictconfig=_GRANIAN_LOG,
    )
    server.internal = internal
    return server


# Granian's lines go the way of all others.
_GRANIAN_LOG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}, "granian.access": {"handlers": [], "propagate": True}},
}


def _accepts(config: Config) -> bool:
    """Whether a worker takes connections. Services behind the door may be away: the door then says so, in words."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104 - compared, not bound
    try:
        socket.create_connection((host, config.port), PROBE_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def _read_metrics_of_workers(folder: str) -> None:
    """Lets /metrics of this process tell what its workers have counted, in place of its own empty counters."""
    counted_here = (telemetry.RPC_REQUESTS, telemetry.RPC_DURATION, telemetry.WORKER_HEALTHY, logging.LINES_LOST)
    for own in counted_here:
        prometheus_client.REGISTRY.unregister(own)
    MultiProcessCollector(prometheus_client.REGISTRY, path=folder)  # type: ignore[no-untyped-call]  # its makers left it so
