"""What the gateway counts: requests by route, method and status, and how long they took."""

from __future__ import annotations

import prometheus_client

REQUESTS = prometheus_client.Counter("http_requests_total", "Requests answered.", ["route", "method", "status"])
DURATION = prometheus_client.Histogram(
    "http_request_duration_seconds",
    "Time from the first byte read to the answer made.",
    ["route", "method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)

REFUSED = prometheus_client.Counter(
    "http_requests_refused_total", "Requests refused before any route was looked for.", ["reason", "status"]
)
CONNECTIONS = prometheus_client.Gauge(
    "http_connections", "Connections that clients keep open.", multiprocess_mode="livesum"
)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


def count_refused(reason: str, status: int) -> None:
    """Counts a request that the server itself refused."""
    REFUSED.labels(reason, str(int(status))).inc()


def note_connections(count: int) -> None:
    """Notes how many connections are open."""
    CONNECTIONS.set(count)


def count_request(route: str, method: str, status: int, duration_s: float) -> None:
    """Counts an answered request. Methods that strangers invent count as one, so that they cannot fill the memory."""
    known = method if method in _METHODS else "other"
    REQUESTS.labels(route, known, str(status)).inc()
    DURATION.labels(route, known).observe(duration_s)
