"""Several movements of one account that count as one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime

from services.points.domain.ledger.book import Book


class CombiningBook(Book):
    """A book that can take several movements as one.

    What is owed or below zero, and what time alone does, waits until the last of them is made: so what one of them
    gives is there for another to take, whatever else the account owes, and lapses only if nobody took it.
    """

    _combining = False

    @contextlib.contextmanager
    def as_one(self, now: datetime) -> Iterator[None]:
        """Combines the movements made within, all of them at `now`."""
        self.settle(now)
        self._combining = True
        try:
            yield
        finally:
            self._combining = False
        self._after_freeing(now)

    def settle(self, now: datetime) -> None:
        """Ends the holds and lapses the lots whose time is over."""
        if not self._combining:
            super().settle(now)

    def _pay_debts(self, now: datetime) -> None:
        if not self._combining:
            super()._pay_debts(now)
