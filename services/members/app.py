"""The composition root: settings → engine → storage → handlers → servicer → server and workers."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Iterable

import sqlalchemy as sa

from kit import database, row_digests, streams
from kit.checking import Finding
from kit.config import ConfigError
from kit.outbox import Relay
from kit.process import App, Service
from kit.server import Server
from kit.telemetry import InternalServer
from kit.workers import Worker
from services.members import announces, check, config, handlers, jobs, tables
from services.members.config import Config
from services.members.ports import Publish
from services.members.rpc import MembersServicer
from services.members.sealing import KEY_BYTES, MasterKeys, Pepper
from services.members.storage import Storage

NAME = "members"

# Of one answer of Redis to what is published within a request.
PUBLISH_TIMEOUT_S = 0.25


def build(config: Config) -> App:
    """Makes the service. Takes the ports; connects to nothing."""
    engine = engine_of(config)
    storage = Storage(engine, master_keys_of(config), pepper_of(config))
    server = Server(
        [servicer(storage, _publisher(config, engine))],
        host=config.host,
        port=config.port,
        port_shared=config.port_shared,
        threads_max=config.threads_max,
        concurrent_rpcs_max=config.concurrent_rpcs_max,
        reflection=config.reflection,
    )
    internal = InternalServer(
        config.internal_port, lambda: server.is_serving and database.is_there(engine), host=config.internal_host
    )
    return App(server, internal, (_relay(config, engine), *_jobs(config, storage)))


def servicer(storage: Storage, publish: Publish = lambda: None) -> MembersServicer:
    """The servicer with its handlers."""
    return MembersServicer(
        handlers.MemberHandlers(storage),
        handlers.IdentifierHandlers(storage, publish),
        handlers.ProgramHandlers(storage),
        handlers.ApiKeyHandlers(storage, publish),
    )


def engine_of(config: Config) -> sa.Engine:
    """The engine for the service's database."""
    bounds = database.PoolBounds(size_max=config.connections_max, wait_ms=config.connection_wait_ms)
    return row_digests.keyed(database.engine(config.database_url, bounds), config.lookup_pepper)


def master_keys_of(config: Config) -> MasterKeys:
    """The master keys, or ConfigError."""
    try:
        retired = [base64.b64decode(text, validate=True) for text in config.master_keys_retired.split(",") if text]
        return MasterKeys(config.master_key, retired)
    except ValueError as error:
        variables = "MEMBERS_MASTER_KEY and each of MEMBERS_MASTER_KEYS_RETIRED"
        raise ConfigError(f"{variables} must be {KEY_BYTES} bytes in base64") from error


def pepper_of(config: Config) -> Pepper:
    """The pepper, or ConfigError."""
    try:
        return Pepper(config.lookup_pepper)
    except ValueError as error:
        raise ConfigError(f"MEMBERS_LOOKUP_PEPPER must be {KEY_BYTES} bytes in base64") from error


def findings(config: Config) -> Iterable[Finding]:
    """What the checker finds in the service's database."""
    return check.check(engine_of(config), master_keys_of(config), pepper_of(config))


def _relay(config: Config, engine: sa.Engine) -> Worker:
    redis = streams.connect(config.redis_url)
    relay = Relay(engine, tables.outbox, redis, announces.STREAM, batch_max=config.relay_batch_max)
    return Worker("members-relay", relay.publish_once, interval_s=config.relay_interval_ms / 1_000)


def _publisher(config: Config, engine: sa.Engine) -> Publish:
    """Publishes within a request: a Redis that is slow may cost it little."""
    redis = streams.connect(config.redis_url, answer_timeout_s=PUBLISH_TIMEOUT_S)
    relay = Relay(engine, tables.outbox, redis, announces.STREAM, batch_max=config.relay_batch_max)
    return relay.publish_if_possible


def _jobs(config: Config, storage: Storage) -> tuple[Worker, ...]:
    rounds: dict[str, Callable[..., bool]] = {
        "members-forget-stored-answers": jobs.forget_stored_answers,
        "members-prune-events": jobs.prune_events,
        "members-rewrap-data-keys": jobs.rewrap_data_keys,
    }
    return tuple(
        Worker(name, functools.partial(job, storage, limit=config.jobs_batch_max), interval_s=config.jobs_interval_s)
        for name, job in rounds.items()
    )


SERVICE = Service(
    name=NAME,
    about="Who someone is: members, what they are found by, programs and the API keys of callers.",
    load=config.load,
    build=build,
    engine_of=engine_of,
    metadata=tables.metadata,
    check=findings,
)
