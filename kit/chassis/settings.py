"""The settings that every service has. A service's own `config.py` adds what is its own, below these in the reference.

`with_default` gives a setting another default and nothing else:

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Config(ServiceSettings):
        port: int = with_default(ServiceSettings, "port", entry("jars").port)
        jars_max: int = setting("jars on one shelf", default=40)
"""

from __future__ import annotations

import dataclasses

from kit.config import setting
from kit.peers.settings import PeerSettings


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServiceSettings(PeerSettings):
    """Read once when a process starts."""

    database_url: str = setting("database that this service alone owns, postgresql+psycopg://…", secret=True)
    owner_database_url: str = setting(
        "the same database as the role that owns its tables, for `migrate` alone; without it the role that serves owns"
        " them and may change what is recorded",
        default="",
        secret=True,
    )
    redis_url: str = setting(
        "Redis or Valkey that carries events",
        default="redis://127.0.0.1:6379/0",
        variable="REDIS_URL",
        secret=True,
    )

    port: int = setting("port that the service listens on", default=0)
    port_shared: bool = setting("whether several processes may listen on the port", default=False)
    internal_host: str = setting("address that /healthz, /readyz and /metrics listen on", default="127.0.0.1")
    internal_port: int = setting("port of /healthz, /readyz and /metrics", default=0)
    reflection: bool = setting("whether gRPC reflection describes the service to callers", default=False)
    threads_max: int = setting("requests that are worked on at the same time", default=16)
    concurrent_rpcs_max: int = setting("requests that are worked on or wait; more are refused at once", default=256)
    drain_s: int = setting("seconds that requests under way may take to end after SIGTERM", default=10)

    connections_max: int = setting("database connections of a process", default=16)
    connection_wait_ms: int = setting("milliseconds that a request waits for a free connection", default=2_000)
    database_wait_s: int = setting("seconds that a starting process waits for its database", default=60)

    relay_interval_ms: int = setting("milliseconds between two looks into the outbox", default=200)
    relay_batch_max: int = setting("events published in one go", default=500)
    jobs_interval_s: int = setting("seconds between two rounds of the timed jobs", default=60)
    jobs_batch_max: int = setting("rows that one round of a timed job handles", default=500)

    seal_after_s: int = setting(
        "seconds after which what is recorded is sealed; nothing can then be added", default=900
    )
    seal_span_s: int = setting("seconds that a seal covers at least, while there is no more to seal", default=900)

    log_level: str = setting("debug, info, warning or error", default="info")

    @property
    def digest_key(self) -> bytes:
        """The key of the digests of rows; empty for none."""
        return b""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DigestSettings(ServiceSettings):
    """Those of a service that has a key for the digests of its rows and for nothing else."""

    row_digest_key: bytes = setting(
        "key of the digests by which the checker notices changed rows, 32 bytes in base64; without it they have none",
        default=b"",
        secret=True,
    )

    @property
    def digest_key(self) -> bytes:
        return self.row_digest_key


@dataclasses.dataclass(frozen=True, kw_only=True)
class ListenerSettings(ServiceSettings):
    """Those of a service that listens to what others announce."""

    consumer_interval_ms: int = setting("milliseconds between two looks for events of others", default=500)
