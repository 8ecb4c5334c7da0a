"""In which order a till sends the receipts: every member's one after the other, different members' side by side."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from wafa.demo.matching import ReturnPart, match_returns
from wafa.demo.receipts import END, Receipt


@dataclasses.dataclass(frozen=True)
class Task:
    """A receipt to send; a return in its parts."""

    receipt: Receipt
    parts: tuple[ReturnPart, ...] = ()


@dataclasses.dataclass(frozen=True)
class ReplayPlan:
    """Lanes may run at the same time, tasks within one run in order. `shift` moves every receipt forward in time."""

    lanes: tuple[tuple[Task, ...], ...]
    shift: timedelta


def make_plan(receipts: Sequence[Receipt], lanes: int, today: datetime) -> ReplayPlan:
    """Spreads the receipts, oldest first, over so many lanes, a customer's all on one."""
    parts = match_returns(receipts)
    spread: list[list[Task]] = [[] for _ in range(lanes)]
    for receipt in receipts:
        # The same lane in each run, unlike Python's own hash.
        lane = zlib.crc32((receipt.customer or receipt.number).encode()) % lanes
        spread[lane].append(Task(receipt, parts.get(receipt.number, ())))
    return ReplayPlan(tuple(map(tuple, spread)), shift_to(today))


def shift_to(today: datetime) -> timedelta:
    """How far to move the receipts so that the last one is not after `today`: whole weeks, so that Sundays stay so."""
    return timedelta(weeks=(today - END) // timedelta(weeks=1))
