"""The settings of `points`, each with its bound and its unit."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from kit.config import read, setting

PREFIX = "POINTS"


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
    members_address: str = setting(
        "where `members` listens, host:port", default="127.0.0.1:50051", variable="MEMBERS_ADDRESS"
    )
    members_deadline_ms: int = setting("milliseconds that a question to `members` may take", default=1_000)

    host: str = setting("address that the service listens on", default="127.0.0.1")
    port: int = setting("port that the service listens on", default=50_052)
    port_shared: bool = setting("whether several processes may listen on the port", default=False)
    internal_host: str = setting("address that /healthz, /readyz and /metrics listen on", default="127.0.0.1")
    internal_port: int = setting("port of /healthz, /readyz and /metrics", default=9_082)
    reflection: bool = setting("whether gRPC reflection describes the service to callers", default=False)
    threads_max: int = setting("requests that are worked on at the same time; most wait for the writer", default=128)
    concurrent_rpcs_max: int = setting("requests that are worked on or wait; more are refused at once", default=512)
    drain_s: int = setting("seconds that requests under way may take to end after SIGTERM", default=10)

    connections_max: int = setting("database connections of a process", default=20)
    connection_wait_ms: int = setting("milliseconds that a request waits for a free connection", default=2_000)
    database_wait_s: int = setting("seconds that a starting process waits for its database", default=60)

    batch_max: int = setting("operations written in one transaction; 1 gives each its own", default=128)
    queue_max: int = setting("operations that may wait to be written; more are refused at once", default=2_000)
    queue_wait_ms: int = setting("milliseconds that an operation may wait to be written", default=1_000)
    evaluation_steps_max: int = setting(
        "steps that judging one receipt may cost, ten million of them about a second at the worst; rules that could"
        " make the greatest receipt cost more are not activated, and a receipt that could is refused",
        default=50_000_000,
    )
    programs_cached_max: int = setting("programs whose earning rules a process keeps at hand", default=1_000)

    relay_interval_ms: int = setting("milliseconds between two looks into the outbox", default=200)
    relay_batch_max: int = setting("events published in one go", default=500)
    consumer_interval_ms: int = setting("milliseconds between two looks for events of others", default=200)
    jobs_interval_s: int = setting("seconds between two rounds of the timed jobs", default=60)
    jobs_batch_max: int = setting("rows that one round of a timed job handles", default=500)

    transfer_stuck_s: int = setting(
        "seconds on its way after which a transfer between members counts as stuck, in metrics and log", default=600
    )

    enrolments_interval_ms: int = setting("milliseconds between two looks for enrolments to record", default=1_000)

    rehearsals_interval_ms: int = setting("milliseconds between two looks for rules to rehearse", default=1_000)
    rehearsals_page_max: int = setting("past purchases that one round of a rehearsal judges", default=500)

    seal_after_s: int = setting(
        "seconds after which what is recorded is sealed; nothing can then be added", default=900
    )
    seal_span_s: int = setting("seconds that a seal covers at least, while there is no more to seal", default=900)

    log_level: str = setting("debug, info, warning or error", default="info")


def load(environ: Mapping[str, str]) -> Config:
    """Reads the settings, or raises ConfigError."""
    return read(Config, PREFIX, environ)
