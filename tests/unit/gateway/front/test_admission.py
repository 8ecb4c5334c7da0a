"""Places, and who waits for one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from gateway.front.admission import Admission, AdmissionBounds, Admitted

WAIT_S = 1_000.0
BULKHEADS = ("gateway", "points", "members")


def admitted(run: Callable[[], object], answers: list[object], bulkhead: str = "points") -> Admitted:
    return Admitted(bulkhead, run, answers.append, lambda refusal: answers.append(refusal.reason))


def test_what_finds_no_place_waits_or_is_refused_and_each_is_answered_once() -> None:
    async def story() -> list[object]:
        gate = threading.Event()
        answers: list[object] = []
        admission = Admission(asyncio.get_running_loop(), BULKHEADS, AdmissionBounds(2, 4, WAIT_S))
        requests = [admitted(lambda: gate.wait(60), answers) for _ in range(8)]
        for each in requests:
            admission.submit(each)
        assert answers == ["GATEWAY_OVERLOADED"] * 3
        # One that waits goes away; its place is not worked for.
        requests[2].is_wanted = False
        gate.set()
        while not admission.is_empty:
            await asyncio.sleep(0)
        admission.stop()
        return answers

    assert asyncio.run(story()) == ["GATEWAY_OVERLOADED"] * 3 + [True] * 4


def test_nothing_waits_longer_than_the_wait() -> None:
    async def story() -> list[object]:
        loop, gate = asyncio.get_running_loop(), threading.Event()
        answers: list[object] = []
        admission = Admission(loop, BULKHEADS, AdmissionBounds(1, 3, WAIT_S))
        for _ in range(3):
            admission.submit(admitted(lambda: gate.wait(60), answers))
        admission.expire(loop.time() + WAIT_S - 1)
        assert answers == []
        admission.expire(loop.time() + WAIT_S)
        gate.set()
        while not admission.is_empty:
            await asyncio.sleep(0)
        admission.stop()
        return answers

    assert asyncio.run(story()) == ["GATEWAY_OVERLOADED", "GATEWAY_OVERLOADED", True]


def test_the_queue_is_as_long_as_what_leaves_it_in_time() -> None:
    async def story() -> int:
        loop, gate = asyncio.get_running_loop(), threading.Event()
        answers: list[object] = []
        clock = 0.0
        admission = Admission(loop, BULKHEADS, AdmissionBounds(2, 100, 1.0), now=lambda: clock)
        # Ten requests that took half a second each: in a second, two places finish four.
        for _ in range(10):
            admission.submit(admitted(lambda: "done", answers))
            clock += 0.5
            while not admission.is_empty:
                await asyncio.sleep(0)
        for _ in range(20):
            admission.submit(admitted(lambda: gate.wait(60), answers))
        gate.set()
        while not admission.is_empty:
            await asyncio.sleep(0)
        admission.stop()
        return answers.count("GATEWAY_OVERLOADED")

    assert asyncio.run(story()) == 14


def test_a_full_bulkhead_leaves_places_and_room_to_wait_in_another() -> None:
    async def story() -> list[object]:
        gate = threading.Event()
        answers: list[object] = []
        admission = Admission(asyncio.get_running_loop(), BULKHEADS, AdmissionBounds(2, 4, WAIT_S))
        for _ in range(6):
            admission.submit(admitted(lambda: gate.wait(60), answers))
        assert answers == ["GATEWAY_OVERLOADED"]
        for _ in range(4):
            admission.submit(admitted(lambda: gate.wait(60), answers, "members"))
        # Three of one bulkhead and one of the other wait, which are all that may.
        assert answers == ["GATEWAY_OVERLOADED"] * 2
        for _ in range(2):
            admission.submit(admitted(lambda: "served", answers, "gateway"))
        while answers.count("served") < 2:
            await asyncio.sleep(0)
        gate.set()
        while not admission.is_empty:
            await asyncio.sleep(0)
        admission.stop()
        return answers

    assert asyncio.run(story()) == ["GATEWAY_OVERLOADED"] * 2 + ["served"] * 2 + [True] * 8
