"""Relays and consumers against a real database and a real Redis that is emptied, stopped and taken back in time."""

import multiprocessing
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import redis
import sqlalchemy as sa

from kit import outbox, streams
from kit.outbox import Event
from kit.streams import Debt
from tests.integration.kit.stage import ROUNDS_MAX, STREAM, Stage, event, id_list, outbox_table
from wafa.backends import Backends, ValkeyServer


def test_events_arrive_under_the_names_of_cloudevents(stage: Stage) -> None:
    told = event(version=3)
    stage.append(told)
    stage.settle(stage.relay())
    [entry] = stage.entries()
    assert entry["specversion"] == "1.0"
    assert (entry["id"], entry["source"], entry["type"]) == (str(told.id), STREAM, "jar.opened")
    assert (entry["subject"], entry["aggregateversion"]) == (f"jar/{told.aggregate_id}", "3")


def test_a_full_batch_says_that_there_may_be_more(stage: Stage) -> None:
    stage.announce(15)
    relay = stage.relay(batch_max=10)
    assert [relay.publish_once(), relay.publish_once()] == [True, False]


def test_a_transaction_that_commits_late_is_not_passed_over(stage: Stage) -> None:
    relay = stage.relay()
    early, late = event(), event()
    with stage.engine.begin() as slow:
        outbox.append(slow, outbox_table, [early])
        stage.append(late)
        relay.publish_once()
    relay.publish_once()
    assert [entry["id"] for entry in stage.entries()] == [str(late.id), str(early.id)]


def test_two_relays_at_once_publish_everything_once(stage: Stage) -> None:
    events = stage.announce(200)
    start = threading.Barrier(2)

    def run() -> None:
        relay = stage.relay(batch_max=7)
        start.wait()
        until(lambda: not stage.waiting(), relay.publish_once)

    in_parallel(run, run)
    assert sorted(uuid.UUID(entry["id"]) for entry in stage.entries()) == id_list(events)


def until(done: Callable[[], bool], turn: Callable[[], bool]) -> None:
    for _ in range(ROUNDS_MAX):
        if done():
            return
        turn()


def in_parallel(*runs: Callable[[], None]) -> None:
    with ThreadPoolExecutor(len(runs)) as threads:
        for done in [threads.submit(run) for run in runs]:
            done.result()


def test_two_relays_and_two_consumers_have_each_effect_once(stage: Stage) -> None:
    events = stage.announce(100)
    start = threading.Barrier(4)

    def relay() -> None:
        part = stage.relay(batch_max=7)
        start.wait()
        until(lambda: not stage.waiting(), part.publish_once)

    def consume(name: str) -> None:
        part = stage.consumer(name)
        start.wait()
        until(lambda: len(stage.heard()) >= len(events), part.consume_once)

    in_parallel(relay, relay, lambda: consume("one"), lambda: consume("two"))
    stage.settle(stage.relay(), stage.consumer("one"), stage.consumer("two"))
    assert stage.heard() == id_list(events)


# ---- Redis forgets


def test_after_redis_was_emptied_everything_arrives(stage: Stage) -> None:
    relay, consumer = stage.relay(), stage.consumer()
    stage.settle(relay, consumer)
    events = stage.announce(25)
    relay.publish_once()
    consumer.consume_once()
    stage.redis.flushdb()
    events += stage.announce(5)
    stage.settle(relay, stage.relay(), consumer)
    assert stage.heard() == id_list(events)


def test_a_request_that_publishes_first_after_redis_was_emptied_hides_no_loss(stage: Stage) -> None:
    relay, consumer = stage.relay(), stage.consumer()
    stage.settle(relay, consumer)
    events = stage.announce(25)
    stage.settle(relay)
    stage.redis.flushdb()
    events += stage.announce(1)
    stage.relay().publish_if_possible()
    stage.settle(relay, consumer)
    assert stage.heard() == id_list(events)


def test_a_group_that_is_new_is_served_all_that_is_kept(stage: Stage) -> None:
    relay, kitchen, cellar = stage.relay(), stage.consumer(), stage.consumer(group="cellar")
    events = stage.announce(25)
    stage.settle(relay, kitchen)
    stage.redis.xtrim(STREAM, maxlen=0)
    stage.settle(relay, kitchen, cellar)
    assert stage.heard("cellar") == id_list(events)
    assert stage.heard() == id_list(events)


def test_a_first_day_sends_nothing_twice(stage: Stage) -> None:
    relay, consumer = stage.relay(), stage.consumer()
    consumer.consume_once()
    stage.announce(25)
    stage.settle(relay, consumer)
    assert len(stage.entries()) == 25


