"""One transaction and what can be done in it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from kit import database, outbox
from kit.call import Call
from kit.clock import Clock
from kit.idempotency import Command, Outcome, StoredAnswers
from services.members import tables
from services.members.sealing import MasterKeys, Pepper
from services.members.storage.api_keys import ApiKeys
from services.members.storage.identifiers import Identifiers
from services.members.storage.members import Members
from services.members.storage.programs import Programs
from services.members.storage.statements import Secrets

Answer = TypeVar("Answer")


class Transaction:
    """Leaving commits, raising rolls back."""

    def __init__(self, connection: sa.Connection, secrets: Secrets, answers: StoredAnswers, now: datetime) -> None:
        self._connection = connection
        self._answers = answers
        self.now = now
        self.members = Members(connection, secrets)
        self.identifiers = Identifiers(connection, secrets)
        self.programs = Programs(connection, secrets)
        self.api_keys = ApiKeys(connection, secrets)

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


class Storage:
    """The service's database. Time is the database's, unless a clock is given."""

    def __init__(
        self, engine: sa.Engine, master_keys: MasterKeys, pepper: Pepper, *, clock: Clock | None = None
    ) -> None:
        self._engine = engine
        self._secrets = Secrets(master_keys, pepper)
        # Answers hold profiles and identifiers: they are sealed, and the digests of requests are keyed.
        self._answers = StoredAnswers(tables.stored_answers, seal=master_keys, fingerprint_key=pepper.fingerprint_key)
        self._clock = clock

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One transaction."""
        with database.transaction(self._engine) as connection:
            yield Transaction(connection, self._secrets, self._answers, self._now(connection))

    def _now(self, connection: sa.Connection) -> datetime:
        if self._clock is not None:
            return self._clock.now()
        now: datetime = connection.scalar(sa.text("SELECT clock_timestamp()"))
        return now
