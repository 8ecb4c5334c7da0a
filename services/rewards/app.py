"""The composition root: settings → engine → storage → clients → handlers → servicer → server and workers."""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable, Iterable

import sqlalchemy as sa

from kit import client, database, row_digests, streams
from kit.checking import Finding
from kit.circuit import Circuit, CircuitBounds, places_of
from kit.inbox import Consumer
from kit.outbox import Relay
from kit.process import App, Service
from kit.server import Server
from kit.suite import entry
from kit.telemetry import InternalServer
from kit.workers import Worker
from services.rewards import announces, check, config, handlers, jobs, listens, tables
from services.rewards.clients import GrpcPoints
from services.rewards.config import Config
from services.rewards.handlers import Saga
from services.rewards.ports import PointsClient
from services.rewards.rpc import RewardsServicer
from services.rewards.storage import Storage

NAME = "rewards"


def build(config: Config) -> App:
    """Makes the service. Takes the ports; connects to nothing."""
    engine = engine_of(config)
    storage = Storage(engine)
    # Every write carries a request id and the rest reads, so gRPC may try all of them again.
    points = GrpcPoints(
        client.channel(config.points_address, idempotent=entry("points").exposes),
        Circuit(CircuitBounds(places_of(config.threads_max)), service="points"),
        deadline_ms=config.points_deadline_ms,
    )
    saga = Saga(storage, points, lease_s=config.redemption_lease_s)
    server = Server(
        [servicer(storage, points, saga, places_max=config.reward_places_max, lease_s=config.redemption_lease_s)],
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
    workers = (_relay(config, engine), _consumer(config, engine), _sweeper(config, storage, saga))
    return App(server, internal, (*workers, *_jobs(config, storage)))


def servicer(storage: Storage, points: PointsClient, saga: Saga, *, places_max: int, lease_s: int) -> RewardsServicer:
    """The servicer with its handlers."""
    return RewardsServicer(
        handlers.Rewards(storage, points),
        handlers.Redemptions(storage, saga, handlers.RewardPlaces(places_max), lease_s=lease_s),
        handlers.Vouchers(storage, lease_s=lease_s),
    )


def engine_of(config: Config) -> sa.Engine:
    """The engine for the service's database."""
    bounds = database.PoolBounds(size_max=config.connections_max, wait_ms=config.connection_wait_ms)
    return row_digests.keyed(database.engine(config.database_url, bounds), config.row_digest_key)


def findings(config: Config) -> Iterable[Finding]:
    """What the checker finds in the service's database."""
    return check.check(engine_of(config))


def members_consumer(engine: sa.Engine, redis_url: str, *, batch_max: int = 100) -> Consumer:
    """What keeps the projection of the members' statuses."""
    return Consumer(
        engine,
        tables.inbox,
        tables.dead_letters,
        streams.connect(redis_url),
        stream=listens.MEMBERS_STREAM,
        group=NAME,
        name=f"{socket.gethostname()}-{id(engine):x}",
        handle=listens.on_member_event,
        batch_max=batch_max,
    )


def _relay(config: Config, engine: sa.Engine) -> Worker:
    redis = streams.connect(config.redis_url)
    relay = Relay(engine, tables.outbox, redis, announces.STREAM, batch_max=config.relay_batch_max)
    return Worker("rewards-relay", relay.publish_once, interval_s=config.relay_interval_ms / 1_000)


def _consumer(config: Config, engine: sa.Engine) -> Worker:
    consumer = members_consumer(engine, config.redis_url, batch_max=config.consumer_batch_max)
    return Worker("rewards-members-events", consumer.consume_once, interval_s=config.consumer_interval_ms / 1_000)


def _sweeper(config: Config, storage: Storage, saga: Saga) -> Worker:
    sweep = functools.partial(
        jobs.sweep_redemptions, storage, saga, lease_s=config.redemption_lease_s, limit=config.sweep_batch_max
    )
    return Worker("rewards-sweep-redemptions", sweep, interval_s=config.sweep_interval_ms / 1_000)


def _jobs(config: Config, storage: Storage) -> tuple[Worker, ...]:
    watch = functools.partial(jobs.watch_redemptions, storage, stuck_after_s=config.redemption_stuck_s)
    rounds: dict[str, Callable[[], bool]] = {
        "rewards-watch-redemptions": watch,
        "rewards-forget-stored-answers": functools.partial(
            jobs.forget_stored_answers, storage, limit=config.jobs_batch_max
        ),
        "rewards-prune-events": functools.partial(jobs.prune_events, storage, limit=config.jobs_batch_max),
    }
    return tuple(Worker(name, job, interval_s=config.jobs_interval_s) for name, job in rounds.items())


SERVICE = Service(
    name=NAME,
    about="What points buy: the catalogue, its stock, redemptions and the vouchers they end in.",
    load=config.load,
    build=build,
    engine_of=engine_of,
    metadata=tables.metadata,
    check=findings,
    consumers=lambda config: [members_consumer(engine_of(config), config.redis_url)],
)
