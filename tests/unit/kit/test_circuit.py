"""A service that hangs holds no more than its places, and is soon called no longer; any answer brings it back."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.circuit import Circuit, CircuitBounds, guarded, places_of
from kit.client import ServiceBusy, ServiceUnavailable

TIMEOUT_S = 3.0
BOUNDS = CircuitBounds(places_max=6, silence_ms=1_000, failures_max=4, probe_interval_ms=500)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Circuit:
    return Circuit(BOUNDS, clock)


def fail(circuit: Circuit, times: int = 1) -> None:
    for _ in range(times):
        circuit.leave(circuit.enter(TIMEOUT_S), answered=False)


def test_failures_in_a_row_open_the_circuit_and_an_answer_between_them_does_not_let_it(circuit: Circuit) -> None:
    fail(circuit, 3)
    circuit.leave(circuit.enter(TIMEOUT_S), answered=True)
    fail(circuit, 4)
    assert circuit.is_open
    with pytest.raises(ServiceUnavailable) as refused:
        circuit.enter(TIMEOUT_S)
    assert refused.value.metadata["retry_after_ms"] == "500"


def test_calls_that_are_overdue_in_silence_open_the_circuit_before_they_time_out(
    circuit: Circuit, clock: Clock
) -> None:
    numbers = [circuit.enter(TIMEOUT_S) for _ in range(4)]
    clock.now += 1.4  # silent, and none is overdue before half of its time
    numbers.append(circuit.enter(TIMEOUT_S))
    clock.now += 0.2
    with pytest.raises(ServiceUnavailable):
        circuit.enter(TIMEOUT_S)
    assert circuit.is_open


def test_a_slow_service_that_answers_some_calls_is_not_silent(circuit: Circuit, clock: Clock) -> None:
    numbers = [circuit.enter(TIMEOUT_S) for _ in range(5)]
    clock.now += 2.0
    circuit.leave(numbers.pop(), answered=True)
    circuit.enter(TIMEOUT_S)
    assert not circuit.is_open


def test_a_few_long_calls_alone_do_not_open_the_circuit(circuit: Circuit, clock: Clock) -> None:
    for _ in range(3):
        circuit.enter(30.0)
    clock.now += 20.0
    circuit.enter(TIMEOUT_S)
    assert not circuit.is_open


def test_one_call_in_each_pause_is_a_probe(circuit: Circuit, clock: Clock) -> None:
    fail(circuit, 4)
    clock.now += 0.5
    circuit.enter(TIMEOUT_S)
    with pytest.raises(ServiceUnavailable):
        circuit.enter(TIMEOUT_S)
    clock.now += 0.5
    circuit.enter(TIMEOUT_S)


def test_any_answer_closes_the_circuit_also_a_late_one(circuit: Circuit, clock: Clock) -> None:
    late = circuit.enter(TIMEOUT_S)
    fail(circuit, 4)
    clock.now += 0.1
    circuit.leave(late, answered=True)
    assert not circuit.is_open
    circuit.enter(TIMEOUT_S)


def test_a_place_that_comes_free_goes_to_one_that_waits() -> None:
    circuit = Circuit(CircuitBounds(places_max=1, silence_ms=60_000))
    first, taken = circuit.enter(60.0), []
    waiting = threading.Thread(target=lambda: taken.append(circuit.enter(60.0)))
    waiting.start()
    circuit.leave(first, answered=True)
    waiting.join()
    assert len(taken) == 1


def test_no_more_calls_than_there_are_places_are_ever_under_way() -> None:
    circuit = Circuit(CircuitBounds(places_max=3, silence_ms=60_000))
    lock, under_way, most = threading.Lock(), [0], [0]

    def call() -> None:
        for _ in range(50):
            number = circuit.enter(60.0)
            with lock:
                under_way[0] += 1
                most[0] = max(most[0], under_way[0])
            with lock:
                under_way[0] -= 1
            circuit.leave(number, answered=True)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= most[0] <= 3


def test_who_finds_no_place_while_nothing_is_answered_is_refused_soon() -> None:
    circuit = Circuit(CircuitBounds(places_max=1, silence_ms=10))
    circuit.enter(0.1)
    with pytest.raises(ServiceBusy):
        circuit.enter(0.07)


def test_the_opening_ends_every_wait_for_a_place() -> None:
    circuit = Circuit(CircuitBounds(places_max=2, silence_ms=60_000, failures_max=1))
    ended: list[str] = []
    first = circuit.enter(60.0)
    circuit.enter(60.0)

    def wait() -> None:
        try:
            circuit.enter(60.0)
        except ServiceBusy as refusal:
            ended.append(refusal.reason)

    waiting = threading.Thread(target=wait)
    waiting.start()
    circuit.leave(first, answered=False)
    waiting.join()
    # Where the place came free first, the third had it; else it was refused. Either way no call waits for a minute.
    assert circuit.is_open
    assert ended in ([], ["SERVICE_BUSY"])


@given(st.lists(st.booleans(), max_size=30))
def test_the_circuit_is_open_exactly_while_the_last_answers_are_so_many_failures(outcomes: list[bool]) -> None:
    clock = Clock()
    circuit = Circuit(BOUNDS, clock)
    for answered in outcomes:
        clock.now += 1.0  # long enough for a probe
        circuit.leave(circuit.enter(TIMEOUT_S), answered=answered)
    tail = outcomes[::-1].index(True) if True in outcomes else len(outcomes)
    assert circuit.is_open == (tail >= BOUNDS.failures_max)


@pytest.mark.parametrize(("threads", "places"), [(1, 1), (2, 1), (16, 12), (64, 48)])
def test_a_quarter_of_the_threads_stays_for_other_services(threads: int, places: int) -> None:
    assert places_of(threads) == places


class Broken(grpc.RpcError):
    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return ""

    def trailing_metadata(self) -> Any:
        return ()


@pytest.mark.parametrize(
    ("code", "opens"),
    [
        (grpc.StatusCode.DEADLINE_EXCEEDED, True),
        (grpc.StatusCode.UNAVAILABLE, True),
        (grpc.StatusCode.CANCELLED, True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, False),
        (grpc.StatusCode.INTERNAL, False),
        (grpc.StatusCode.NOT_FOUND, False),
    ],
)
def test_what_counts_as_no_answer(code: grpc.StatusCode, opens: bool) -> None:
    def with_call(_request: object, *, timeout: float, metadata: object) -> object:
        assert 0 < timeout <= TIMEOUT_S
        raise Broken(code)

    circuit = Circuit(BOUNDS)
    stub = guarded(SimpleNamespace(Ask=SimpleNamespace(with_call=with_call)), circuit)
    for _ in range(4):
        with pytest.raises(Broken):
            stub.Ask.with_call(None, timeout=TIMEOUT_S, metadata=())
    assert circuit.is_open == opens
