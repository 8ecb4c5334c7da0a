"""What `points` announces is what it did; what it knows of members is what they said last, whatever Valkey does."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from loyalty.members.v1 import members_pb2

from kit import inbox, migrations, streams
from kit.outbox import Event, Relay
from services.members import announces as members_announces
from services.points import announces, listens, tables
from services.points.domain.errors import InsufficientBalance, ReceiptConflict
from services.points.domain.ledger.accounts import EntryKind
from services.points.domain.program.policy import MemberStatus
from tests.factories import points as make
from tests.integration.points.busy import live, started
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.listening import Ears, an_event, listening, settle
from tests.integration.points.served import owned, serving_members
from wafa.backends import Backends, ValkeyServer

ENTRY_EVENTS = {
    EntryKind.EARN: "points.earned",
    EntryKind.RETURN: "points.returned",
    EntryKind.SPEND: "points.spent",
    EntryKind.REVERSAL: "points.restored",
    EntryKind.EXPIRY: "points.expired",
    EntryKind.ADJUSTMENT: "points.adjusted",
    EntryKind.RECOVERY: "points.recovered",
    EntryKind.TRANSFER_OUT: "points.transferred_out",
    EntryKind.TRANSFER_IN: "points.transferred_in",
    EntryKind.TRANSFER_BACK: "points.transferred_back",
}

# ---- announced


@pytest.fixture
def busy(databases: Callable[[str], str]) -> Iterator[Points]:
    """The service after a day in which everything has happened."""
    with started(databases("points")) as points:
        live(points)
        yield points


def announced(points: Points) -> list[Any]:
    with points.engine.connect() as connection:
        return list(connection.execute(sa.select(tables.outbox).order_by(tables.outbox.c.id)))


def test_every_entry_has_its_event_and_every_event_its_entry(busy: Points) -> None:
    with busy.engine.connect() as connection:
        entries = connection.execute(sa.select(tables.entries)).all()
        purchases, activities = tables.purchases.c, tables.activities.c
        places = list(connection.execute(sa.select(purchases.purchase_id, purchases.store_id)))
        places += connection.execute(sa.select(activities.activity_id, activities.store_id))
    stores = {each[0]: each[1] for each in places}
    assert {entry.kind for entry in entries} == {kind.value for kind in EntryKind}

    told = [
        (row.type, row.aggregateid, row.version, row.program_id, row.occurred_at, row.payload)
        for row in announced(busy)
        if row.aggregatetype == "account"
    ]

    assert sorted(told, key=lambda each: each[1:3]) == sorted(
        [
            (
                ENTRY_EVENTS[EntryKind(entry.kind)],
                entry.member_id,
                entry.version,
                entry.program_id,
                entry.recorded_at,
                {"wallet": entry.wallet, "amount": entry.amount, "balance_after": entry.balance_after}
                | entry_cause(entry)
                | (earned(entry, stores) if entry.kind == "earn" else {}),
            )
            for entry in entries
        ],
        key=lambda each: each[1:3],
    )


def entry_cause(entry: Any) -> dict[str, str]:
    names = ("purchase_id", "return_id", "hold_id", "transfer_id", "activity_id", "adjustment_id")
    return {name: str(getattr(entry, name)) for name in names if getattr(entry, name) is not None}


def earned(entry: Any, stores: dict[uuid.UUID, str]) -> dict[str, Any]:
    """What `points.earned` tells besides, by what is kept of the entry."""
    earning = entry.earning
    told = {
        "store_id": stores[entry.purchase_id or entry.activity_id],
        "rule_id": earning["rule_id"],
        "rule_version": earning["rule_version"],
        "rule_name": earning["rule_name"],
        "qualifying": earning["qualifying"],
    }
    names = [name for name in ("available_at", "expires_at") if earning[name] is not None]
    instants = {name: datetime.fromisoformat(earning[name]).isoformat() for name in names}
    days = earning["inactivity_days"]
    return told | instants | ({} if days is None else {"inactivity_days": days})


def test_every_purchase_claim_return_and_activity_has_its_event(busy: Points) -> None:
    with busy.engine.connect() as connection:
        purchases = connection.execute(sa.select(tables.purchases)).all()
        claims = connection.execute(sa.select(tables.purchase_claims)).all()
        returns = connection.execute(sa.select(tables.returns)).all()
        matches = connection.execute(sa.select(tables.return_matches).where(tables.return_matches.c.misfit.is_(None)))
        matched = matches.all()
        activities = connection.execute(sa.select(tables.activities)).all()

    told = {
        (row.type, row.aggregateid, row.version): row.payload
        for row in announced(busy)
        if row.aggregatetype != "account"
    }

    expected = (
        {
            ("purchase.recorded", each.purchase_id, 1): ids_of(each, "member_id")
            | {
                "store_id": each.store_id,
                "total_minor": each.total_minor,
                "currency": each.currency,
                "points_earned": each.points_earned,
            }
            for each in purchases
        }
        | {
            ("purchase.claimed", each.purchase_id, 2): ids_of(each, "member_id") | {"points_earned": each.points_earned}
            for each in claims
        }
        | {
            ("activity.recorded", each.activity_id, 1): ids_of(each, "member_id")
            | {
                "kind": each.kind,
                "name": each.name,
                "store_id": each.store_id,
                "points_earned": each.points_earned,
            }
            for each in activities
        }
        | {
            ("return.recorded", each.return_id, 1): ids_of(each, "member_id", "purchase_id", "within_purchase_id")
            | {
                "points_returned": each.points_returned,
                "shortfall": each.shortfall,
                "points_restored": each.points_restored,
                "store_id": each.store_id,
                "currency": each.currency,
            }
            for each in returns
        }
        | {
            ("return.matched", each.return_id, 2): ids_of(each, "member_id", "purchase_id")
            | {"points_returned": each.points_returned, "shortfall": each.shortfall}
            for each in matched
        }
    )
    assert told.keys() == expected.keys()
    for key, payload in expected.items():
        assert payload.items() <= told[key].items(), key


def test_a_purchase_is_told_with_its_lines_and_how_it_was_paid(busy: Points) -> None:
    with busy.engine.connect() as connection:
        rows = connection.execute(sa.select(tables.purchases.c.purchase_id, tables.purchases.c.sale))
        sales = {row.purchase_id: row.sale for row in rows}
    told = {row.aggregateid: row.payload for row in announced(busy) if row.type == "purchase.recorded"}
    assert told.keys() == sales.keys()
    for purchase_id, payload in told.items():
        for told_line, line in zip(payload["lines"], sales[purchase_id]["lines"], strict=True):
            assert told_line.items() <= line.items()
        assert payload["total_minor"] == sum(line["amount_minor"] for line in payload["lines"])
        assert payload["tenders"] == sales[purchase_id]["tenders"]


def test_goods_that_come_back_are_told_with_what_they_cost_once_their_purchase_is_known(busy: Points) -> None:
    told = [row for row in announced(busy) if row.aggregatetype == "return"]
    for row in told:
        known = row.type == "return.matched" or "purchase_id" in row.payload or "within_purchase_id" in row.payload
        assert ("amount_minor" in row.payload) == known
        assert all(("sku" in line) == known for line in row.payload["lines"])
        if known:
            assert row.payload["amount_minor"] == sum(line["amount_minor"] for line in row.payload["lines"])


def ids_of(row: Any, *names: str) -> dict[str, str]:
    """The ids that are there."""
    return {name: str(getattr(row, name)) for name in names if getattr(row, name) is not None}


def test_what_is_refused_or_replayed_is_not_announced(points: Points) -> None:
    points.rule()
    member_id = points.member()
    command = make.record_purchase(member_id)
    points.purchases.record_purchase(TILL, command).unwrap()
    before = announced(points)

    points.purchases.record_purchase(TILL, command).unwrap()
    points.purchases.record_purchase(TILL, make.record_purchase(member_id, command.sale)).unwrap()
    with pytest.raises(InsufficientBalance):
        points.holds.place_hold(TILL, make.place_hold(member_id, 11)).unwrap()
    other = make.a_sale(make.a_line(1), receipt=command.sale.receipt)
    with pytest.raises(ReceiptConflict):
        points.purchases.record_purchase(TILL, make.record_purchase(member_id, other)).unwrap()

    assert announced(points) == before


def test_events_reach_the_stream_in_the_order_they_were_made(busy: Points, redis_url: str) -> None:
    with streams.connect(redis_url) as client:
        settle(Relay(busy.engine, tables.outbox, client, announces.STREAM))
        entries = [
            fields for _, fields in streams.entries_after(client, announces.STREAM, streams.EARLIEST, count=1_000)
        ]
    assert [entry["id"] for entry in entries] == [str(row.id) for row in announced(busy)]
    assert {entry["source"] for entry in entries} == {"wafa:points"}


# ---- heard


@pytest.fixture
def ears(databases: Callable[[str], str], redis_url: str) -> Iterator[Ears]:
    with listening(databases("members"), databases("points"), redis_url) as found:
        yield found


def expected(*told: Event) -> dict[uuid.UUID, tuple[str, int]]:
    return {each.aggregate_id: (each.payload["status"], each.version) for each in told}


def test_what_members_does_is_known_without_asking(ears: Ears) -> None:
    with serving_members(ears.members_engine) as (_, caller):
        program_id = caller.program()
        enrolled, suspended, gone = (caller.member(program_id) for _ in range(3))
        caller.change_status(suspended, members_pb2.MEMBER_STATUS_SUSPENDED)
        caller.change_status(gone, members_pb2.MEMBER_STATUS_TERMINATED)
        profile = members_pb2.Profile(given_name="Amina")
        updated = caller.update(enrolled, profile).response.member
        now = {member.member_id: caller.get(program_id, member.member_id) for member in (enrolled, suspended, gone)}

    ears.settle()

    assert ears.standings() == {
        uuid.UUID(enrolled.member_id): ("active", updated.version),
        uuid.UUID(suspended.member_id): ("suspended", now[suspended.member_id].version),
        uuid.UUID(gone.member_id): ("terminated", now[gone.member_id].version),
    }
    assert ears.letters() == []


def test_traits_that_members_is_told_are_known_without_asking(ears: Ears) -> None:
    with serving_members(ears.members_engine) as (_, caller):
        member = caller.member(caller.program())
        caller.set_traits(member, members_pb2.Traits(tier="gold", segments=["vip"], attributes={"city": "Lahore"}))
        # Whatever comes after carries them, too.
        last = caller.change_status(member, members_pb2.MEMBER_STATUS_EARN_ONLY).response.member
    ears.settle()
    table = tables.standings
    with ears.points_engine.connect() as connection:
        row = connection.execute(sa.select(table)).one()
    assert (row.status, row.member_version) == ("earn_only", last.version)
    assert (row.tier, row.segments, row.attributes) == ("gold", ["vip"], {"city": "Lahore"})


@pytest.mark.parametrize("status", MemberStatus)
def test_every_status_is_understood(ears: Ears, status: MemberStatus) -> None:
    told = an_event(status.value)
    ears.announce(told)
    ears.settle()
    assert ears.standings() == expected(told)


def test_what_the_stream_tells_of_api_keys_has_no_effect_here(ears: Ears) -> None:
    of_key = dataclasses.replace(an_event(), aggregate_type="api_key", type="api_key.revoked", payload={"role": "till"})
    ears.announce(of_key)
    ears.settle()
    assert ears.standings() == {}
    assert ears.inbox() == 1


def test_an_older_version_passes_without_effect(ears: Ears) -> None:
    member_id = uuid.uuid4()
    said = [("suspended", 3), ("active", 1), ("earn_only", 2)]
    third, first, second = (an_event(status, version=version, member_id=member_id) for status, version in said)
    for told in (third, first, second):
        ears.announce(told)
        ears.settle()
        assert ears.standings() == expected(third)
    assert ears.inbox() == 3


def test_an_answer_that_was_asked_for_is_kept_until_something_newer_is_said(points: Points) -> None:
    """The event of the same version comes after the answer, as a rule, and may come before it."""
    member_id = points.member()
    points.give(member_id, 1)
    for version, told, known in ((1, "suspended", "active"), (2, "suspended", "suspended"), (1, "active", "suspended")):
        with points.engine.begin() as connection:
            listens.on_member_event(connection, an_event(told, version=version, member_id=member_id))
            found = connection.scalar(
                sa.select(tables.standings.c.status).where(tables.standings.c.member_id == member_id)
            )
        assert found == known


def test_an_event_that_comes_twice_is_had_once(ears: Ears) -> None:
    told = [an_event() for _ in range(3)]
    ears.announce(*told)
    ears.settle()
    for _, fields in streams.entries_after(ears.redis, members_announces.STREAM, streams.EARLIEST, count=10):
        again: dict[Any, Any] = dict(fields)
        ears.redis.xadd(members_announces.STREAM, again)
    # Had a second time, this would be the member again.
    with (
        owned(ears.points_engine.url.render_as_string(hide_password=False)) as owning,
        owning.begin() as connection,
    ):
        connection.execute(sa.delete(tables.standings))

    ears.settle()

    assert (ears.standings(), ears.inbox()) == ({}, 3)


# ---- what cannot be understood


def let_time_pass(ears: Ears) -> None:
    """What was taken and not finished has been left alone for as long as the consumer waits before another try."""
    stream, group = members_announces.STREAM, "points"
    pending: Any = ears.redis.xpending_range(stream, group, "-", "+", 100)
    for entry in pending:
        ears.redis.xclaim(stream, group, entry["consumer"], 0, [entry["message_id"]], idle=3_600_000, justid=True)


@pytest.mark.parametrize("payload", [{"status": "asleep"}, {"status": None}, {}], ids=str)
def test_a_status_that_is_not_known_is_a_dead_letter_after_five_tries(ears: Ears, payload: dict[str, Any]) -> None:
    strange = dataclasses.replace(an_event(), payload=payload)
    before, after = an_event(), an_event()
    ears.announce(before, strange, after)

    ears.settle()
    for _ in range(inbox.DELIVERIES_MAX - 1):
        assert ears.letters() == []
        let_time_pass(ears)
        ears.settle()

    (letter,) = ears.letters()
    assert (letter.event_id, letter.deliveries, letter.type) == (strange.id, inbox.DELIVERIES_MAX, "member.enrolled")
    assert ears.standings() == expected(before, after)
    assert ears.consumer.replay_dead_letters() == 0


# ---- Valkey forgets, is away, comes late


def test_after_valkey_was_emptied_all_is_known(ears: Ears) -> None:
    ears.settle()
    told = [an_event() for _ in range(5)]
    ears.announce(*told[:3])
    ears.relay.publish_once()
    ears.redis.flushdb()
    ears.announce(*told[3:])

    ears.settle()

    assert ears.standings() == expected(*told)


def test_a_projection_that_begins_late_is_given_what_is_kept(ears: Ears) -> None:
    told = [an_event() for _ in range(5)]
    ears.announce(*told)
    settle(ears.relay)
    ears.redis.xtrim(members_announces.STREAM, maxlen=0)
    ears.settle()
    assert ears.standings() == expected(*told)


@pytest.fixture
def own_ears(own_backends: Backends) -> Iterator[tuple[Ears, ValkeyServer]]:
    """The same with a Valkey that may be stopped."""
    urls = own_backends.database_urls
    for word in ("members", "points"):
        migrations.upgrade(urls[word], word, owner_url=own_backends.owner_urls[word])
    assert own_backends.valkey is not None
    with listening(urls["members"], urls["points"], own_backends.redis_url) as found:
        yield found, own_backends.valkey


def test_valkey_may_be_absent_at_the_start_and_go_at_any_time(own_ears: tuple[Ears, ValkeyServer]) -> None:
    ears, valkey = own_ears
    valkey.stop()
    told = [an_event()]
    ears.announce(*told)
    for turn in (ears.relay.publish_once, ears.consumer.consume_once):
        with pytest.raises(redis.ConnectionError):
            turn()
    valkey.start()
    ears.settle()
    assert ears.standings() == expected(*told)

    told.append(an_event())
    ears.announce(told[-1])
    ears.relay.publish_once()
    valkey.kill()
    told.append(an_event())
    ears.announce(told[-1])
    with pytest.raises(redis.ConnectionError):
        ears.consumer.consume_once()
    valkey.start()
    ears.settle()
    assert ears.standings() == expected(*told)
