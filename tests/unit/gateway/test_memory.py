"""What is remembered of services' answers, and for how long."""

from __future__ import annotations

import pytest

from gateway.memory import AWAY_PAUSE_S, Memory
from kit.client import ServiceFailed, ServiceTimeout, ServiceUnavailable
from kit.errors import NotFound, Refusal, Unauthenticated


class Unknown(Unauthenticated):
    reason = "UNKNOWN"


class Missing(NotFound):
    reason = "MISSING"


class Source:
    """Somebody to ask, and a clock to hold."""

    def __init__(self) -> None:
        self.time = 0.0
        self.asked = 0
        self.says: str | Exception = "one"
        self.memory: Memory[str] = Memory(fresh_s=60, stale_s=600, size_max=2, now=lambda: self.time)

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
