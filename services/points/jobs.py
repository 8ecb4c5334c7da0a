"""Timed work. Each function does one bounded round and says whether there is more to do at once."""

from __future__ import annotations

from datetime import timedelta

import prometheus_client
import structlog

from kit.call import Call
from services.points.batch import Committer, submit_in_shares
from services.points.domain.earning.conditions import Conditions
from services.points.handlers.earning import enrolments
from services.points.handlers.ledger.settling import SettleAccountOperation
from services.points.handlers.ledger.transfers import TransferHandlers
from services.points.handlers.program import rehearsing
from services.points.storage import Storage

_log = structlog.get_logger()

REHEARSAL_RETENTION_DAYS = 30

TRANSFERS_STUCK = prometheus_client.Gauge(
    "transfers_stuck", "Transfers between members that are on their way for longer than they ever should be."
)

# The service itself, as the caller of work that nobody asked for.
SELF = Call("points")


def settle_overdue_accounts(storage: Storage, committer: Committer, *, limit: int) -> bool:
    """Writes down what time has done: holds that ended, lots that lapsed. Balances are right without it."""
    with storage.transaction() as tx:
        overdue, more = tx.accounts.overdue(tx.now, limit)
    for result in submit_in_shares(committer, SELF, [SettleAccountOperation(key) for key in overdue]):
        if isinstance(result, Exception):
            raise result
    return more


def expire_adjustments(storage: Storage, *, limit: int) -> bool:
    """Writes down that requested adjustments have expired; nobody could approve them any more."""
    with storage.transaction() as tx:
        return tx.adjustments.expire_before(tx.now, limit=limit) == limit


def rehearse_rules(storage: Storage, conditions: Conditions, *, limit: int) -> bool:
    """Judges past purchases by rules that somebody would like to see at work; moves no point."""
    return rehearsing.rehearse(storage, conditions, limit=limit)


def record_pending_activities(storage: Storage, committer: Committer, *, limit: int) -> bool:
    """Records the enrolments that were heard of, so that they earn."""
    return enrolments.record_pending(storage, committer, SELF, limit=limit)


def prune_rehearsals(storage: Storage, *, limit: int) -> bool:
    """Deletes rehearsals that ended long ago."""
    with storage.transaction() as tx:
        return tx.rehearsals.prune_before(tx.now - timedelta(days=REHEARSAL_RETENTION_DAYS), limit=limit) == limit


def finish_transfers(transfers: TransferHandlers, *, limit: int) -> bool:
    """Finishes transfers whose lease ran out: the process that was at work on them died, or could not ask for somebody.

    One at a time, so that a lease covers the work on one. The round ends early when one did not come to its end:
    whatever it waits for, the next may wait for as well.
    """
    return all(transfers.take_over(SELF) for _ in range(limit))


def watch_transfers(storage: Storage, *, stuck_after_s: int) -> bool:
    """Counts the transfers that a person should look at: points that have left one member and not reached another."""
    with storage.transaction() as tx:
        stuck = tx.transfers.count_sent_before(tx.now - timedelta(seconds=stuck_after_s))
    TRANSFERS_STUCK.set(stuck)
    if stuck:
        _log.warning("transfers_stuck", stuck=stuck, longer_than_s=stuck_after_s)
    return False
