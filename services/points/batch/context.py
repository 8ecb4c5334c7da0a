"""Everything that a batch has loaded, and what its operations have decided so far."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from kit.errors import Refusal
from kit.outbox import Event
from services.points import announces
from services.points.batch.accounts import BatchAccounts
from services.points.batch.activities import BatchActivities
from services.points.batch.adjustments import BatchAdjustments
from services.points.batch.holds import BatchHolds
from services.points.batch.members import BatchMembers
from services.points.batch.plan import Touch
from services.points.batch.purchases import BatchPurchases
from services.points.batch.reads import Reads
from services.points.batch.returns import BatchReturns
from services.points.batch.rulebook import Rulebook
from services.points.batch.transfers import BatchTransfers
from services.points.batch.undo import undo
from services.points.domain.earning.counters import LimitCounters
from services.points.domain.ledger.accounts import AccountKey
from services.points.storage import BookRequest, CounterRequest, Transaction


class BatchContext:
    """What operations of one batch see and leave, by noun. `lock` is False for those who only look."""

    def __init__(self, tx: Transaction, rulebook: Rulebook, *, lock: bool) -> None:
        self._tx = tx
        self._lock = lock
        self._events: list[Event] = []
        self.members = BatchMembers(tx, rulebook)
        self.purchases = BatchPurchases(tx, lock=lock)
        self.returns = BatchReturns(tx, self.purchases)
        self.holds = BatchHolds(tx)
        self.adjustments = BatchAdjustments(tx, lock=lock)
        self.transfers = BatchTransfers(tx, lock=lock)
        self.activities = BatchActivities(tx)
        self.accounts = BatchAccounts(tx, lock=lock)
        self.limits = LimitCounters({})

    # -- For the batch -----------------------------------------------------------------------------------------------

    def load(self, reads: Iterable[Reads]) -> None:
        """Loads what the operations must see, one query a kind."""
        found = list(reads)
        self.purchases.load(found)
        # After purchases are locked: whatever rules they were earned by are known from now on.
        self.members.load(found, self.purchases.owners(found))
        self.returns.load(found)
        self.holds.load(found)
        self.adjustments.load(found)
        self.transfers.load(found)
        self.activities.load(found)

    def open(self, touches: Iterable[Touch]) -> None:
        """Loads the accounts that the operations touch, and then the counters, locked if anything is to be written."""
        wanted = list(touches)
        books = [each for each in wanted if isinstance(each, BookRequest)]
        self.accounts.open(books, self.members.policies())
        self.transfers.count(each.key for each in books if each.counting_sent)
        counters = [each for each in wanted if isinstance(each, CounterRequest)]
        if counters:
            self.limits = self._tx.counters.open(counters, lock=self._lock)

    def save(self, answers: Iterable[dict[str, object]]) -> None:
        """Writes everything that was decided."""
        books = list(self.accounts.all())
        self._tx.save(books, self.limits, [*self._events, *announces.entries_made(books, self._events)], answers)

    # -- For operations ----------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The instant at which the batch judges."""
        return self._tx.now

    def announce(self, *events: Event) -> None:
        """Leaves events; those of entries are added by themselves."""
        self._events.extend(events)

    @contextlib.contextmanager
    def as_one(self, keys: Iterable[AccountKey]) -> Iterator[None]:
        """Takes what is done within to these accounts as one movement of each; a refusal undoes all of it."""
        books = [self.accounts.book(key) for key in dict.fromkeys(keys)]
        # Whatever an operation changes: a part that operations leave something in belongs here.
        parts = (self, self.purchases, self.returns, self.transfers, self.limits, self._tx.writer, *books)
        undoing = [undo(part) for part in parts]
        try:
            with contextlib.ExitStack() as combined:
                for book in books:
                    combined.enter_context(book.as_one(self.now))
                yield
        except Refusal:
            for each in undoing:
                each()
            raise
