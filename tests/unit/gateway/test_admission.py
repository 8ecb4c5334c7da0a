"""Places by lane: those who need one service leave those who need another alone."""

from __future__ import annotations

import threading

import pytest

from gateway.admission import LANES, OWN_LANE, Admission, lane_of, threads_max
from gateway.policy import POLICY
from gateway.refusals import DoorBusy


def test_a_full_lane_refuses_at_once_and_no_other_lane_does() -> None:
    admission = Admission(working_max=2, waiting_max=0, wait_s=60.0)
    for _ in range(2):
        admission.enter("points")
    with pytest.raises(DoorBusy):
        admission.enter("points")
    for lane in LANES:
        if lane != "points":
            admission.enter(lane)
    admission.leave("points")
    admission.enter("points")


def test_those_who_wait_in_one_lane_leave_room_for_those_who_wait_in_another() -> None:
    admission = Admission(working_max=1, waiting_max=4, wait_s=60.0)
    for lane in ("points", "members"):
        admission.enter(lane)
    let_in: list[str] = []

    def wait(lane: str) -> None:
        admission.enter(lane)
        let_in.append(lane)
        admission.leave(lane)

    waiting = [threading.Thread(target=wait, args=(lane,)) for lane in ("points", "points", "points", "members")]
    for thread in waiting:
        thread.start()
    for lane in ("members", "points"):
        admission.leave(lane)
    for thread in waiting:
        thread.join()
    assert sorted(let_in) == ["members", "points", "points", "points"]


def test_a_wait_ends() -> None:
    admission = Admission(working_max=1, waiting_max=1, wait_s=0.01)
    admission.enter("points")
    with pytest.raises(DoorBusy):
        admission.enter("points")
    admission.leave("points")
    admission.enter("points")


def test_every_route_that_needs_a_service_has_that_services_lane() -> None:
    for route in POLICY:
        blueprint = route.partition(".")[0]
        expected = {"meta": {OWN_LANE}, "keys": {"members"}, "rewards": {"rewards", "redemptions"}}
        assert lane_of(route) in expected.get(blueprint, {blueprint}), route


def test_a_wrong_path_needs_no_service() -> None:
    assert lane_of(None) == OWN_LANE


def test_there_is_a_thread_for_everyone_inside() -> None:
    assert threads_max(16, 64) == len(LANES) * 16 + 64
