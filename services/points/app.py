"""The composition root: what makes `points` differ from another service; `kit.chassis` makes a process of it."""

from __future__ import annotations

import functools

import sqlalchemy as sa

from kit.chassis.app import Parts, Service, channel_to, consumer
from kit.chassis.jobs import Round
from kit.inbox import Consumer
from kit.workers import Worker
from services.points import announces, check, handlers, jobs, listens, peers, tables
from services.points.batch import Committer, DirectCommitter, GroupCommitter, Rulebook
from services.points.clients import MembersClient
from services.points.conditions import CelConditions
from services.points.config import Config
from services.points.domain.earning.evaluation_steps import STEPS_MAX_DEFAULT
from services.points.handlers.member_lookup import MemberLookup
from services.points.ports import Members
from services.points.rpc import EarningServicer, LedgerServicer, ProgramServicer, SalesServicer
from services.points.storage import Storage


def parts(config: Config, storage: Storage) -> Parts:
    """The servicers, the ledger's writer and the other workers, and the timed work that is its own."""
    channel, circuit = channel_to("members", config.members_address, config)
    members = MembersClient(channel, config.members_deadline_ms, circuit)
    conditions = CelConditions()
    committer, writers = _committer(config, storage, conditions)
    return Parts(
        servicers(storage, committer, members, conditions, config.evaluation_steps_max),
        workers=[*writers, _enroller(config, storage, committer), _rehearser(config, storage, conditions)],
        jobs=_jobs(config, storage, committer, members),
    )


def servicers(
    storage: Storage,
    committer: Committer,
    members: Members,
    conditions: CelConditions,
    evaluation_steps_max: int = STEPS_MAX_DEFAULT,
) -> tuple[SalesServicer, LedgerServicer, EarningServicer, ProgramServicer]:
    """The servicers with their handlers."""
    lookup = MemberLookup(storage, members)
    return (
        SalesServicer(
            handlers.PurchaseHandlers(storage, committer, lookup),
            handlers.ReturnHandlers(storage, committer),
            handlers.ExchangeHandlers(storage, committer, lookup),
        ),
        LedgerServicer(
            handlers.AccountHandlers(storage, committer, lookup),
            handlers.ReportHandlers(storage),
            handlers.HoldHandlers(storage, committer, lookup),
            handlers.AdjustmentHandlers(storage, committer, lookup),
            handlers.TransferHandlers(storage, committer, lookup),
        ),
        EarningServicer(
            handlers.ActivityHandlers(storage, committer, lookup),
            handlers.QualifyingHandlers(storage),
            handlers.RuleHandlers(storage, conditions, evaluation_steps_max),
        ),
        ProgramServicer(
            handlers.RuleDocumentHandlers(storage, conditions),
            handlers.RehearsalHandlers(storage, conditions),
            handlers.PolicyHandlers(storage),
        ),
    )


def members_consumer(engine: sa.Engine, redis_url: str) -> Consumer:
    """What keeps the projection of members."""
    return consumer(
        "points", engine, tables.metadata, redis_url, stream=listens.HEARS.stream, handle=listens.on_member_event
    )


def _committer(config: Config, storage: Storage, conditions: CelConditions) -> tuple[Committer, tuple[Worker, ...]]:
    """How operations are carried out, and the writer's thread if there is one."""
    rulebook = Rulebook(config.programs_cached_max, conditions, steps_max=config.evaluation_steps_max)
    if config.batch_max == 1:
        return DirectCommitter(storage, rulebook), ()
    grouped = GroupCommitter(
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


def _jobs(config: Config, storage: Storage, committer: Committer, members: Members) -> dict[str, Round]:
    limit = config.jobs_batch_max
    transfers = handlers.TransferHandlers(storage, committer, MemberLookup(storage, members))
    return {
        "settle-overdue-accounts": functools.partial(jobs.settle_overdue_accounts, storage, committer, limit=limit),
        "finish-transfers": functools.partial(jobs.finish_transfers, transfers, limit=limit),
        "expire-adjustments": functools.partial(jobs.expire_adjustments, storage, limit=limit),
        "prune-rehearsals": functools.partial(jobs.prune_rehearsals, storage, limit=limit),
        "watch-transfers": functools.partial(jobs.watch_transfers, storage, stuck_after_s=config.transfer_stuck_s),
    }


SERVICE = Service(
    word="points",
    config=Config,
    metadata=tables.metadata,
    stream=announces.STREAM,
    peers=peers.PEERS,
    storage=lambda engine, _: Storage(engine),
    parts=parts,
    check=lambda engine, _: check.check(engine),
    consumers=lambda engine, config: {"members": members_consumer(engine, config.redis_url)},
)
