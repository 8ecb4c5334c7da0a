"""What is announced of redemptions, and how far it travels."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from kit import streams
from kit.events import from_entry, to_entry
from kit.ids import ordered_id
from kit.outbox import Event, Relay
from services.rewards import announces, listens, tables
from services.rewards.app import members_consumer
from services.rewards.domain.availability import MemberStatus
from services.rewards.storage import Storage
from tests.factories.rewards import COST, Caller, Ledger
from tests.integration.rewards.announced import announced


def test_a_voucher_that_is_used(caller: Caller, ledger: Ledger, engine: sa.Engine) -> None:
    member, reward = ledger.member(), caller.reward()
    redemption = caller.redemption(member, reward.reward_id)
    caller.use(redemption.voucher.code, store_id="store 7")

    first, second = announced(engine, redemption.redemption_id)

    common = {"member_id": member, "reward_id": reward.reward_id, "cost_points": COST, "wallet": "points"}
    expires_at = redemption.voucher.expires_at.ToDatetime(UTC).isoformat()
    assert first == ("redemption.confirmed", 1, {**common, "expires_at": expires_at})
    assert second == ("voucher.used", 2, {**common, "store_id": "store 7", "terminal_id": ""})


def test_a_redemption_that_is_undone(caller: Caller, ledger: Ledger, engine: sa.Engine) -> None:
    member = ledger.member()
    redemption = caller.redemption(member, caller.reward().reward_id)
    caller.cancel(member, redemption.redemption_id)
    _, (kind, version, payload) = announced(engine, redemption.redemption_id)
    assert (kind, version, payload["reason"]) == ("redemption.cancelled", 2, "CANCELLED_ON_REQUEST")


def test_a_redemption_that_never_stood(caller: Caller, ledger: Ledger, engine: sa.Engine) -> None:
    redemption = caller.redemption(ledger.member(0), caller.reward().reward_id)
    ((kind, version, payload),) = announced(engine, redemption.redemption_id)
    assert (kind, version, payload["reason"]) == ("redemption.cancelled", 1, "INSUFFICIENT_BALANCE")


def test_no_event_holds_a_code(caller: Caller, ledger: Ledger, engine: sa.Engine) -> None:
    redemption = caller.redemption(ledger.member(), caller.reward().reward_id)
    code = redemption.voucher.code.replace("-", "")
    assert code not in str(announced(engine, redemption.redemption_id))


def test_events_reach_the_stream(caller: Caller, ledger: Ledger, engine: sa.Engine, redis_url: str) -> None:
    redemption = caller.redemption(ledger.member(), caller.reward().reward_id)
    with streams.connect(redis_url) as client:
        Relay(engine, tables.outbox, client, announces.STREAM).publish_once()
        ((_, fields),) = streams.entries_after(client, announces.STREAM, streams.EARLIEST, count=10)
    event = from_entry(fields)
    assert (event.type, str(event.aggregate_id)) == ("redemption.confirmed", redemption.redemption_id)


def test_a_change_of_traits_tells_the_status_too_and_nothing_else_that_matters_here(
    engine: sa.Engine, storage: Storage
) -> None:
    event = Event(
        id=ordered_id(),
        aggregate_type="member",
        aggregate_id=uuid.uuid4(),
        type="member.traits_changed",
        version=2,
        program_id=uuid.uuid4(),
        occurred_at=datetime.now(UTC),
        payload={"status": "earn_only", "tier": "gold", "segments": ["vip"], "attributes": {"city": "Lahore"}},
    )
    with engine.begin() as connection:
        listens.on_member_event(connection, event)
    with storage.transaction() as tx:
        assert tx.statuses.load(event.program_id, event.aggregate_id) is MemberStatus.EARN_ONLY


def test_what_the_members_stream_tells_of_api_keys_has_no_effect_here(engine: sa.Engine) -> None:
    event = Event(
        id=ordered_id(),
        aggregate_type="api_key",
        aggregate_id=uuid.uuid4(),
        type="api_key.revoked",
        version=2,
        program_id=uuid.uuid4(),
        occurred_at=datetime.now(UTC),
        payload={"role": "till", "caller_id": str(uuid.uuid4())},
    )
    with engine.begin() as connection:
        listens.on_member_event(connection, event)
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.member_statuses)) == 0


def test_statuses_come_from_the_members_stream(engine: sa.Engine, storage: Storage, redis_url: str) -> None:
    event = Event(
        id=ordered_id(),
        aggregate_type="member",
        aggregate_id=uuid.uuid4(),
        type="member.enrolled",
        version=1,
        program_id=uuid.uuid4(),
        occurred_at=datetime.now(UTC),
        payload={"status": "active"},
    )
    consumer = members_consumer(engine, redis_url)
    with streams.connect(redis_url) as client:
        for _ in range(2):  # delivered twice, had once
            fields: dict[Any, Any] = to_entry(event, listens.HEARS.stream)
            client.xadd(listens.HEARS.stream, fields)
        while consumer.consume_once():
            pass
    with storage.transaction() as tx:
        assert tx.statuses.load(event.program_id, event.aggregate_id) is MemberStatus.ACTIVE
        assert tx.statuses.load(uuid.uuid4(), event.aggregate_id) is None
