"""Timed work. Each function does one bounded round and says whether there is more to do at once."""

from __future__ import annotations

from datetime import timedelta

from kit import outbox
from kit.call import KEY_RETENTION_DAYS
from services.members.storage import Storage


def forget_stored_answers(storage: Storage, *, limit: int) -> bool:
    """Forgets answers that are older than a retry may be."""
    with storage.transaction() as tx:
        before = tx.now - timedelta(days=KEY_RETENTION_DAYS)
        return tx.forget_answers_before(before, limit=limit) == limit


def prune_events(storage: Storage, *, limit: int) -> bool:
    """Deletes events that were published so long ago that nobody may ask for them again."""
    with storage.transaction() as tx:
        before = tx.now - timedelta(days=outbox.RETENTION_DAYS)
        return tx.prune_outbox_before(before, limit=limit) == limit


def rewrap_data_keys(storage: Storage, *, limit: int) -> bool:
    """Moves members' keys from a retired master key to the present one, after which the old one can be thrown away."""
    with storage.transaction() as tx:
        return tx.members.rewrap_data_keys(limit=limit) == limit
