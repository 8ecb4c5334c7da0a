"""What is remembered of services' answers, and for how long."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache import AWAY_PAUSE_S, Cache, Freshness
from gateway.trust import CONFIRMED_AGAIN_AFTER_S, TRUSTED_S
from kit.client import ServiceFailed, ServiceTimeout, ServiceUnavailable
from kit.errors import NotFound, Refusal, Unauthenticated


class Unknown(Unauthenticated):
    reason = "UNKNOWN"


class Missing(NotFound):
    reason = "MISSING"


class Watched:
    """A stream that tells of everything up to now, unless it has been quiet or lost since some time."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.quiet_since: float | None = None
        self.is_lost = False
        self.announced: list[Callable[[], None]] = []

    def catch_up(self) -> None:
        while self.announced:
            self.announced.pop()()

    def seen_until(self, confirmed_at: float) -> float:
        until = self._source.time if self.quiet_since is None else self.quiet_since
        return max(confirmed_at, until)

    def hears_of_changes_since(self, confirmed_at: float) -> bool:
        return not self.is_lost


class Source:
    """Somebody to ask, and a clock to hold."""

    def __init__(self) -> None:
        self.time = 0.0
        self.asked = 0
        self.says: str | Exception = "one"
        self.watch = Watched(self)
        self.memory: Cache[str] = Cache(
            Freshness(fresh_s=60, stale_s=600, isolated_s=60),
            owner_of=lambda value: value,
            watch=self.watch,
            size_max=2,
            now=lambda: self.time,
        )

    def get(self, key: bytes = b"k") -> str:
        return self.memory.get(key, self._answer)

    def _answer(self) -> str:
        self.asked += 1
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.fixture
def source() -> Source:
    return Source()


AWAY = [ServiceUnavailable("away"), ServiceTimeout("slow"), ServiceFailed("odd")]


def test_a_fresh_answer_spares_the_question(source: Source) -> None:
    assert [source.get(), source.get()] == ["one", "one"]
    assert source.asked == 1


def test_an_answer_that_is_no_longer_fresh_is_asked_for_again(source: Source) -> None:
    source.get()
    source.time, source.says = 60, "two"
    assert (source.get(), source.asked) == ("two", 2)


@pytest.mark.parametrize("away", AWAY)
def test_a_stale_answer_serves_while_nobody_can_say(source: Source, away: Exception) -> None:
    source.get()
    source.time, source.says = 599, away
    assert source.get() == "one"


def test_while_nobody_can_say_nobody_is_asked_each_time(source: Source) -> None:
    source.get()
    source.time, source.says = 100, AWAY[0]
    assert [source.get() for _ in range(5)] == ["one"] * 5
    assert source.asked == 2
    source.time, source.says = 100 + AWAY_PAUSE_S, "two"
    assert source.get() == "two"


@pytest.mark.parametrize("away", AWAY)
def test_an_answer_past_its_stale_time_serves_nobody(source: Source, away: Exception) -> None:
    source.get()
    source.time, source.says = 600, away
    with pytest.raises(type(away)):
        source.get()


@pytest.mark.parametrize("no", [Unknown("revoked"), Missing("gone")])
def test_a_no_is_final_and_drops_what_was_known(source: Source, no: Refusal) -> None:
    source.get()
    source.time, source.says = 60, no
    with pytest.raises(type(no)):
        source.get()
    source.says = AWAY[0]
    with pytest.raises(ServiceUnavailable):
        source.get()


def test_a_no_is_not_remembered(source: Source) -> None:
    source.says = Missing("not yet")
    with pytest.raises(Missing):
        source.get()
    source.says = "one"
    assert source.get() == "one"


def test_the_least_recently_used_is_forgotten_first(source: Source) -> None:
    for key in (b"a", b"b", b"a", b"c"):
        source.get(key)
    source.get(b"a")
    assert source.asked == 3
    source.get(b"b")
    assert source.asked == 4


