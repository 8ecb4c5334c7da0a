"""The order of a reconciliation: events first, then what does not agree, as long as repairs get on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from wafa.checker import standings
from wafa.checker.prove import PATIENCE_S, PAUSE_S
from wafa.checker.snapshot import DatabaseSnapshot, lasting
from wafa.reconciler import holds, members, redemptions
from wafa.reconciler.plans import Repair, RepairResult
from wafa.reconciler.repairs import Repairs

# What is under way differs for a moment: only what is found in every reading is repaired.
READINGS = 4
UNDER_WAY = "SELECT count(*) AS redemptions FROM redemptions WHERE lease_until IS NOT NULL"

Planner = Callable[[DatabaseSnapshot], Iterator[Repair]]
# In this order: a member comes before what they hold.
PLANNERS: tuple[Planner, ...] = (members.known_otherwise, redemptions.paid_otherwise, holds.unexplained)


class Reconciler:
    """Plans repairs from the databases at `urls`. `pause` is given seconds."""

    def __init__(self, urls: Mapping[str, str], *, pause: Callable[[float], object] = time.sleep) -> None:
        self._urls = urls
        self._pause = pause

    def wait_until_consumed(self, patience_s: float = PATIENCE_S) -> None:
        """Waits until all events are consumed and no redemption is under way, or `patience_s` has passed."""
        for _ in range(round(patience_s / PAUSE_S)):
            if not self._is_behind():
                return
            self._pause(PAUSE_S)

    def plan(self, planner: Planner) -> list[Repair]:
        """What one planner finds in every one of several readings."""
        found = lasting(self._readings(planner), lambda: self._pause(PAUSE_S))
        return sorted(found, key=lambda repair: (repair.action.value, repair.member_id, repair.subject_id))

    def plan_all(self) -> list[Repair]:
        """What all planners find now. A repair may lead to others, which show only once it is done."""
        return [repair for planner in PLANNERS for repair in self.plan(planner)]

    def carry_out(self, repairs: Repairs) -> Iterator[RepairResult]:
        """Plans and carries out, one planner after the other; gives each result when it is there."""
        for planner in PLANNERS:
            for repair in self.plan(planner):
                yield repairs.carry_out(repair)
            self.wait_until_consumed()

    def _readings(self, planner: Planner) -> Iterator[frozenset[Repair]]:
        for _ in range(READINGS):
            with DatabaseSnapshot(self._urls) as snapshot:
                yield frozenset(planner(snapshot))

    def _is_behind(self) -> bool:
        with DatabaseSnapshot(self._urls) as snapshot:
            (under_way,) = snapshot.rows("rewards", UNDER_WAY)
            return under_way.redemptions > 0 or any(each.is_behind for each in standings.differences(snapshot))
