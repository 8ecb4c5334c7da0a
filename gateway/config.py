"""The gateway's settings, each with its bound and its unit."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from kit.config import read, setting
from kit.peers.settings import IdentitySettings

PREFIX = "GATEWAY"


@dataclasses.dataclass(frozen=True)
class Config(IdentitySettings):
    """Read once when a process starts."""

    members_address: str = setting("where `members` listens, host:port", default="127.0.0.1:50051")
    points_address: str = setting("where `points` listens, host:port", default="127.0.0.1:50052")
    rewards_address: str = setting("where `rewards` listens, host:port", default="127.0.0.1:50053")

    host: str = setting("address that the gateway listens on", default="0.0.0.0")  # noqa: S104 - tills are outside
    port: int = setting("port that the gateway listens on", default=8080)
    internal_host: str = setting("address that /healthz, /readyz and /metrics listen on", default="127.0.0.1")
    internal_port: int = setting("port of /healthz, /readyz and /metrics", default=9080)
    workers: int = setting("processes that answer requests", default=1)
    threads: int = setting("requests for one service that one process works on at the same time", default=16)
    waiting_max: int = setting("requests that may wait in one process; more are refused at once", default=64)
    wait_ms: int = setting("milliseconds that a request may wait before it is refused", default=500)
    connections_max: int = setting(
        "connections that one process keeps open; beyond them the longest idle one makes room", default=4_096
    )
    connections_per_address_max: int = setting(
        "connections that one process keeps open for one address; beyond them its longest idle one makes room",
        default=512,
    )
    backlog: int = setting("connections that may wait to be accepted, at least 128", default=1_024)
    drain_s: int = setting("seconds that requests under way may take to end after SIGTERM", default=15)

    head_bytes_max: int = setting("longest head of a request, in bytes", default=16_384)
    head_deadline_s: int = setting(
        "seconds for the head of a request to arrive, on a new connection from its beginning", default=10
    )
    idle_s: int = setting("seconds that a connection may wait for its next request", default=75)
    body_deadline_s: int = setting("seconds for the body of a request to arrive", default=60)
    body_bytes_per_s_min: int = setting(
        "bytes a second that a body must bring on average, its first three seconds forgiven", default=2_048
    )
    body_unasked_bytes_max: int = setting(
        "longest body that is read before it is known whose it is, in bytes", default=65_536
    )
    bodies_bytes_max: int = setting(
        "bytes of bodies that one process keeps in memory, a quarter of it for one address", default=134_217_728
    )
    answer_deadline_s: int = setting("seconds that a client may take to read its answer", default=60)
    body_bytes_max: int = setting("longest body of a request, in bytes", default=1_048_576)
    upload_bytes_max: int = setting("longest body of a call with one receipt or many, in bytes", default=4_194_304)
    # A till's socket closes after five seconds; look-up and write together stay below that.
    lookup_deadline_ms: int = setting("milliseconds to authenticate a key or resolve an identifier", default=1_000)
    read_deadline_ms: int = setting("milliseconds for a read", default=2_000)
    report_deadline_ms: int = setting("milliseconds for a report over a whole program", default=30_000)
    write_deadline_ms: int = setting("milliseconds for a write", default=3_500)
    upload_lookup_ms: int = setting("milliseconds that many purchases may spend on resolving members", default=5_000)
    upload_deadline_ms: int = setting("milliseconds for recording many purchases", default=20_000)

    circuit_silence_ms: int = setting(
        "milliseconds without any answer after which a service whose answers are overdue is not called", default=1_000
    )
    circuit_failures_max: int = setting(
        "calls in a row that may fail, or be overdue, before a service is not called", default=4
    )
    circuit_probe_interval_ms: int = setting(
        "milliseconds after which one call tries again a service that is not called", default=500
    )

    key_fresh_s: int = setting("seconds that an API key is trusted without asking again", default=45)
    key_stale_s: int = setting("seconds that an API key is trusted while `members` is away", default=600)
    identifier_fresh_s: int = setting("seconds that an identifier's member is remembered", default=60)
    identifier_stale_s: int = setting("the same while `members` is away", default=600)
    isolated_s: int = setting(
        "seconds that both are trusted while `members` is away and Redis, which carries their changes, too", default=60
    )
    unknown_keys_per_min: int = setting("unknown API keys a minute that one address may send to a process", default=60)
    trusted_proxies: str = setting(
        "addresses and networks of proxies whose X-Forwarded-For names the client, separated by commas", default=""
    )
    remembered_max: int = setting("keys, and identifiers, that a process remembers", default=50_000)

    redis_url: str = setting(
        "Redis or Valkey in which processes share rate limits; without one, each counts for itself",
        default="",
        variable="REDIS_URL",
        secret=True,
    )
    redis_timeout_ms: int = setting("milliseconds that a rate limit may wait for Redis", default=50)
    till_requests_per_s: int = setting(
        "requests a second that one till's key may make, and purchases that it may upload", default=600
    )
    app_requests_per_s: int = setting("requests a second that one app's key may make", default=600)
    staff_requests_per_s: int = setting("requests a second that one staff key may make", default=100)
    admin_requests_per_s: int = setting(
        "requests a second that one admin key may make, and purchases that it may upload", default=100
    )

    till_lookups_per_min: int = setting(
        "identifiers a minute that one till's key may look up beyond those remembered", default=3_000
    )
    app_lookups_per_min: int = setting("the same for one app's key", default=3_000)
    staff_lookups_per_min: int = setting("the same for one staff key", default=300)
    admin_lookups_per_min: int = setting("the same for one admin key, which may bring members in", default=60_000)

    log_level: str = setting("debug, info, warning or error", default="info")


def load(environ: Mapping[str, str]) -> Config:
    """Reads the settings, or raises ConfigError."""
    return read(Config, PREFIX, environ)
