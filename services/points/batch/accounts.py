"""The accounts that a batch has opened, as its operations leave them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from services.points.domain.earning.qualifying import QualifyingMovement
from services.points.domain.ledger.accounts import AccountKey, AccountView
from services.points.domain.ledger.transferring import TransferringBook
from services.points.domain.program.policy import ProgramPolicy
from services.points.storage import BookRequest, Transaction


class BatchAccounts:
    """The part of the context that is about accounts."""

    def __init__(self, tx: Transaction, *, lock: bool) -> None:
        self._tx = tx
        self._lock = lock
        self._books: dict[AccountKey, TransferringBook] = {}

    def open(self, requests: Iterable[BookRequest], policies: Mapping[UUID, ProgramPolicy]) -> None:
        """Opens the accounts that the operations touch, locked if anything is to be written."""
        self._books = self._tx.accounts.open(requests, self._tx.now, lock=self._lock)
        for key, book in self._books.items():
            book.counted_kinds = policies[key.program_id].counted_kinds

    def all(self) -> Iterable[TransferringBook]:
        """Every account that is open."""
        return self._books.values()

    def book(self, key: AccountKey) -> TransferringBook:
        """The account, as the operations before this one have left it."""
        return self._books[key]

    def view(self, key: AccountKey) -> AccountView:
        """The account to show."""
        return self._books[key].view(self._tx.now)

    def qualify(self, movements: Iterable[QualifyingMovement]) -> None:
        """Leaves what counts towards tiers, and what no longer does."""
        self._tx.qualifying.append(self._tx.writer, movements, self._tx.now)
