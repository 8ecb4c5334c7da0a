"""Holds: points set aside, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from kit import ids
from kit.call import Call
from kit.errors import Invalid
from kit.idempotency import Outcome
from services.points.commit import Committer, Desk, Looks
from services.points.domain.book import Book
from services.points.domain.commands import (
    CaptureHold,
    HoldAnswer,
    PlaceHold,
    ReleaseHold,
    RestoreCapture,
    ReverseCapture,
)
from services.points.domain.errors import HoldExists, HoldNotFound
from services.points.domain.ledger import AccountKey, Hold
from services.points.domain.policy import expect_may_spend, expect_spendable
from services.points.handlers.known_members import KnownMembers
from services.points.storage import BookRequest, Storage


class HoldHandlers:
    """Spending in two phases."""

    def __init__(self, storage: Storage, committer: Committer, known_members: KnownMembers) -> None:
        self._storage = storage
        self._committer = committer
        self._known_members = known_members

    def place_hold(self, call: Call, command: PlaceHold) -> Outcome[HoldAnswer]:
        """Sets available points aside."""
        return self._known_members.run(
            call, command.program_id, command.member_id, lambda: self._committer.submit(call, Placing(command))
        )

    def restore_capture(self, call: Call, command: RestoreCapture) -> Outcome[HoldAnswer]:
        """Spends points again under the id of a hold that the ledger lost."""
        return self._known_members.run(
            call, command.program_id, command.member_id, lambda: self._committer.submit(call, RestoringCapture(command))
        )

    def capture_hold(self, call: Call, command: CaptureHold) -> Outcome[HoldAnswer]:
        """Spends held points."""

        def capture(desk: Desk, book: Book) -> Hold:
            if command.amount > book.hold(command.hold_id).amount:
                raise Invalid("amount", "is more than the hold set aside")
            return book.capture(command.hold_id, command.amount, desk.now)

        return self._committer.submit(call, Ending(command, capture))

    def release_hold(self, call: Call, command: ReleaseHold) -> Outcome[HoldAnswer]:
        """Gives held points back unspent."""
        release = Ending(command, lambda desk, book: book.release(command.hold_id, desk.now))
        return self._committer.submit(call, release)

    def reverse_capture(self, call: Call, command: ReverseCapture) -> Outcome[HoldAnswer]:
        """Returns what a captured hold spent, or a part of it."""

        def reverse(desk: Desk, book: Book) -> Hold:
            return book.reverse_capture(command.hold_id, command.reason, desk.now, command.amount)

        return self._committer.submit(call, Ending(command, reverse))

    def get_hold(self, program_id: UUID, member_id: UUID, hold_id: UUID) -> Hold:
        """The hold as it stands at this instant."""
        with self._storage.transaction() as tx:
            found = tx.accounts.wallets_of_holds([(member_id, hold_id)]).get((member_id, hold_id))
            if found is None or found[0] != program_id:
                raise HoldNotFound("the member has no such hold", hold_id=str(hold_id))
            key = AccountKey(program_id, member_id, found[1])
            book = tx.accounts.open([BookRequest(key, hold_ids=frozenset({hold_id}))], tx.now, lock=False)[key]
            book.settle(tx.now)
            return book.hold(hold_id)


# ---- Operations ------------------------------------------------------------------------------------------------------


class Placing:
    """Sets points aside."""

    answer_type = HoldAnswer

    def __init__(self, command: PlaceHold) -> None:
        self.command = command
        self.looks = Looks(command.program_id, command.member_id)
        self._key = AccountKey(command.program_id, command.member_id, command.wallet)

    def books(self, desk: Desk) -> Sequence[BookRequest]:
        """The account, of a member who may spend, in a wallet that is there for it."""
        command = self.command
        expect_may_spend(desk.standing(command.program_id, command.member_id))
        expect_spendable(desk.policy(command.program_id, command.member_id), command.wallet)
        return [BookRequest(self._key)]

    def judge(self, desk: Desk) -> HoldAnswer:
        """Places the hold."""
        command, timeout = self.command, timedelta(seconds=self.command.timeout_s)
        book = desk.book(self._key)
        hold = book.place_hold(ids.ordered_id(), command.amount, timeout, command.reference, desk.now)
        return HoldAnswer(hold, desk.view(self._key))


# A hold that is captured as it is placed must only not be overdue by then.
NOT_YET = timedelta(minutes=1)


class RestoringCapture:
    """Places and captures a hold under the id that it had; who may spend was decided when it was placed first."""

    answer_type = HoldAnswer

    def __init__(self, command: RestoreCapture) -> None:
        self.command = command
        self.looks = Looks(command.program_id, command.member_id, hold_id=command.hold_id)
        self._key = AccountKey(command.program_id, command.member_id, command.wallet)

    def books(self, desk: Desk) -> Sequence[BookRequest]:
        """The account, of a known member who has no such hold."""
        command = self.command
        desk.standing(command.program_id, command.member_id)
        if desk.has_hold(command.member_id, command.hold_id):
            raise HoldExists("the member has a hold with this id", hold_id=str(command.hold_id))
        return [BookRequest(self._key)]

    def judge(self, desk: Desk) -> HoldAnswer:
        """Spends the points."""
        command, book = self.command, desk.book(self._key)
        book.place_hold(command.hold_id, command.amount, NOT_YET, command.reference, desk.now)
        return HoldAnswer(book.capture(command.hold_id, 0, desk.now), desk.view(self._key))


class Ending:
    """The way that everything shares that happens to a hold after it was placed."""

    answer_type = HoldAnswer

    def __init__(self, command: CaptureHold | ReleaseHold | ReverseCapture, end: Callable[[Desk, Book], Hold]) -> None:
        self.command = command
        self._end = end
        self.looks = Looks(command.program_id, command.member_id, hold_id=command.hold_id)

    def books(self, desk: Desk) -> Sequence[BookRequest]:
        """The account that the hold is on."""
        command = self.command
        wallet = desk.wallet_of_hold(command.program_id, command.member_id, command.hold_id)
        self._key = AccountKey(command.program_id, command.member_id, wallet)
        return [BookRequest(self._key, hold_ids=frozenset({command.hold_id}))]

    def judge(self, desk: Desk) -> HoldAnswer:
        """Ends or reverses the hold."""
        hold = self._end(desk, desk.book(self._key))
        return HoldAnswer(hold, desk.view(self._key))
