"""Unknown keys are remembered for a moment, few of them, and not beyond a change of keys."""

from __future__ import annotations

import pytest

from gateway.unknown_keys import REMEMBERED_S, UnknownKeys
from kit.errors import Unauthenticated


class Unknown(Unauthenticated):
    reason = "API_KEY_UNKNOWN"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def unknown(clock: Clock) -> UnknownKeys:
    return UnknownKeys(size_max=2, now=clock)


def note(unknown: UnknownKeys, key: bytes, *, invalidations: int = 0) -> None:
    unknown.remember(key, Unknown("no such key"), began=0.0, invalidations=invalidations)


def is_refused(unknown: UnknownKeys, key: bytes) -> bool:
    try:
        unknown.expect_none(key)
    except Unauthenticated as refusal:
        assert (refusal.reason, refusal.message) == ("API_KEY_UNKNOWN", "no such key")
        return True
    return False


def test_an_unknown_key_is_refused_again_until_its_time_is_over(unknown: UnknownKeys, clock: Clock) -> None:
    note(unknown, b"a")
    clock.now = REMEMBERED_S - 0.01
    assert is_refused(unknown, b"a")
    assert not is_refused(unknown, b"b")
    clock.now = REMEMBERED_S
    assert not is_refused(unknown, b"a")


def test_the_oldest_is_forgotten_first(unknown: UnknownKeys) -> None:
    for key in (b"a", b"b", b"c"):
        note(unknown, key)
    assert [is_refused(unknown, key) for key in (b"a", b"b", b"c")] == [False, True, True]


def test_a_change_of_keys_forgets_all_and_an_answer_from_before_it_is_not_remembered(unknown: UnknownKeys) -> None:
    note(unknown, b"a")
    before = unknown.invalidations
    unknown.forget_owner("any")
    assert not is_refused(unknown, b"a")
    note(unknown, b"a", invalidations=before)
    assert not is_refused(unknown, b"a")
    note(unknown, b"a", invalidations=unknown.invalidations)
    assert is_refused(unknown, b"a")
