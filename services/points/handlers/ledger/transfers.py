"""Points that one member gives to another: three transactions, each of one member, by the handler or by the sweeper.

    TransferPointsOperation     debits the sender and writes the transfer; from then on it ends, whatever dies meanwhile
    ReceiveTransferOperation    credits the recipient, or refuses for good; written once, in the recipient's own row
    EndTransferOperation      ends the sender's row as the recipient's side decided, and takes refused points home

Each may be carried out twice and happens once: the row that it writes is looked at first, under a lock or by its key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from kit import ids
from kit.call import Call
from kit.errors import Refusal
from kit.failpoints import reach
from kit.idempotency import Outcome
from kit.page import Page, PageRequest, page_of
from services.points.batch import BatchContext, Committer, Plan, Reads, ReferencedAnswer, ref_of
from services.points.domain.errors import MemberMayNotEarn, TransferNotFound
from services.points.domain.ledger import transfers
from services.points.domain.ledger.accounts import AccountKey
from services.points.domain.ledger.transfers import Arrival, Transfer, TransferPoints, TransferPolicy, TransferState
from services.points.domain.program.policy import expect_may_earn, expect_may_spend, expect_spendable
from services.points.handlers.member_lookup import MemberLookup
from services.points.storage import BookRequest, Storage

_log = structlog.get_logger()

# How long whoever has sent points, or taken a transfer over, is left to finish it.
LEASE_S = 30


@dataclass(frozen=True)
class TransferRef:
    """The stored answer of TransferPoints: the transfer itself says how far it is."""

    transfer_id: UUID


class TransferHandlers:
    """What members give one another."""

    def __init__(
        self, storage: Storage, committer: Committer, member_lookup: MemberLookup, *, lease_s: int = LEASE_S
    ) -> None:
        self._storage = storage
        self._committer = committer
        self._member_lookup = member_lookup
        self._lease_s = lease_s

    def transfer_points(self, call: Call, command: TransferPoints) -> Outcome[Transfer]:
        """Sends points and takes them as far as they go now; past the lease the sweeper goes on."""
        operation = TransferPointsOperation(command, self._lease_s)
        outcome = self._member_lookup.run(
            call,
            command.program_id,
            command.member_id,
            lambda: self._member_lookup.run(
                call, command.program_id, command.recipient_id, lambda: self._committer.submit(call, operation)
            ),
        )
        if outcome.refusal is None and isinstance(sent := outcome.unwrap(), ReferencedAnswer):
            reach("points.transfer.after_sending")
            self.finish(call, sent.answer)
        return outcome.map(lambda found: self._found(command.program_id, ref_of(found).transfer_id))

    def get_transfer(self, program_id: UUID, transfer_id: UUID) -> Transfer:
        """The transfer as it stands."""
        return self._found(program_id, transfer_id)

    def list_transfers(self, program_id: UUID, member_id: UUID, page: PageRequest) -> Page[Transfer]:
        """What a member has sent and what was sent to them, newest first."""
        with self._storage.transaction() as tx:
            found = tx.transfers.page(program_id, member_id, page)
        return page_of(found, page, lambda transfer: (str(transfer.transfer_id),))

    def finish(self, call: Call, transfer: Transfer) -> bool:
        """Takes a sent transfer to its end, and says whether it is there.

        It raises nothing: what could not be found out leaves the transfer on its way, for the sweeper to try again.
        """
        try:
            arrival = self._member_lookup.run(
                call,
                transfer.key.program_id,
                transfer.recipient_id,
                lambda: self._committer.submit(call, ReceiveTransferOperation(transfer)).unwrap(),
            )
            reach("points.transfer.after_arriving")
            self._committer.submit(call, EndTransferOperation(transfer, arrival)).unwrap()
        except Refusal as refusal:
            _log.warning("transfer_waits", transfer_id=transfer.transfer_id, reason=refusal.reason)
        except Exception:
            _log.exception("transfer_failed", transfer_id=transfer.transfer_id)
        else:
            return True
        return False

    def take_over(self, call: Call) -> bool:
        """Finishes the transfer whose lease ran out first; False when there is none, or it cannot be finished now."""
        with self._storage.transaction() as tx:
            transfer = tx.transfers.claim(tx.now, self._lease_s)
        if transfer is None:
            return False
        _log.info("transfer_taken_over", transfer_id=transfer.transfer_id)
        return self.finish(call, transfer)

    def _found(self, program_id: UUID, transfer_id: UUID) -> Transfer:
        with self._storage.transaction() as tx:
            found = tx.transfers.find(program_id, transfer_id)
        if found is None:
            raise TransferNotFound("there is no such transfer", transfer_id=str(transfer_id))
        return found


# ---- Operations ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TransferPlan(Plan):
    """The program's policy on transfers, besides the sender's account."""

    policy: TransferPolicy


class TransferPointsOperation:
    """Debits the sender."""

    answer_type = TransferRef

    def __init__(self, command: TransferPoints, lease_s: int) -> None:
        self.command = command
        self._lease = timedelta(seconds=lease_s)
        self._key = AccountKey(command.program_id, command.member_id, command.wallet)
        self.reads = Reads(command.program_id, command.member_id, counterpart_id=command.recipient_id)

    def plan(self, context: BatchContext) -> TransferPlan:
        """The sender's account, if both may do their part."""
        command, members = self.command, context.members
        policy = members.policy(command.program_id, command.member_id)
        allowed = transfers.expect_allowed(command, policy.transfers)
        expect_may_spend(members.known(command.program_id, command.member_id))
        expect_may_earn(members.known(command.program_id, command.recipient_id))
        expect_spendable(policy, command.wallet)
        return TransferPlan([BookRequest(self._key, counting_sent=True)], allowed)

    def judge(self, context: BatchContext, plan: TransferPlan) -> TransferRef | ReferencedAnswer[TransferRef, Transfer]:
        """Debits within the day's limits, which are counted under the account's lock."""
        command, now = self.command, context.now
        transfers.expect_within_day(command, plan.policy, context.transfers.sent_today(self._key))
        transfer_id = ids.ordered_id()
        cause = transfers.cause_of(transfer_id, command.reason)
        entry, parts = context.accounts.book(self._key).send(command.amount, cause, now)
        transfer = Transfer(
            transfer_id, self._key, command.recipient_id, command.amount, command.reason, parts, entry.version, now
        )
        context.transfers.send(transfer, now + self._lease)
        return ReferencedAnswer(TransferRef(transfer_id), transfer)


