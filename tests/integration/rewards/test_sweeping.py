"""Abandoned redemptions find somebody; timed jobs do their rounds."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import prometheus_client
import sqlalchemy as sa
from loyalty.rewards.v1 import rewards_pb2 as pb

from kit.chassis import jobs as housekeeping
from kit.clock import Clock
from services.rewards import jobs
from services.rewards.handlers import Saga
from services.rewards.storage import Storage
from tests.factories.rewards import Caller, Ledger, together
from tests.integration.rewards.conftest import LEASE_S, MovableClock

Sweep = Callable[[], None]


def test_what_is_under_lease_is_left_alone(
    caller: Caller, ledger: Ledger, storage: Storage, saga: Saga, sweep: Sweep
) -> None:
    ledger.is_away("CaptureHold")
    member = ledger.member()
    redemption = caller.redemption(member, caller.reward().reward_id)
    ledger.is_back()

    assert jobs.sweep_redemptions(storage, saga, lease_s=LEASE_S, limit=10) is False
    assert caller.get_redemption(member, redemption.redemption_id).state == pb.REDEMPTION_STATE_ISSUED

    sweep()
    assert caller.get_redemption(member, redemption.redemption_id).state == pb.REDEMPTION_STATE_CONFIRMED


def test_a_round_is_bounded_and_says_that_there_is_more(
    caller: Caller, ledger: Ledger, engine: sa.Engine, storage: Storage, saga: Saga
) -> None:
    _abandon(caller, ledger, engine, 3)
    ledger.is_back()
    assert jobs.sweep_redemptions(storage, saga, lease_s=LEASE_S, limit=2) is True
    assert jobs.sweep_redemptions(storage, saga, lease_s=LEASE_S, limit=2) is False
    assert len(ledger.spent_holds()) == 3


def test_a_round_ends_when_the_ledger_is_away(
    caller: Caller, ledger: Ledger, engine: sa.Engine, storage: Storage, saga: Saga
) -> None:
    _abandon(caller, ledger, engine, 3)
    ledger.calls.clear()
    assert jobs.sweep_redemptions(storage, saga, lease_s=LEASE_S, limit=10) is False
    assert set(ledger.calls) == {"PlaceHold"}
    assert _leases(engine) == 2


def test_sweepers_do_not_meet(
    caller: Caller, ledger: Ledger, engine: sa.Engine, storage: Storage, saga: Saga, books: Callable[[], None]
) -> None:
    _abandon(caller, ledger, engine, 8)
    ledger.is_back()
    ledger.calls.clear()
    together(4, lambda _: jobs.sweep_redemptions(storage, saga, lease_s=LEASE_S, limit=20))
    assert ledger.calls.count("PlaceHold") == 8


def test_sweepers_that_meet_all_the_same_do_no_harm(
    caller: Caller, ledger: Ledger, engine: sa.Engine, storage: Storage, saga: Saga, books: Callable[[], None]
) -> None:
    _abandon(caller, ledger, engine, 4)
    ledger.is_back()
    # A lease of no time at all: whoever looks takes over what others are at work on.
    together(8, lambda _: jobs.sweep_redemptions(storage, saga, lease_s=0, limit=50))
    assert len(ledger.spent_holds()) == 4


def test_stuck_redemptions_are_counted(
    caller: Caller, ledger: Ledger, engine: sa.Engine, storage: Storage, clock: MovableClock
) -> None:
    _abandon(caller, ledger, engine, 2)
    jobs.watch_redemptions(storage, stuck_after_s=600)
    assert _stuck() == 0
    clock.ahead = timedelta(seconds=700)
    jobs.watch_redemptions(storage, stuck_after_s=600)
    assert _stuck() == 2


def test_old_answers_and_events_are_forgotten(
    caller: Caller, engine: sa.Engine, storage: Storage, clock: MovableClock, ledger: Ledger
) -> None:
    caller.redemption(ledger.member(), caller.reward().reward_id)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE outbox SET published_at = now()"))
        connection.execute(
            sa.text("INSERT INTO inbox (consumer, event_id) VALUES ('rewards', :id)"), {"id": uuid.uuid4()}
        )
    for ahead, left in ((timedelta(), (2, 1, 1)), (timedelta(days=31), (0, 0, 0))):
        clock.ahead = ahead
        housekeeping.forget_stored_answers(storage, limit=10)
        housekeeping.prune_events(storage, limit=10)
        assert _counts(engine) == left


def test_time_is_the_databases_unless_a_clock_is_given(engine: sa.Engine, clock: Clock) -> None:
    with Storage(engine).transaction() as tx:
        assert abs(tx.now - clock.now()) < timedelta(minutes=1)


def _abandon(caller: Caller, ledger: Ledger, engine: sa.Engine, count: int) -> None:
    """Leaves so many redemptions behind, with the ledger away and their leases over."""
    reward = caller.reward()
    ledger.is_away()
    for _ in range(count):
        assert caller.redemption(ledger.member(), reward.reward_id).state == pb.REDEMPTION_STATE_REQUESTED
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE redemptions SET lease_until = now() - interval '1s'"))


def _leases(engine: sa.Engine) -> int:
    """How many leases are over."""
    with engine.connect() as connection:
        count: int = connection.scalar(sa.text("SELECT count(*) FROM redemptions WHERE lease_until < now()")) or 0
    return count


def _stuck() -> float | None:
    return prometheus_client.REGISTRY.get_sample_value("redemptions_stuck")


def _counts(engine: sa.Engine) -> tuple[int, ...]:
    with engine.connect() as connection:
        return tuple(
            connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0  # noqa: S608 - names of ours
            for table in ("stored_answers", "outbox", "inbox")
        )
