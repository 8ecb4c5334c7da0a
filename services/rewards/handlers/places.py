"""How many redemptions of one reward a process works on at a time.

All redemptions of a reward wait for the row of its stock. A reward that many members want would otherwise fill every
thread and every connection of the process with those that wait for it, and keep out those that want another one.
"""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections import Counter
from collections.abc import Iterator

from services.rewards.domain.errors import RewardBusy


class RewardPlaces:
    """Places by reward; safe for threads."""

    def __init__(self, per_reward_max: int) -> None:
        self._per_reward_max = per_reward_max
        self._taken: Counter[tuple[uuid.UUID, uuid.UUID]] = Counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def held(self, program_id: uuid.UUID, reward_id: uuid.UUID) -> Iterator[None]:
        """A place for a redemption of the reward while the block runs; RewardBusy where there is none."""
        key = (program_id, reward_id)
        with self._lock:
            if self._taken[key] >= self._per_reward_max:
                raise RewardBusy("many redeem this reward at this moment, try again")
            self._taken[key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[key] -= 1
                if not self._taken[key]:
                    del self._taken[key]
