"""The base of a service's storage: a transaction that answers each request once and announces what has changed."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

import sqlalchemy as sa

from kit import database, inbox, outbox
from kit.call import Call
from kit.clock import Clock
from kit.idempotency import Command, Outcome, StoredAnswers

Answer = TypeVar("Answer")

STORED_ANSWERS = "stored_answers"
OUTBOX = "outbox"
INBOX = "inbox"


class TransactionBase:
    """Leaving commits, raising rolls back. A service adds its own tables, each an attribute called by its noun."""

    metadata: ClassVar[sa.MetaData]

    def __init__(self, connection: sa.Connection, answers: StoredAnswers, now: datetime) -> None:
        self._connection = connection
        self._answers = answers
        self.now = now

    def once(
        self, call: Call, command: Command, answer_type: type[Answer], work: Callable[[], Answer]
    ) -> Outcome[Answer]:
        """Replays the stored outcome of the command, or does the work and stores what it came to."""
        return self._answers.once(self._connection, call, command, answer_type, work, now=self.now)

    def announce(self, events: Sequence[outbox.Event]) -> None:
        """Writes the events down, to be published once the transaction has committed."""
        outbox.append(self._connection, self.metadata.tables[OUTBOX], events)

    def forget_answers_before(self, instant: datetime, *, limit: int) -> int:
        """Deletes up to `limit` stored answers that are older; says how many."""
        return self._answers.forget_before(self._connection, instant, limit=limit)

    def prune_outbox_before(self, instant: datetime, *, limit: int) -> int:
        """Deletes up to `limit` events that were published before; says how many."""
        return outbox.prune(self._connection, self.metadata.tables[OUTBOX], instant, limit)

    def prune_inbox_before(self, instant: datetime, *, limit: int) -> int:
        """Forgets up to `limit` events that were received before; says how many: none where nothing is received."""
        if INBOX not in self.metadata.tables:
            return 0
        return inbox.prune(self._connection, self.metadata.tables[INBOX], instant, limit)


Transaction = TypeVar("Transaction", bound=TransactionBase)


class StorageBase(ABC, Generic[Transaction]):
    """The service's database. Time is the database's, unless a clock is given."""

    def __init__(self, engine: sa.Engine, answers: StoredAnswers, clock: Clock | None) -> None:
        self.engine = engine
        self.answers = answers
        self._clock = clock

    @abstractmethod
    def _open(self, connection: sa.Connection, now: datetime) -> Transaction:
        """The service's own transaction over an open connection."""

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One transaction."""
        with database.transaction(self.engine) as connection:
            yield self._open(connection, self._now(connection))

    def _now(self, connection: sa.Connection) -> datetime:
        if self._clock is not None:
            return self._clock.now()
        now: datetime = connection.scalar(sa.text("SELECT clock_timestamp()"))
        return now
