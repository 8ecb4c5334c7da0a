"""Consumers against a real database and a real Redis: once each, five tries, dead letters, the weather."""

from datetime import UTC, datetime, timedelta
from typing import Any

import prometheus_client
import pytest
import sqlalchemy as sa

from kit import inbox, streams
from kit.database import DatabaseUnavailable
from kit.errors import Conflict
from kit.outbox import Event
from tests.integration.kit.stage import GROUP, STREAM, Stage, dead_letters, effects, id_list, inbox_table


def letters(stage: Stage) -> list[sa.Row[tuple[object, ...]]]:
    with stage.engine.connect() as connection:
        return list(connection.execute(sa.select(dead_letters).order_by(dead_letters.c.failed_at)).all())


def alarms() -> float:
    return prometheus_client.REGISTRY.get_sample_value("dead_letters_total", {"consumer": GROUP}) or 0.0


def deliver(stage: Stage, count: int) -> tuple[list[Event], inbox.Consumer]:
    """Events in the stream, and a consumer whose group is there and has read none of them."""
    consumer = stage.consumer()
    consumer.consume_once()
    events = stage.announce(count)
    stage.settle(stage.relay())
    return events, consumer


# ---- once


def test_an_effect_and_its_note_are_one_transaction(stage: Stage) -> None:
    [event], consumer = deliver(stage, 1)
    stage.poison[event.id] = ArithmeticError()
    consumer.consume_once()
    with stage.engine.connect() as connection:
        assert connection.execute(sa.select(effects)).all() == []
        assert connection.execute(sa.select(inbox_table)).all() == []


def test_an_event_that_comes_again_has_no_second_effect(stage: Stage) -> None:
    events, consumer = deliver(stage, 3)
    for entry in stage.entries():
        again: dict[Any, Any] = dict(entry)
        stage.redis.xadd(STREAM, again)
    stage.settle(consumer)
    assert stage.heard() == id_list(events)
    assert streams.groups(stage.redis, STREAM)[0].pending == 0


def test_what_a_dead_member_took_is_finished_by_another(stage: Stage) -> None:
    events, consumer = deliver(stage, 25)
    stage.redis.xreadgroup(GROUP, "dead", {STREAM: ">"}, count=20)
    stage.settle(consumer)
    assert stage.heard() == id_list(events)


def test_the_content_arrives_as_it_was_told(stage: Stage) -> None:
    heard: list[Event] = []
    consumer = stage.consumer(handle=lambda _, event: heard.append(event))
    events = stage.announce(2)
    stage.settle(stage.relay(), consumer)
    assert heard == events


def test_the_inbox_forgets_what_is_old(stage: Stage) -> None:
    _, consumer = deliver(stage, 3)
    stage.settle(consumer)
    with stage.engine.begin() as connection:
        assert inbox.prune(connection, inbox_table, datetime.now(UTC) - timedelta(days=1), limit=10) == 0
        assert inbox.prune(connection, inbox_table, datetime.now(UTC) + timedelta(days=1), limit=2) == 2


# ---- dead letters


def test_a_poisonous_event_is_tried_five_times_and_holds_up_nobody(stage: Stage) -> None:
    events, consumer = deliver(stage, 3)
    stage.poison[events[1].id] = ArithmeticError("cannot count this one")
    before = alarms()
    for _ in range(4):
        consumer.consume_once()
    assert letters(stage) == []
    consumer.consume_once()
    [letter] = letters(stage)
    assert (letter.event_id, letter.type, letter.deliveries) == (events[1].id, "jar.opened", 5)
    assert letter.reason == "ArithmeticError: cannot count this one"
    assert alarms() == before + 1
    assert stage.heard() == id_list([events[0], events[2]])
    assert streams.groups(stage.redis, STREAM)[0].pending == 0


def test_a_dead_letter_that_is_replayed_has_its_effect_once(stage: Stage) -> None:
    events, consumer = deliver(stage, 2)
    stage.poison[events[0].id] = Conflict("there is no such shelf")
    Conflict.reason = "SHELF_UNKNOWN"
    stage.settle(consumer)
    while not letters(stage):
        consumer.consume_once()
    assert letters(stage)[0].reason == "SHELF_UNKNOWN: there is no such shelf"
    assert consumer.replay_dead_letters() == 0
    stage.poison.clear()
    assert consumer.replay_dead_letters() == 1
    assert consumer.replay_dead_letters() == 0
    assert letters(stage)[0].replayed_at is not None
    assert stage.heard() == id_list(events)


def test_an_entry_that_is_no_event_becomes_a_dead_letter(stage: Stage) -> None:
    _, consumer = deliver(stage, 0)
    stage.redis.xadd(STREAM, {"type": "jar.broken", "data": "{"})
    for _ in range(6):
        consumer.consume_once()
    [letter] = letters(stage)
    assert (letter.type, letter.reason) == ("jar.broken", "ValueError: the entry has no 'subject'")
    assert letter.payload == {"type": "jar.broken", "data": "{"}


def test_a_reason_does_not_quote_the_values_of_a_statement(stage: Stage) -> None:
    def handle(connection: sa.Connection, event: Event) -> None:
        connection.execute(sa.text("SELECT CAST(:secret AS integer), 1 / 0"), {"secret": 12345})

    consumer = stage.consumer(handle=handle)
    stage.announce(1)
    stage.settle(stage.relay(), consumer)
    for _ in range(6):
        consumer.consume_once()
    assert letters(stage)[0].reason == "DivisionByZero: division by zero"


def test_an_event_that_kills_is_counted_out_and_its_neighbours_are_not(stage: Stage) -> None:
    events, consumer = deliver(stage, 5)
    killer = events[1]
    for entry_id, _ in streams.entries_after(stage.redis, STREAM, streams.EARLIEST, count=5)[1:2]:
        # Six processes have taken it and died: taken, never given back, never acknowledged.
        stage.redis.xreadgroup(GROUP, "dead", {STREAM: ">"}, count=5)
        stage.redis.xclaim(STREAM, GROUP, "dead", 0, [entry_id], retrycount=5)
    stage.settle(consumer)
    assert [letter.event_id for letter in letters(stage)] == [killer.id]
    assert stage.heard() == id_list([event for event in events if event is not killer])


# ---- the weather


def test_the_weather_does_not_count(stage: Stage) -> None:
    events, consumer = deliver(stage, 25)
    stage.poison[events[3].id] = DatabaseUnavailable("away")
    failures = 0
    for _ in range(40):
        try:
            consumer.consume_once()
        except DatabaseUnavailable:
            failures += 1
    assert failures > inbox.DELIVERIES_MAX
    stage.poison.clear()
    stage.settle(consumer)
    assert letters(stage) == []
    assert stage.heard() == id_list(events)


def test_nothing_is_taken_while_the_database_is_away(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    events, consumer = deliver(stage, 5)
    away = sa.create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    monkeypatch.setattr(consumer, "_engine", away)
    with pytest.raises(DatabaseUnavailable):
        consumer.consume_once()
    assert streams.groups(stage.redis, STREAM)[0].pending == 0
    monkeypatch.undo()
    stage.settle(consumer)
    assert stage.heard() == id_list(events)
