"""One transaction and what can be done in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import orjson
import sqlalchemy as sa

from kit import database, outbox
from kit.chassis.storage import StorageBase, TransactionBase
from kit.clock import Clock
from kit.idempotency import Asked, Key, Stored, StoredAnswers
from kit.outbox import Event
from services.points import tables
from services.points.domain.earning.counters import LimitCounters
from services.points.domain.ledger.book import Book
from services.points.storage.earning.activities import Activities
from services.points.storage.earning.counters import Counters
from services.points.storage.earning.pending_activities import PendingActivities
from services.points.storage.earning.qualifying import Qualifying
from services.points.storage.earning.rules import Rules
from services.points.storage.known_members import KnownMembers
from services.points.storage.ledger.accounts import Accounts
from services.points.storage.ledger.adjustments import Adjustments
from services.points.storage.ledger.reports import Reports
from services.points.storage.ledger.transfers import Transfers
from services.points.storage.program.rehearsals import Rehearsals
from services.points.storage.sales.pending_returns import PendingReturns
from services.points.storage.sales.purchases import Purchases
from services.points.storage.writer import Writer


class Transaction(TransactionBase):
    """Leaving commits, raising rolls back. Rows go to `writer` and are written when `save` is called."""

    metadata = tables.metadata

    def __init__(self, connection: sa.Connection, answers: StoredAnswers, now: datetime) -> None:
        super().__init__(connection, answers, now)
        self.writer = Writer()
        self.accounts = Accounts(connection)
        self.activities = Activities(connection)
        self.adjustments = Adjustments(connection)
        self.counters = Counters(connection)
        self.pending_activities = PendingActivities(connection)
        self.purchases = Purchases(connection)
        self.pending_returns = PendingReturns(connection)
        self.qualifying = Qualifying(connection)
        self.rules = Rules(connection)
        self.rehearsals = Rehearsals(connection)
        self.known_members = KnownMembers(connection)
        self.transfers = Transfers(connection)

    def answered(self, requests: Sequence[Asked]) -> dict[Key, Stored]:
        """What is stored for the requests."""
        return self._answers.find(self._connection, requests)

    def save(
        self,
        books: Iterable[Book],
        limits: LimitCounters,
        events: Iterable[Event],
        answers: Iterable[dict[str, object]],
    ) -> None:
        """Writes what changed of books and counters, what else the writer holds, events and answers, in one go."""
        self.accounts.write(self.writer, books)
        self.counters.write(self.writer, limits)
        for event in events:
            self.writer.add(tables.outbox, outbox.row(event))
        for answer in answers:
            fingerprint = orjson.dumps(answer["fingerprint"]).decode()
            self.writer.add(tables.stored_answers, answer | {"fingerprint": fingerprint})
        self.writer.flush(self._connection)


class Storage(StorageBase[Transaction]):
    """The service's database. Time is the database's, unless a clock is given."""

    def __init__(self, engine: sa.Engine, *, clock: Clock | None = None) -> None:
        super().__init__(engine, StoredAnswers(tables.stored_answers), clock)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Transaction]:
        """One transaction that sees one state and can write nothing."""
        with database.transaction(self.engine) as connection:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield self._open(connection, self._now(connection))

    @contextlib.contextmanager
    def snapshot(self, *, timeout_ms: int) -> Iterator[Reports]:
        """One state of the books to read from, however many questions are asked of it; each may take `timeout_ms`."""
        with database.transaction(self.engine) as connection:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {timeout_ms:d}")
            yield Reports(connection, self._now(connection))

    def _open(self, connection: sa.Connection, now: datetime) -> Transaction:
        return Transaction(connection, self.answers, now)
