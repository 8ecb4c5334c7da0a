"""A process's metrics, liveness and readiness, on an internal port for its operators."""

from __future__ import annotations

import functools
import http
import http.server
import threading
from collections.abc import Callable, Sequence

import prometheus_client
import structlog

from kit.ports import PortTakenError
from kit.workers import Worker

_log = structlog.get_logger()

# How long a client may take to send its request; after that the thread of a half-sent request is free again.
REQUEST_TIMEOUT_S = 5.0

# How often the thread looks whether it should stop.
STOP_POLL_S = 0.05

RPC_REQUESTS = prometheus_client.Counter("rpc_requests_total", "RPCs answered, by gRPC code.", ["method", "code"])
RPC_DURATION = prometheus_client.Histogram(
    "rpc_duration_seconds",
    "Time to answer an RPC, without its wait for a thread.",
    ["method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
WORKER_HEALTHY = prometheus_client.Gauge("worker_healthy", "1 while the worker's last round ended well.", ["worker"])


def count_rpc(method: str, code: str, duration_s: float) -> None:
    """Counts an answered RPC."""
    RPC_REQUESTS.labels(method, code).inc()
    RPC_DURATION.labels(method).observe(duration_s)


def watch_workers(workers: Sequence[Worker]) -> None:
    """Shows the workers' health from now on; it is read at each scrape."""
    for worker in workers:
        WORKER_HEALTHY.labels(worker.name).set_function(functools.partial(_health, worker))


def _health(worker: Worker) -> float:
    return float(worker.healthy)


class InternalServer:
    """Answers `/healthz`, `/readyz` and `/metrics` over HTTP, in threads of its own.

    `/healthz` says that the process runs, `/readyz` calls `ready` and says whether it should be given work: 200 or 503.
    The port is taken at once; 0 takes any free one, and `port` is its number.
    """

    def __init__(self, port: int, ready: Callable[[], bool], host: str = "127.0.0.1") -> None:
        self._conditions = [ready]
        self._leaving = threading.Event()
        try:
            self._http = http.server.ThreadingHTTPServer((host, port), self._handler())
        except OSError as error:
            raise PortTakenError(host, port) from error
        self._http.daemon_threads = True
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(STOP_POLL_S,), name="internal-http", daemon=True
        )
        self.port: int = self._http.server_address[1]

    def start(self) -> None:
        """Starts to answer."""
        self._thread.start()

    def require(self, condition: Callable[[], bool]) -> None:
        """Makes readiness depend on this as well."""
        self._conditions.append(condition)

    def leave(self) -> None:
        """Answers `/readyz` with 503 from now on: the process is about to go."""
        self._leaving.set()

    def stop(self) -> None:
        """Stops to answer and gives the port back."""
        if self._thread.ident is not None:
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    def is_ready(self) -> bool:
        """The state that `/readyz` reports; a check that raises means not ready."""
        if self._leaving.is_set():
            return False
        try:
            return all(condition() for condition in self._conditions)
        except Exception:
            _log.exception("readiness_unknown")
            return False

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        internal = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = REQUEST_TIMEOUT_S

            def do_GET(self) -> None:
                match self.path.partition("?")[0]:
                    case "/healthz":
                        self._answer(http.HTTPStatus.OK, b"alive\n")
                    case "/readyz" if internal.is_ready():
                        self._answer(http.HTTPStatus.OK, b"ready\n")
                    case "/readyz":
                        self._answer(http.HTTPStatus.SERVICE_UNAVAILABLE, b"not ready\n")
                    case "/metrics":
                        metrics = prometheus_client.generate_latest()
                        self._answer(http.HTTPStatus.OK, metrics, prometheus_client.CONTENT_TYPE_PLAIN_0_0_4)
                    case _:
                        self._answer(http.HTTPStatus.NOT_FOUND, b"/healthz /readyz /metrics\n")

            def _answer(self, status: http.HTTPStatus, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
                """Logs nothing, because probes come every few seconds."""

        return Handler
