"""What auditors ask: an account over a period, and what a program owes. Reads alone, each of one snapshot."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

from kit.errors import Invalid
from kit.page import Page, PageRequest, page_of
from services.points.domain.errors import TooManyReports
from services.points.domain.ledger.accounts import AccountKey, Entry
from services.points.domain.ledger.liability import (
    DeferredRevenue,
    Liability,
    Valuation,
    breakage_of,
    deferred_revenue,
    flow_of,
    outlook_of,
    outstanding_of,
)
from services.points.domain.ledger.statement import Period, Statement, statement_of
from services.points.storage import Storage
from services.points.storage.ledger.reports import Reports

# A statement reads one account, from an index.
STATEMENT_TIMEOUT_MS = 5_000
# A liability reads every open lot and every entry since the period began. Whoever asks waits longer than a till would.
LIABILITY_TIMEOUT_MS = 60_000
# More of them would take the connections that tills need, and whoever has lost patience does not end what they began.
LIABILITIES_AT_ONCE_MAX = 2

FIRST_INSTANT = datetime.min.replace(tzinfo=UTC)


class ReportHandlers:
    """The auditor's view."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._room = threading.BoundedSemaphore(LIABILITIES_AT_ONCE_MAX)

    def get_statement(self, key: AccountKey, period: Period, page: PageRequest) -> tuple[Statement, Page[Entry]]:
        """The account over the period, and a page of what moved it."""
        with self._storage.snapshot(timeout_ms=STATEMENT_TIMEOUT_MS) as books:
            statement = statement_of(key, period, books.kind_sums(key, period), books.now)
            movements = books.movements(key, period, page)
        return statement, page_of(movements, page, lambda entry: (str(entry.version),))

    def get_liability(
        self, program_id: UUID, wallet: str, period: Period, observed_days: int, valuation: Valuation | None
    ) -> Liability:
        """What the program owes when the period ends; breakage is observed over the days before that end."""
        if not self._room.acquire(blocking=False):
            raise TooManyReports(f"{LIABILITIES_AT_ONCE_MAX} such reports are being made, try again when one is there")
        try:
            return self._liability(program_id, wallet, period, observed_days, valuation)
        finally:
            self._room.release()

    def _liability(
        self, program_id: UUID, wallet: str, period: Period, observed_days: int, valuation: Valuation | None
    ) -> Liability:
        with self._storage.snapshot(timeout_ms=LIABILITY_TIMEOUT_MS) as books:
            measured_at = min(period.end, books.now)
            observed = Period(_before(measured_at, timedelta(days=observed_days)), period.end)
            sums = books.flow_sums(program_id, wallet, period, observed)
            lots, lapsed_unwritten = books.lot_sums(program_id, wallet, period.end, measured_at)
            flow = flow_of(books.held_now(program_id, wallet), sums)
            breakage = breakage_of(observed, sums)
            deferred = None
            if valuation is not None:
                redemption_bp = valuation.redemption_bp or breakage.redemption_bp
                deferred = _deferred(books, program_id, wallet, period, valuation, redemption_bp, flow.issued)
        return Liability(
            program_id,
            wallet,
            period,
            measured_at,
            books.now,
            flow,
            outstanding_of(lots, flow.closing, lapsed_unwritten),
            outlook_of(lots, measured_at),
            breakage,
            deferred,
        )


def _before(instant: datetime, duration: timedelta) -> datetime:
    """The instant so long before, or the first of all."""
    return instant - min(duration, instant - FIRST_INSTANT)


def _deferred(
    books: Reports,
    program_id: UUID,
    wallet: str,
    period: Period,
    valuation: Valuation,
    redemption_bp: int | None,
    issued: int,
) -> DeferredRevenue:
    if redemption_bp is None:
        raise Invalid("valuation.redemption_bp", "is missing, and nothing was spent or expired to observe it from")
    return deferred_revenue(valuation, redemption_bp, issued, books.redeemed_of_issued(program_id, wallet, period))