class ReceiveTransferOperation:
    """Credits the recipient, or refuses for good. The answer is the decision, whoever made it."""

    command = None
    answer_type = Arrival

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer
        self._key = transfer.recipient_key
        self.reads = Reads(self._key.program_id, self._key.member_id, arriving_transfer_id=transfer.transfer_id)

    def plan(self, context: BatchContext) -> Plan:
        """The recipient's account, unless it has decided, or may not be credited."""
        if context.transfers.arrival(self._transfer.transfer_id) is not None:
            return Plan(())
        try:
            expect_may_earn(context.members.known(self._key.program_id, self._key.member_id))
        except MemberMayNotEarn:
            return Plan(())
        return Plan([BookRequest(self._key, only_credited=True)])

    def judge(self, context: BatchContext, plan: Plan) -> Arrival:
        """Credits, or notes that nothing was."""
        transfer = self._transfer
        decided = context.transfers.arrival(transfer.transfer_id)
        if decided is not None:
            return decided
        entry = context.accounts.book(self._key).receive(transfer, context.now) if plan.touches else None
        version = None if entry is None else entry.version
        arrival = Arrival(
            transfer.transfer_id, self._key, transfer.key.member_id, transfer.amount, version, context.now
        )
        context.transfers.arrive(arrival)
        return arrival


class EndTransferOperation:
    """Ends the sender's side as the recipient's decided."""

    command = None
    answer_type = bool

    def __init__(self, transfer: Transfer, arrival: Arrival) -> None:
        self._transfer = transfer
        self._arrival = arrival
        self.reads = Reads(transfer.key.program_id, transfer.key.member_id, ending_transfer_id=transfer.transfer_id)

    def plan(self, context: BatchContext) -> Plan:
        """The sender's account with the lots that the points came from, if they come home."""
        if self._arrival.is_credited or self._has_ended(context):
            return Plan(())
        lots = frozenset(part.lot_id for part in self._transfer.parts)
        return Plan([BookRequest(self._transfer.key, lot_ids=lots)])

    def judge(self, context: BatchContext, plan: Plan) -> bool:
        """Ends it, once."""
        if self._has_ended(context):
            return False
        transfer, version = self._transfer, None
        if not self._arrival.is_credited:
            version = context.accounts.book(transfer.key).take_home(transfer, context.now).version
        context.transfers.end(transfers.ended(transfer, self._arrival, version, context.now))
        return True

    def _has_ended(self, context: BatchContext) -> bool:
        return context.transfers.ending(self._transfer.transfer_id).state is not TransferState.SENT
