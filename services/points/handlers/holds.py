"""Holds: points set aside, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from kit import ids
from kit.call import Call
from kit.errors import Invalid
from kit.idempotency import Outcome
from services.points import events
from services.points.domain.book import Book
from services.points.domain.commands import CaptureHold, HoldAnswer, PlaceHold, ReleaseHold, ReverseCapture
from services.points.domain.errors import HoldNotFound
from services.points.domain.ledger import AccountKey, Hold
from services.points.domain.policy import expect_may_spend
from services.points.handlers.known_members import KnownMembers, standing_of
from services.points.storage import BookRequest, Storage, Transaction


class HoldHandlers:
    """Spending in two phases."""

    def __init__(self, storage: Storage, known_members: KnownMembers) -> None:
        self._storage = storage
        self._known_members = known_members

    def place_hold(self, call: Call, command: PlaceHold) -> Outcome[HoldAnswer]:
        """Sets available points aside."""

        def attempt() -> Outcome[HoldAnswer]:
            with self._storage.transaction() as tx:
                return tx.once(call, command, HoldAnswer, lambda: self._place(tx, command))

        return self._known_members.run(call, command.program_id, command.member_id, attempt)

    def capture_hold(self, call: Call, command: CaptureHold) -> Outcome[HoldAnswer]:
        """Spends held points."""

        def capture(tx: Transaction, book: Book) -> Hold:
            if command.amount > book.hold(command.hold_id).amount:
                raise Invalid("amount", "is more than the hold set aside")
            return book.capture(command.hold_id, command.amount, tx.now)

        return self._end(call, command, capture)

    def release_hold(self, call: Call, command: ReleaseHold) -> Outcome[HoldAnswer]:
        """Gives held points back unspent."""
        return self._end(call, command, lambda tx, book: book.release(command.hold_id, tx.now))

    def reverse_capture(self, call: Call, command: ReverseCapture) -> Outcome[HoldAnswer]:
        """Returns what a captured hold spent."""
        return self._end(call, command, lambda tx, book: book.reverse_capture(command.hold_id, command.reason, tx.now))

    def get_hold(self, program_id: UUID, member_id: UUID, hold_id: UUID) -> Hold:
        """The hold as it stands at this instant."""
        with self._storage.transaction() as tx:
            book = tx.accounts.read(_request(tx, program_id, member_id, hold_id))
            book.settle(tx.now)
            return book.hold(hold_id)

    # -- Steps -------------------------------------------------------------------------------------------------------

    def _place(self, tx: Transaction, command: PlaceHold) -> HoldAnswer:
        expect_may_spend(standing_of(tx.standings.setting(command.program_id, command.member_id)))
        key = AccountKey(command.program_id, command.member_id, command.wallet)
        book = tx.accounts.lock([BookRequest(key)])[key]
        timeout = timedelta(seconds=command.timeout_s)
        hold = book.place_hold(ids.ordered_id(), command.amount, timeout, command.reference, tx.now)
        return _saved(tx, book, hold)

    def _end(
        self,
        call: Call,
        command: CaptureHold | ReleaseHold | ReverseCapture,
        end: Callable[[Transaction, Book], Hold],
    ) -> Outcome[HoldAnswer]:
        """The way that everything shares that happens to a hold after it was placed."""

        def work() -> HoldAnswer:
            request = _request(tx, command.program_id, command.member_id, command.hold_id)
            book = tx.accounts.lock([request])[request.key]
            return _saved(tx, book, end(tx, book))

        with self._storage.transaction() as tx:
            return tx.once(call, command, HoldAnswer, work)


def _request(tx: Transaction, program_id: UUID, member_id: UUID, hold_id: UUID) -> BookRequest:
    wallet = tx.accounts.wallet_of_hold(program_id, member_id, hold_id)
    if wallet is None:
        raise HoldNotFound("the member has no such hold", hold_id=str(hold_id))
    return BookRequest(AccountKey(program_id, member_id, wallet), hold_id=hold_id)


def _saved(tx: Transaction, book: Book, hold: Hold) -> HoldAnswer:
    tx.save([book], events.entries_made([book]))
    return HoldAnswer(hold, book.view(tx.now))
