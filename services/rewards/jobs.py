"""Timed work. Each function does one bounded round and says whether there is more to do at once."""

from __future__ import annotations

from datetime import timedelta

import prometheus_client
import structlog

from kit.call import Call
from services.rewards.domain.redemptions import next_step
from services.rewards.handlers import Saga
from services.rewards.handlers.saga import CALLER_ID
from services.rewards.storage import Storage

_log = structlog.get_logger()

REDEMPTIONS_STUCK = prometheus_client.Gauge(
    "redemptions_stuck", "Redemptions that are under way for longer than they ever should be."
)


def sweep_redemptions(storage: Storage, saga: Saga, *, lease_s: int, limit: int) -> bool:
    """Goes on with redemptions whose lease ran out: their process died, or `points` did not answer.

    One at a time, so that a lease covers the work on one. The round ends early when one did not come to its end:
    the next would wait for the same as well.
    """
    for _ in range(limit):
        with storage.transaction() as tx:
            redemption = tx.redemptions.claim(lease_s)
        if redemption is None:
            return False
        _log.info("redemption_taken_over", redemption_id=redemption.redemption_id, state=redemption.state)
        if next_step(saga.run(Call(CALLER_ID, str(redemption.redemption_id)), redemption)) is not None:
            return False
    return True


def watch_redemptions(storage: Storage, *, stuck_after_s: int) -> bool:
    """Counts the redemptions that a person should look at."""
    with storage.transaction() as tx:
        stuck = tx.redemptions.count_under_way_since(tx.now - timedelta(seconds=stuck_after_s))
    REDEMPTIONS_STUCK.set(stuck)
    if stuck:
        _log.warning("redemptions_stuck", stuck=stuck, longer_than_s=stuck_after_s)
    return False