def test_an_answer_of_which_nothing_is_heard_is_soon_confirmed_again(source: Source) -> None:
    source.get()
    source.watch.quiet_since, source.says = 0, "two"
    source.time = CONFIRMED_AGAIN_AFTER_S - 0.01
    assert source.get() == "one"
    source.time = CONFIRMED_AGAIN_AFTER_S
    assert (source.get(), source.asked) == ("two", 2)


def test_while_one_thread_confirms_the_others_go_on_and_not_beyond_the_trusted_time(source: Source) -> None:
    source.get()
    source.watch.quiet_since, source.time = 0, 1.0
    asking, answer = threading.Event(), threading.Event()

    def slow() -> str:
        asking.set()
        answer.wait(30)
        return "one"

    thread = threading.Thread(target=source.memory.get, args=(b"k", slow))
    thread.start()
    assert asking.wait(30)
    assert (source.get(), source.asked) == ("one", 1)
    source.time = TRUSTED_S
    source.says = "two"
    assert (source.get(), source.asked) == ("two", 2)
    answer.set()
    thread.join()


def test_what_is_invalidated_is_asked_for_at_once_and_nothing_else_is(source: Source) -> None:
    source.get(b"a")
    source.says = "two"
    source.get(b"b")
    source.memory.forget_owner("one")
    source.says = "three"
    assert [source.get(b"a"), source.get(b"b")] == ["three", "two"]


def test_what_another_process_has_announced_is_invalidated_before_it_is_used(source: Source) -> None:
    source.get()
    source.says = "two"
    source.watch.announced.append(lambda: source.memory.forget_owner("one"))
    assert source.get() == "two"


@pytest.mark.parametrize("announce", [False, True])
def test_a_slow_answer_from_before_an_invalidation_is_not_remembered_after_it(source: Source, announce: bool) -> None:
    asking, answer = threading.Event(), threading.Event()

    def slow() -> str:
        asking.set()
        answer.wait(30)
        return "one"

    thread = threading.Thread(target=source.memory.get, args=(b"k", slow))
    thread.start()
    assert asking.wait(30)
    if announce:
        source.watch.announced.append(lambda: source.memory.forget_owner("one"))
    else:
        source.memory.forget_owner("one")
    answer.set()
    thread.join()
    assert source.memory.peek(b"k") is None
    source.says = "two"
    assert source.get() == "two"


def test_what_was_invalidated_does_not_serve_while_nobody_can_say(source: Source) -> None:
    source.get()
    source.memory.forget_owner("one")
    source.says = AWAY[0]
    with pytest.raises(ServiceUnavailable):
        source.get()
    assert source.memory.peek(b"k") is None


def test_what_is_invalidated_while_it_is_confirmed_in_vain_does_not_serve(source: Source) -> None:
    source.get()
    source.time = 100

    def away() -> str:
        source.memory.forget_owner("one")
        raise AWAY[0]

    with pytest.raises(ServiceUnavailable):
        source.memory.get(b"k", away)


@pytest.mark.parametrize("away", AWAY)
def test_where_changes_cannot_be_heard_of_either_an_answer_serves_for_the_isolated_time(
    source: Source, away: Exception
) -> None:
    source.get()
    source.watch.is_lost, source.says = True, away
    source.time = 59
    assert source.get() == source.memory.peek(b"k") == "one"
    source.time = 60
    assert source.memory.peek(b"k") is None
    with pytest.raises(type(away)):
        source.get()


@given(
    st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.sampled_from(["one", "two", "invalidate"])), max_size=40)
)
def test_no_value_of_an_invalidated_owner_is_ever_found(steps: list[tuple[bytes, str]]) -> None:
    source, known = Source(), dict[bytes, str]()
    for key, what in steps:
        if what == "invalidate":
            owner = known.get(key, "one")
            source.memory.forget_owner(owner)
            known = {each: value for each, value in known.items() if value != owner}
        else:
            source.says = what
            known[key] = source.get(key)
        for each in (b"a", b"b", b"c"):
            found = source.memory.peek(each)
            assert found is None or found == known.get(each)
