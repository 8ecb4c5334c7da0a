"""The settings of `rewards`, each with its bound and its unit."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from kit.config import read, setting

PREFIX = "REWARDS"


@dataclasses.dataclass(frozen=True)
class Config:
    """Read once when a process starts."""

    database_url: str = setting("database that this service alone owns, postgresql+psycopg://…", secret=True)
    owner_database_url: str = setting(
        "the same database as the role that owns its tables, for `migrate` alone; without it the role that serves owns"
        " them and may change what is recorded",
        default="",
        secret=True,
    )
    row_digest_key: bytes = setting(
        "key of the digests by which the checker notices changed rows, 32 bytes in base64; without it they have none",
        default=b"",
        secret=True,
    )
    redis_url: str = setting(
        "Redis or Valkey that carries events",
        default="redis://127.0.0.1:6379/0",
        variable="REDIS_URL",
        secret=True,
    )
    points_address: str = setting(
        "address of `points`, host:port or a gRPC target", default="127.0.0.1:50052", variable="POINTS_ADDRESS"
    )
    points_deadline_ms: int = setting("milliseconds that a call of `points` may take, tries and all", default=2_000)

    host: str = setting("address that the service listens on", default="127.0.0.1")
    port: int = setting("port that the service listens on", default=50_053)
    port_shared: bool = setting("whether several processes may listen on the port", default=False)
    internal_host: str = setting("address that /healthz, /readyz and /metrics listen on", default="127.0.0.1")
    internal_port: int = setting("port of /healthz, /readyz and /metrics", default=9_083)
    reflection: bool = setting("whether gRPC reflection describes the service to callers", default=False)
    threads_max: int = setting("requests that are worked on at the same time", default=16)
    concurrent_rpcs_max: int = setting("requests that are worked on or wait; more are refused at once", default=256)
    drain_s: int = setting("seconds that requests under way may take to end after SIGTERM", default=10)

    connections_max: int = setting("database connections of a process", default=16)
    connection_wait_ms: int = setting("milliseconds that a request waits for a free connection", default=2_000)
    database_wait_s: int = setting("seconds that a starting process waits for its database", default=60)

    reward_places_max: int = setting(
        "redemptions of one reward that are worked on at the same time; more are refused at once", default=8
    )
    redemption_lease_s: int = setting(
        "seconds after the last step until a redemption counts as abandoned and a sweeper goes on with it", default=15
    )
    redemption_stuck_s: int = setting(
        "seconds under way after which a redemption counts as stuck, in metrics and log", default=600
    )
    sweep_interval_ms: int = setting("milliseconds between two looks for abandoned redemptions", default=1_000)
    sweep_batch_max: int = setting("abandoned redemptions that one look goes on with", default=50)

    relay_interval_ms: int = setting("milliseconds between two looks into the outbox", default=200)
    relay_batch_max: int = setting("events published in one go", default=500)
    consumer_interval_ms: int = setting("milliseconds between two looks for events of others", default=500)
    consumer_batch_max: int = setting("events of others handled in one go", default=100)
    jobs_interval_s: int = setting("seconds between two rounds of the timed jobs", default=60)
    jobs_batch_max: int = setting("rows that one round of a timed job handles", default=500)

    seal_after_s: int = setting(
        "seconds after which what is recorded is sealed; nothing can then be added", default=900
    )
    seal_span_s: int = setting("seconds that a seal covers at least, while there is no more to seal", default=900)

    log_level: str = setting("debug, info, warning or error", default="info")


def load(environ: Mapping[str, str]) -> Config:
    """Reads the settings, or raises ConfigError."""
    return read(Config, PREFIX, environ)
