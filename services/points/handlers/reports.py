"""What auditors ask: an account over a period. Reads alone, each of one snapshot."""

from __future__ import annotations

from kit.page import Page, PageRequest, page_of
from services.points.domain.ledger import AccountKey, Entry
from services.points.domain.statement import Period, Statement, statement_of
from services.points.storage import Storage

# A statement reads one account, from an index.
STATEMENT_TIMEOUT_MS = 5_000


class ReportHandlers:
    """The auditor's view."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def get_statement(self, key: AccountKey, period: Period, page: PageRequest) -> tuple[Statement, Page[Entry]]:
        """The account over the period, and a page of what moved it."""
        with self._storage.snapshot(timeout_ms=STATEMENT_TIMEOUT_MS) as books:
            statement = statement_of(key, period, books.kind_sums(key, period), books.now)
            movements = books.movements(key, period, page)
        return statement, page_of(movements, page, lambda entry: (str(entry.version),))
