"""Holds: points set aside, and what becomes of them."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from kit import ids
from kit.call import Call
from kit.errors import Invalid
from kit.idempotency import Outcome
from services.points.batch import BatchContext, Committer, Plan, Reads
from services.points.domain.errors import HoldExists, HoldNotFound
from services.points.domain.ledger.accounts import AccountKey, Hold
from services.points.domain.ledger.book import Book
from services.points.domain.ledger.holds import (
    CaptureHold,
    HoldAnswer,
    PlaceHold,
    ReleaseHold,
    RestoreCapture,
    ReverseCapture,
)
from services.points.domain.program.policy import expect_may_spend, expect_spendable
from services.points.handlers.member_lookup import MemberLookup
from services.points.storage import BookRequest, Storage


class HoldHandlers:
    """Spending in two phases."""

    def __init__(self, storage: Storage, committer: Committer, member_lookup: MemberLookup) -> None:
        self._storage = storage
        self._committer = committer
        self._member_lookup = member_lookup

    def place_hold(self, call: Call, command: PlaceHold) -> Outcome[HoldAnswer]:
        """Sets available points aside."""
        return self._member_lookup.run(
            call,
            command.program_id,
            command.member_id,
            lambda: self._committer.submit(call, PlaceHoldOperation(command)),
        )

    def restore_capture(self, call: Call, command: RestoreCapture) -> Outcome[HoldAnswer]:
        """Spends points again under the id of a hold that the ledger lost."""
        return self._member_lookup.run(
            call,
            command.program_id,
            command.member_id,
            lambda: self._committer.submit(call, RestoreCaptureOperation(command)),
        )

    def capture_hold(self, call: Call, command: CaptureHold) -> Outcome[HoldAnswer]:
        """Spends held points."""
        return self._committer.submit(call, CaptureHoldOperation(command))

    def release_hold(self, call: Call, command: ReleaseHold) -> Outcome[HoldAnswer]:
        """Gives held points back unspent."""
        return self._committer.submit(call, ReleaseHoldOperation(command))

    def reverse_capture(self, call: Call, command: ReverseCapture) -> Outcome[HoldAnswer]:
        """Returns what a captured hold spent, or a part of it."""
        return self._committer.submit(call, ReverseCaptureOperation(command))

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


class PlaceHoldOperation:
    """Sets points aside."""

    answer_type = HoldAnswer

    def __init__(self, command: PlaceHold) -> None:
        self.command = command
        self.reads = Reads(command.program_id, command.member_id)
        self._key = AccountKey(command.program_id, command.member_id, command.wallet)

    def plan(self, context: BatchContext) -> Plan:
        """The account, of a member who may spend, in a wallet that is there for it."""
        command = self.command
        expect_may_spend(context.members.known(command.program_id, command.member_id))
        expect_spendable(context.members.policy(command.program_id, command.member_id), command.wallet)
        return Plan([BookRequest(self._key)])

    def judge(self, context: BatchContext, plan: Plan) -> HoldAnswer:
        """Places the hold."""
        command, timeout = self.command, timedelta(seconds=self.command.timeout_s)
        book = context.accounts.book(self._key)
        hold = book.place_hold(ids.ordered_id(), command.amount, timeout, command.reference, context.now)
        return HoldAnswer(hold, context.accounts.view(self._key))


# A hold that is captured as it is placed must only not be overdue by then.
NOT_YET = timedelta(minutes=1)


class RestoreCaptureOperation:
    """Places and captures a hold under the id that it had; who may spend was decided when it was placed first."""

    answer_type = HoldAnswer

    def __init__(self, command: RestoreCapture) -> None:
        self.command = command
        self.reads = Reads(command.program_id, command.member_id, hold_id=command.hold_id)
        self._key = AccountKey(command.program_id, command.member_id, command.wallet)

    def plan(self, context: BatchContext) -> Plan:
        """The account, of a known member who has no such hold."""
        command = self.command
        context.members.known(command.program_id, command.member_id)
        if context.holds.exists(command.member_id, command.hold_id):
            raise HoldExists("the member has a hold with this id", hold_id=str(command.hold_id))
        return Plan([BookRequest(self._key)])

    def judge(self, context: BatchContext, plan: Plan) -> HoldAnswer:
        """Spends the points."""
        command, book = self.command, context.accounts.book(self._key)
        book.place_hold(command.hold_id, command.amount, NOT_YET, command.reference, context.now)
        return HoldAnswer(book.capture(command.hold_id, 0, context.now), context.accounts.view(self._key))


EndingCommand = TypeVar("EndingCommand", bound=CaptureHold | ReleaseHold | ReverseCapture)


@dataclass(frozen=True)
class EndHoldPlan(Plan):
    """The account that the hold is on."""

    key: AccountKey


class EndHoldOperation(abc.ABC, Generic[EndingCommand]):
    """The way that everything shares that happens to a hold after it was placed."""

    answer_type = HoldAnswer

    def __init__(self, command: EndingCommand) -> None:
        self.command: EndingCommand = command
        self.reads = Reads(command.program_id, command.member_id, hold_id=command.hold_id)

    def plan(self, context: BatchContext) -> EndHoldPlan:
        """The account that the hold is on."""
        command = self.command
        wallet = context.holds.wallet_of(command.program_id, command.member_id, command.hold_id)
        key = AccountKey(command.program_id, command.member_id, wallet)
        return EndHoldPlan([BookRequest(key, hold_ids=frozenset({command.hold_id}))], key)

    def judge(self, context: BatchContext, plan: EndHoldPlan) -> HoldAnswer:
        """Ends or reverses the hold."""
        hold = self.end(context.accounts.book(plan.key), context.now)
        return HoldAnswer(hold, context.accounts.view(plan.key))

    @abc.abstractmethod
    def end(self, book: Book, now: datetime) -> Hold:
        """What happens to the hold."""


class CaptureHoldOperation(EndHoldOperation[CaptureHold]):
    """Spends held points."""

    def end(self, book: Book, now: datetime) -> Hold:
        """Captures the hold, or a part of it."""
        if self.command.amount > book.hold(self.command.hold_id).amount:
            raise Invalid("amount", "is more than the hold set aside")
        return book.capture(self.command.hold_id, self.command.amount, now)


class ReleaseHoldOperation(EndHoldOperation[ReleaseHold]):
    """Gives held points back unspent."""

    def end(self, book: Book, now: datetime) -> Hold:
        """Releases the hold."""
        return book.release(self.command.hold_id, now)


class ReverseCaptureOperation(EndHoldOperation[ReverseCapture]):
    """Returns what a captured hold spent, or a part of it."""

    def end(self, book: Book, now: datetime) -> Hold:
        """Reverses the capture."""
        return book.reverse_capture(self.command.hold_id, self.command.reason, now, self.command.amount)
