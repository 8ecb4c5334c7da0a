"""A writer of batches, which ends with its block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.points.batch import (
    GroupCommitter,
    Rulebook,
)
from services.points.conditions import CelConditions
from tests.integration.points.conftest import Points


@contextmanager
def writer(points: Points, **bounds: float) -> Iterator[GroupCommitter]:
    """A queue of its own with a running writer."""
    found = GroupCommitter(
        points.storage,
        Rulebook(10, CelConditions()),
        batch_max=int(bounds.get("batch_max", 64)),
        queue_max=int(bounds.get("queue_max", 1_000)),
        queue_wait_s=bounds.get("queue_wait_s", 60),
    )
    worker = found.writer()
    worker.start()
    try:
        yield found
    finally:
        worker.stop()
