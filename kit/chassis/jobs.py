"""The timed work that every service has. Each function does one bounded round and says whether there is more to do."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from kit import inbox, outbox
from kit.call import KEY_RETENTION_DAYS
from kit.chassis.settings import ServiceSettings
from kit.chassis.storage import StorageBase
from kit.workers import Worker

Round = Callable[[], bool]


def forget_stored_answers(storage: StorageBase[Any], *, limit: int) -> bool:
    """Forgets answers that are older than a retry may be."""
    with storage.transaction() as tx:
        before = tx.now - timedelta(days=KEY_RETENTION_DAYS)
        forgotten: int = tx.forget_answers_before(before, limit=limit)
    return forgotten == limit


def prune_events(storage: StorageBase[Any], *, limit: int) -> bool:
    """Deletes published events after their retention time, and the inbox entries of received ones."""
    with storage.transaction() as tx:
        sent = tx.prune_outbox_before(tx.now - timedelta(days=outbox.RETENTION_DAYS), limit=limit)
        noted = tx.prune_inbox_before(tx.now - timedelta(days=inbox.RETENTION_DAYS), limit=limit)
    return limit in (sent, noted)


def workers(word: str, storage: StorageBase[Any], settings: ServiceSettings, own: Mapping[str, Round]) -> list[Worker]:
    """A worker for each of the service's own rounds, by its name, and for those that every service has."""
    limit = settings.jobs_batch_max
    rounds: dict[str, Round] = {
        **own,
        "forget-stored-answers": functools.partial(forget_stored_answers, storage, limit=limit),
        "prune-events": functools.partial(prune_events, storage, limit=limit),
    }
    return [Worker(f"{word}-{name}", work, interval_s=settings.jobs_interval_s) for name, work in rounds.items()]