def test_an_older_state_of_redis_is_noticed_and_completed(stage: Stage) -> None:
    relay, consumer = stage.relay(), stage.consumer()
    consumer.consume_once()
    events = stage.announce(5)
    stage.settle(relay, consumer)
    keys = [STREAM, streams.epoch_key(STREAM)]
    snapshot: list[Any] = [stage.redis.dump(key) for key in keys]
    events += stage.announce(5)
    stage.settle(relay)
    for key, content in zip(keys, snapshot, strict=True):
        stage.redis.restore(key, 0, content, replace=True)
    stage.redis.hset(streams.epoch_key(STREAM), "run", "the run that wrote the snapshot")
    stage.settle(relay, consumer)
    assert stage.heard() == id_list(events)


def test_a_debt_is_struck_out_in_the_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.outbox.relay.GRACE", timedelta(0))
    relay, consumer = stage.relay(), stage.consumer()
    stage.announce(25)
    stage.settle(relay, consumer)
    assert stage.redis.smembers(streams.owed_key(STREAM)) == set()


def test_a_group_that_is_gone_is_owed_nothing(stage: Stage) -> None:
    stage.redis.sadd(streams.owed_key(STREAM), str(Debt("attic", streams.EARLIEST)))
    stage.settle(stage.relay())
    assert stage.redis.smembers(streams.owed_key(STREAM)) == set()


# ---- the stream stays short


def test_what_everybody_has_read_makes_room(stage: Stage) -> None:
    relay, consumer = stage.relay(length_max=100), stage.consumer()
    for _ in range(5):
        stage.announce(50)
        stage.settle(relay, consumer)
    assert len(stage.entries()) <= 60


def test_one_that_sleeps_neither_stops_the_others_nor_misses_anything(stage: Stage) -> None:
    relay, kitchen, cellar = stage.relay(length_max=40), stage.consumer(), stage.consumer(group="cellar")
    cellar.consume_once()
    events: list[Event] = []
    for _ in range(10):
        events += stage.announce(20)
        stage.settle(relay, kitchen)
    assert stage.heard() == id_list(events)
    assert len(stage.entries()) <= 50
    stage.settle(relay, kitchen, cellar)
    assert stage.heard("cellar") == id_list(events)
    assert stage.heard() == id_list(events)


# ---- Redis is away


@pytest.fixture
def own_stage(own_backends: Backends) -> Iterator[tuple[Stage, ValkeyServer]]:
    """A stage whose Redis may be stopped."""
    engine = sa.create_engine(own_backends.owner_urls["points"])
    assert own_backends.valkey is not None
    with Stage.set(engine, own_backends.redis_url) as made:
        yield made, own_backends.valkey
    engine.dispose()


def test_redis_may_be_absent_at_the_start_and_go_at_any_time(own_stage: tuple[Stage, ValkeyServer]) -> None:
    stage, valkey = own_stage
    valkey.stop()
    relay, consumer = stage.relay(), stage.consumer()
    events = stage.announce(15)
    for turn in (relay.publish_once, consumer.consume_once):
        with pytest.raises(redis.ConnectionError):
            turn()
    assert stage.waiting() == 15
    valkey.start()
    stage.settle(relay, consumer)
    assert stage.heard() == id_list(events)

    events += stage.announce(15)
    relay.publish_once()
    valkey.kill()
    for turn in (relay.publish_once, consumer.consume_once):
        with pytest.raises(redis.ConnectionError):
            turn()
    valkey.start()
    stage.settle(relay, consumer)
    assert stage.heard() == id_list(events)


# ---- a process dies


def publish_and_die(database_url: str, redis_url: str) -> None:
    with Stage.set(sa.create_engine(database_url), redis_url) as stage:
        stage.relay().publish_once()


def consume_and_die(database_url: str, redis_url: str) -> None:
    with Stage.set(sa.create_engine(database_url), redis_url) as stage:
        stage.consumer("the one that dies").consume_once()


@pytest.mark.parametrize(
    ("failpoint", "work"), [("outbox.before_mark", publish_and_die), ("inbox.before_ack", consume_and_die)]
)
def test_a_death_between_two_stores_leaves_one_effect(
    stage: Stage,
    empty_database: str,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    failpoint: str,
    work: Callable[[str, str], None],
) -> None:
    relay, consumer = stage.relay(), stage.consumer()
    stage.settle(relay, consumer)
    events = stage.announce(5)
    if work is consume_and_die:
        relay.publish_once()
    monkeypatch.setenv("WAFA_FAILPOINTS", failpoint)
    process = multiprocessing.get_context("spawn").Process(target=work, args=(empty_database, redis_url))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert len(stage.entries()) == 5
    stage.settle(relay, consumer)
    assert stage.heard() == id_list(events)


# ---- order


def test_a_consumer_that_compares_versions_bears_disorder(stage: Stage) -> None:
    """The rule for handlers that `kit.outbox` states, with the order turned round on purpose."""
    jar = uuid.uuid4()
    for version in (2, 1, 3):
        stage.append(event(version, aggregate_id=jar))
    states: list[int] = []

    def handle(connection: sa.Connection, heard: Event) -> None:
        if heard.version > max(states, default=0):
            states.append(heard.version)

    stage.settle(stage.relay(), stage.consumer(handle=handle))
    assert states == [2, 3]
