"""The composition root: settings → engine → storage → clients → handlers → servicer → server and workers."""

from __future__ import annotations

import functools
import socket
from collections.abc import Iterable

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
from services.points import announces, check, config, handlers, jobs, listens, tables
from services.points.clients import MembersClient
from services.points.commit import Committer, Grouped, Rulebook, Singly
from services.points.conditions import CelConditions
from services.points.config import Config
from services.points.domain.evaluation_steps import STEPS_MAX_DEFAULT
from services.points.handlers.known_members import KnownMembers
from services.points.ports import Members
from services.points.rpc import PointsServicer
from services.points.storage import Storage

NAME = "points"


def build(config: Config) -> App:
    """Makes the service. Takes the ports; connects to nothing."""
    engine = engine_of(config)
    storage = Storage(engine)
    channel = client.channel(config.members_address, idempotent=entry("members").exposes)
    circuit = Circuit(CircuitBounds(places_of(config.threads_max)), service="members")
    members = MembersClient(channel, config.members_deadline_ms, circuit)
    conditions = CelConditions()
    committer, writers = _committer(config, storage, conditions)
    server = Server(
        [servicer(storage, committer, members, conditions, config.evaluation_steps_max)],
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
    beside = (
        _relay(config, engine),
        _consumer(config, engine),
        _enroller(config, storage, committer),
        _rehearser(config, storage, conditions),
        *_jobs(config, storage, committer, members),
    )
    return App(server, internal, (*writers, *beside))


def servicer(
    storage: Storage,
    committer: Committer,
    members: Members,
    conditions: CelConditions,
    evaluation_steps_max: int = STEPS_MAX_DEFAULT,
) -> PointsServicer:
    """The servicer with its handlers."""
    known_members = KnownMembers(storage, members)
    return PointsServicer(
        handlers.PurchaseHandlers(storage, committer, known_members),
        handlers.ReturnHandlers(storage, committer),
        handlers.ActivityHandlers(storage, committer, known_members),
        handlers.AccountHandlers(storage, committer, known_members),
        handlers.AdjustmentHandlers(storage, committer, known_members),
        handlers.TransferHandlers(storage, committer, known_members),
        handlers.HoldHandlers(storage, committer, known_members),
        handlers.RuleHandlers(storage, conditions, evaluation_steps_max),
        handlers.ReportHandlers(storage),
        handlers.RuleDocumentHandlers(storage, conditions),
        handlers.RehearsalHandlers(storage, conditions),
        handlers.ExchangeHandlers(storage, committer, known_members),
    )


def engine_of(config: Config) -> sa.Engine:
    """The engine for the service's database."""
    bounds = database.PoolBounds(size_max=config.connections_max, wait_ms=config.connection_wait_ms)
    return row_digests.keyed(database.engine(config.database_url, bounds), config.row_digest_key)


def findings(config: Config) -> Iterable[Finding]:
    """What the checker finds in the service's database."""
    return check.check(engine_of(config))


def _relay(config: Config, engine: sa.Engine) -> Worker:
    redis = streams.connect(config.redis_url)
    relay = Relay(engine, tables.outbox, redis, announces.STREAM, batch_max=config.relay_batch_max)
    return Worker("points-relay", relay.publish_once, interval_s=config.relay_interval_ms / 1_000)


def _consumer(config: Config, engine: sa.Engine) -> Worker:
    consumer = members_consumer(engine, config.redis_url)
    return Worker("points-members-events", consumer.consume_once, interval_s=config.consumer_interval_ms / 1_000)


def members_consumer(engine: sa.Engine, redis_url: str) -> Consumer:
    """What keeps the projection of members."""
    return Consumer(
        engine,
        tables.inbox,
        tables.dead_letters,
        streams.connect(redis_url),
        stream=listens.MEMBERS_STREAM,
        group=NAME,
        name=f"{socket.gethostname()}-{id(engine):x}",
        handle=listens.on_member_event,
    )


def _committer(config: Config, storage: Storage, conditions: CelConditions) -> tuple[Committer, tuple[Worker, ...]]:
    """How operations are carried out, and the writer's thread if there is one."""
    rulebook = Rulebook(config.programs_cached_max, conditions, steps_max=config.evaluation_steps_max)
    if config.batch_max == 1:
        return Singly(storage, rulebook), ()
    grouped = Grouped(
        storage,
        rulebook,
        batch_max=config.batch_max,
        queue_max=config.queue_max,
        queue_wait_s=config.queue_wait_ms / 1_000,
    )
    return grouped, (grouped.writer(),)


def _enroller(config: Config, storage: Storage, committer: Committer) -> Worker:
    work = functools.partial(jobs.record_pending_activities, storage, committer, limit=config.jobs_batch_max)
    return Worker("points-record-enrolments", work, interval_s=config.enrolments_interval_ms / 1_000)


def _rehearser(config: Config, storage: Storage, conditions: CelConditions) -> Worker:
    work = functools.partial(jobs.rehearse_rules, storage, conditions, limit=config.rehearsals_page_max)
    return Worker("points-rehearse-rules", work, interval_s=config.rehearsals_interval_ms / 1_000)


def _jobs(config: Config, storage: Storage, committer: Committer, members: Members) -> tuple[Worker, ...]:
    limit, rounds = config.jobs_batch_max, {}
    rounds["points-settle-overdue-accounts"] = functools.partial(
        jobs.settle_overdue_accounts, storage, committer, limit=limit
    )
    transfers = handlers.TransferHandlers(storage, committer, KnownMembers(storage, members))
    rounds["points-finish-transfers"] = functools.partial(jobs.finish_transfers, transfers, limit=limit)
    rounds["points-expire-adjustments"] = functools.partial(jobs.expire_adjustments, storage, limit=limit)
    rounds["points-forget-stored-answers"] = functools.partial(jobs.forget_stored_answers, storage, limit=limit)
    rounds["points-prune-events"] = functools.partial(jobs.prune_events, storage, limit=limit)
    rounds["points-prune-rehearsals"] = functools.partial(jobs.prune_rehearsals, storage, limit=limit)
    rounds["points-watch-transfers"] = functools.partial(
        jobs.watch_transfers, storage, stuck_after_s=config.transfer_stuck_s
    )
    return tuple(Worker(name, job, interval_s=config.jobs_interval_s) for name, job in rounds.items())


SERVICE = Service(
    name=NAME,
    about="What members hold: accounts, entries, holds, purchases, and the rules that earn.",
    load=config.load,
    build=build,
    engine_of=engine_of,
    metadata=tables.metadata,
    check=findings,
    consumers=lambda config: [members_consumer(engine_of(config), config.redis_url)],
)
