"""One transaction and what can be done in it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from kit import database, inbox, outbox
from kit.call import Call
from kit.clock import Clock
from kit.idempotency import Command, Outcome, StoredAnswers
from services.rewards import tables
from services.rewards.storage.counts import Counts
from services.rewards.storage.redemptions import Redemptions
from services.rewards.storage.rewards import Rewards
from services.rewards.storage.statuses import Statuses
from services.rewards.storage.stocks import Stocks
from services.rewards.storage.vouchers import Vouchers

Answer = TypeVar("Answer")


class Transaction:
    """Leaving commits, raising rolls back."""

    def __init__(self, connection: sa.Connection, answers: StoredAnswers, now: datetime) -> None:
        self._connection = connection
        self._answers = answers
        self.now = now
        self.rewards = Rewards(connection)
        self.stocks = Stocks(connection)
        self.redemptions = Redemptions(connection)
        self.counts = Counts(connection)
        self.vouchers = Vouchers(connection)
        self.statuses = Statuses(connection)

    def once(
        self, call: Call, command: Command, answer_type: type[Answer], work: Callable[[], Answer]
    ) -> Outcome[Answer]:
        """Replays the stored outcome of the command, or does the work and stores what it came to."""
        return self._answers.once(self._connection, call, command, answer_type, work, now=self.now)

    def announce(self, events: Sequence[outbox.Event]) -> None:
        """Writes the events down, to be published once the transaction has committed."""
        outbox.append(self._connection, tables.outbox, events)

    def forget_answers_before(self, instant: datetime, *, limit: int) -> int:
        """Deletes up to `limit` stored answers that are older; says how many."""
        return self._answers.forget_before(self._connection, instant, limit=limit)

    def prune_outbox_before(self, instant: datetime, *, limit: int) -> int:
        """Deletes up to `limit` events that were published before; says how many."""
        return outbox.prune(self._connection, tables.outbox, instant, limit)

    def prune_inbox_before(self, instant: datetime, *, limit: int) -> int:
        """Forgets up to `limit` events that were received before; says how many."""
        return inbox.prune(self._connection, tables.inbox, instant, limit)


class Storage:
    """The service's database. Time is the database's, unless a clock is given."""

    def __init__(self, engine: sa.Engine, *, clock: Clock | None = None) -> None:
        self._engine = engine
        self._answers = StoredAnswers(tables.stored_answers)
        self._clock = clock

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One transaction."""
        with database.transaction(self._engine) as connection:
            yield Transaction(connection, self._answers, self._now(connection))

    def _now(self, connection: sa.Connection) -> datetime:
        if self._clock is not None:
            return self._clock.now()
        now: datetime = connection.scalar(sa.text("SELECT clock_timestamp()"))
        return now
