"""The composition root: what makes `rewards` differ from another service; `kit.chassis` makes a process of it."""

from __future__ import annotations

import functools

import sqlalchemy as sa

from kit.chassis.app import Parts, Service, channel_to, consumer
from kit.inbox import Consumer
from kit.workers import Worker
from services.rewards import announces, check, handlers, jobs, listens, peers, tables
from services.rewards.clients import GrpcPoints
from services.rewards.config import Config
from services.rewards.handlers import Saga
from services.rewards.ports import PointsClient
from services.rewards.rpc import RewardsServicer
from services.rewards.storage import Storage


def parts(config: Config, storage: Storage) -> Parts:
    """The servicer, the sweeper of redemptions, and the timed work that is its own."""
    channel, circuit = channel_to("points", config.points_address, config)
    points = GrpcPoints(channel, circuit, deadline_ms=config.points_deadline_ms)
    saga = Saga(storage, points, lease_s=config.redemption_lease_s)
    return Parts(
        [servicer(storage, points, saga, places_max=config.reward_places_max, lease_s=config.redemption_lease_s)],
        workers=[_sweeper(config, storage, saga)],
        jobs={
            "watch-redemptions": functools.partial(
                jobs.watch_redemptions, storage, stuck_after_s=config.redemption_stuck_s
            )
        },
    )


def servicer(storage: Storage, points: PointsClient, saga: Saga, *, places_max: int, lease_s: int) -> RewardsServicer:
    """The servicer with its handlers."""
    return RewardsServicer(
        handlers.Rewards(storage, points),
        handlers.Redemptions(storage, saga, handlers.RewardPlaces(places_max), lease_s=lease_s),
        handlers.Vouchers(storage, lease_s=lease_s),
    )


def members_consumer(engine: sa.Engine, redis_url: str, *, batch_max: int = 100) -> Consumer:
    """What keeps the projection of the members' statuses."""
    return consumer(
        "rewards",
        engine,
        tables.metadata,
        redis_url,
        stream=listens.HEARS.stream,
        handle=listens.on_member_event,
        batch_max=batch_max,
    )


def _sweeper(config: Config, storage: Storage, saga: Saga) -> Worker:
    sweep = functools.partial(
        jobs.sweep_redemptions, storage, saga, lease_s=config.redemption_lease_s, limit=config.sweep_batch_max
    )
    return Worker("rewards-sweep-redemptions", sweep, interval_s=config.sweep_interval_ms / 1_000)


SERVICE = Service(
    word="rewards",
    config=Config,
    metadata=tables.metadata,
    stream=announces.STREAM,
    peers=peers.PEERS,
    storage=lambda engine, _: Storage(engine),
    parts=parts,
    check=lambda engine, _: check.check(engine),
    consumers=lambda engine, config: {
        "members": members_consumer(engine, config.redis_url, batch_max=config.consumer_batch_max)
    },
)
