"""One transaction and what can be done in it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from kit.chassis.storage import StorageBase, TransactionBase
from kit.clock import Clock
from kit.idempotency import StoredAnswers
from services.rewards import tables
from services.rewards.storage.counts import Counts
from services.rewards.storage.redemptions import Redemptions
from services.rewards.storage.rewards import Rewards
from services.rewards.storage.statuses import Statuses
from services.rewards.storage.stocks import Stocks
from services.rewards.storage.vouchers import Vouchers


class Transaction(TransactionBase):
    """Leaving commits, raising rolls back."""

    metadata = tables.metadata

    def __init__(self, connection: sa.Connection, answers: StoredAnswers, now: datetime) -> None:
        super().__init__(connection, answers, now)
        self.rewards = Rewards(connection)
        self.stocks = Stocks(connection)
        self.redemptions = Redemptions(connection)
        self.counts = Counts(connection)
        self.vouchers = Vouchers(connection)
        self.statuses = Statuses(connection)


class Storage(StorageBase[Transaction]):
    """The service's database. Time is the database's, unless a clock is given."""

    def __init__(self, engine: sa.Engine, *, clock: Clock | None = None) -> None:
        super().__init__(engine, StoredAnswers(tables.stored_answers), clock)

    def _open(self, connection: sa.Connection, now: datetime) -> Transaction:
        return Transaction(connection, self.answers, now)
