"""A follower sees every event from where it began, and knows of which time it has missed none."""

from __future__ import annotations

import uuid

import pytest

from kit import streams
from kit.following import Follower
from kit.outbox import Event
from tests.integration.kit.stage import ROUNDS_MAX, STREAM, Stage


class Watched:
    """A follower with a clock that goes one second on with each look at it."""

    def __init__(self, stage: Stage, *, batch_max: int = 100) -> None:
        self.heard: list[uuid.UUID] = []
        self.time = 0.0
        self.follower = Follower(stage.redis, STREAM, self._handle, batch_max=batch_max, now=self._tick)

    def _handle(self, event: Event) -> None:
        self.heard.append(event.id)

    def _tick(self) -> float:
        self.time += 1.0
        return self.time

    @property
    def since(self) -> float:
        return self.follower.coverage.since

    @property
    def until(self) -> float:
        return self.follower.coverage.until

    def catch_up(self) -> None:
        for _ in range(ROUNDS_MAX):
            if not self.follower.follow_once():
                return
        raise AssertionError("there is no end to it")


@pytest.fixture
def watched(stage: Stage) -> Watched:
    return Watched(stage)


def publish(stage: Stage, many: int = 1) -> list[uuid.UUID]:
    events = stage.announce(many)
    stage.settle(stage.relay())
    return [each.id for each in events]


def test_it_begins_at_the_end_and_hears_what_comes_after(stage: Stage, watched: Watched) -> None:
    publish(stage, 3)
    watched.catch_up()
    assert watched.heard == []
    later = publish(stage, 25)
    watched.catch_up()
    assert sorted(watched.heard) == sorted(later)


def test_it_begins_with_a_stream_that_is_not_there_yet(stage: Stage, watched: Watched) -> None:
    watched.catch_up()
    since = watched.since
    later = publish(stage)
    watched.catch_up()
    assert (watched.heard, watched.since) == (later, since)


def test_each_follower_hears_everything(stage: Stage, watched: Watched) -> None:
    other = Watched(stage)
    for each in (watched, other):
        each.catch_up()
    later = publish(stage, 5)
    for each in (watched, other):
        each.catch_up()
    assert sorted(watched.heard) == sorted(other.heard) == sorted(later)


def test_a_beat_of_the_relay_extends_what_is_covered_and_silence_does_not(stage: Stage, watched: Watched) -> None:
    relay = stage.relay()
    relay.publish_once()
    watched.catch_up()
    watched.catch_up()
    before = watched.time
    relay.publish_once()
    watched.catch_up()
    covered = watched.until
    assert watched.since < covered <= before
    for _ in range(3):
        watched.catch_up()
    assert watched.until == covered
    assert watched.follower.coverage.heard_at > covered
    # The present is not covered, and what was known before is known until the last beat.
    assert watched.follower.coverage.seen_until(watched.since) == covered
    assert watched.follower.coverage.seen_until(watched.since - 1) == watched.since - 1


def test_a_relay_that_has_not_caught_up_gives_no_beat(stage: Stage) -> None:
    stage.announce(20)
    relay = stage.relay(batch_max=10)
    beats = []
    for _ in range(3):
        relay.publish_once()
        beats.append(stage.redis.hget(streams.epoch_key(STREAM), "beat"))
    assert beats == [None, None, "1"]


def test_nothing_is_covered_while_entries_are_left_to_read(stage: Stage) -> None:
    watched = Watched(stage, batch_max=5)
    watched.catch_up()
    publish(stage, 10)
    assert watched.follower.follow_once()
    assert len(watched.heard) == 5
    assert watched.until == -float("inf")


@pytest.mark.parametrize("refill", [False, True])
def test_a_redis_that_was_emptied_is_followed_anew(stage: Stage, watched: Watched, refill: bool) -> None:
    publish(stage, 3)
    watched.catch_up()
    since = watched.since
    stage.redis.flushdb()
    if refill:
        publish(stage, 3)
    watched.catch_up()
    assert watched.since > since
    heard = len(watched.heard)
    later = publish(stage)
    watched.catch_up()
    assert watched.heard[heard:] == later


def test_a_stream_that_was_cut_over_its_head_is_followed_anew(stage: Stage, watched: Watched) -> None:
    publish(stage, 3)
    watched.catch_up()
    since = watched.since
    publish(stage, 10)
    stage.redis.xtrim(STREAM, maxlen=2, approximate=False)
    watched.catch_up()
    assert watched.since > since


def test_a_stream_that_was_cut_behind_it_has_no_gap(stage: Stage, watched: Watched) -> None:
    publish(stage, 3)
    watched.catch_up()
    since = watched.since
    stage.redis.xtrim(STREAM, maxlen=1, approximate=False)
    later = publish(stage)
    watched.catch_up()
    assert (watched.heard, watched.since) == (later, since)


def test_an_entry_that_cannot_be_read_is_passed_over(stage: Stage, watched: Watched) -> None:
    watched.catch_up()
    stage.redis.xadd(STREAM, {"nonsense": "1"})
    later = publish(stage)
    watched.catch_up()
    assert watched.heard == later


def test_what_a_request_publishes_itself_is_on_the_stream_before_it_answers(stage: Stage, watched: Watched) -> None:
    watched.catch_up()
    events = stage.announce(3)
    stage.relay().publish_if_possible()
    watched.catch_up()
    assert sorted(watched.heard) == sorted(each.id for each in events)
