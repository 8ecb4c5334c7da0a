"""Timed work. Each function does one bounded round and says whether there is more to do at once."""

from __future__ import annotations

from datetime import timedelta

from kit import idempotency, inbox, outbox
from kit.database import LostRaceError
from services.points import events
from services.points.domain.ledger import AccountKey
from services.points.storage import BookRequest, Storage


def settle_overdue_accounts(storage: Storage, *, limit: int) -> bool:
    """Writes down what time has done: holds that ended, lots that lapsed. Balances are right without it.

    One account a transaction, so that a till waits for one account at the most.
    """
    with storage.transaction() as tx:
        overdue = tx.accounts.overdue(tx.now, limit)
    for key in overdue:
        _settle(storage, key)
    return len(overdue) >= limit


def forget_stored_answers(storage: Storage, *, limit: int) -> bool:
    """Forgets answers that are older than a retry may be."""
    with storage.transaction() as tx:
        before = tx.now - timedelta(days=idempotency.RETENTION_DAYS)
        return tx.forget_answers_before(before, limit=limit) == limit


def prune_events(storage: Storage, *, limit: int) -> bool:
    """Deletes events that nobody may ask for again, and the notes of those that were received."""
    with storage.transaction() as tx:
        sent = tx.prune_outbox_before(tx.now - timedelta(days=outbox.RETENTION_DAYS), limit=limit)
        noted = tx.prune_inbox_before(tx.now - timedelta(days=inbox.RETENTION_DAYS), limit=limit)
    return limit in (sent, noted)


def _settle(storage: Storage, key: AccountKey) -> None:
    try:
        with storage.transaction() as tx:
            book = tx.accounts.lock([BookRequest(key)])[key]
            book.settle(tx.now)
            tx.save([book], events.entries_made([book]))
    except LostRaceError:
        return  # somebody else works on this account and settles it on the way
