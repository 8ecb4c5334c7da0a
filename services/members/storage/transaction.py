"""One transaction and what can be done in it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from kit.chassis.storage import StorageBase, TransactionBase
from kit.clock import Clock
from kit.idempotency import StoredAnswers
from services.members import tables
from services.members.sealing import MasterKeys, Pepper
from services.members.storage.api_keys import ApiKeys
from services.members.storage.identifiers import Identifiers
from services.members.storage.members import Members
from services.members.storage.programs import Programs
from services.members.storage.statements import Secrets


class Transaction(TransactionBase):
    """Leaving commits, raising rolls back."""

    metadata = tables.metadata

    def __init__(self, connection: sa.Connection, secrets: Secrets, answers: StoredAnswers, now: datetime) -> None:
        super().__init__(connection, answers, now)
        self.members = Members(connection, secrets)
        self.identifiers = Identifiers(connection, secrets)
        self.programs = Programs(connection, secrets)
        self.api_keys = ApiKeys(connection, secrets)


class Storage(StorageBase[Transaction]):
    """The service's database. Time is the database's, unless a clock is given."""

    def __init__(
        self, engine: sa.Engine, master_keys: MasterKeys, pepper: Pepper, *, clock: Clock | None = None
    ) -> None:
        # Answers hold profiles and identifiers: they are sealed, and the digests of requests are keyed.
        answers = StoredAnswers(tables.stored_answers, seal=master_keys, fingerprint_key=pepper.fingerprint_key)
        super().__init__(engine, answers, clock)
        self._secrets = Secrets(master_keys, pepper)

    def _open(self, connection: sa.Connection, now: datetime) -> Transaction:
        return Transaction(connection, self._secrets, self.answers, now)
