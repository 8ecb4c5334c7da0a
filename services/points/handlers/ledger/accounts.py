"""Accounts: read, explained, adjusted by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from kit.call import Call
from kit.idempotency import Outcome
from kit.page import Page, PageRequest, page_of
from services.points.batch import BatchContext, Committer, Plan, Reads
from services.points.domain.commands import AdjustmentAnswer, AdjustPoints
from services.points.domain.earning import qualifying
from services.points.domain.ledger.accounts import AccountKey, AccountView, Cause, Entry
from services.points.domain.ledger.adjustments import expect_within_limit
from services.points.handlers.member_lookup import MemberLookup
from services.points.storage import BookRequest, Storage


class AccountHandlers:
    """What is held, and why."""

    def __init__(self, storage: Storage, committer: Committer, member_lookup: MemberLookup) -> None:
        self._storage = storage
        self._committer = committer
        self._member_lookup = member_lookup

    def get_account(self, program_id: UUID, member_id: UUID, wallet: str) -> AccountView:
        """The account at this instant; zeros for a member without movements."""
        key = AccountKey(program_id, member_id, wallet)
        with self._storage.transaction() as tx:
            return tx.accounts.open([BookRequest(key, only_credited=True)], tx.now, lock=False)[key].view(tx.now)

    def list_entries(self, program_id: UUID, member_id: UUID, wallet: str, page: PageRequest) -> Page[Entry]:
        """The account's entries, newest first."""
        with self._storage.transaction() as tx:
            entries = tx.accounts.entries(AccountKey(program_id, member_id, wallet), page)
        return page_of(entries, page, lambda entry: (str(entry.version),))

    def adjust_points(self, call: Call, command: AdjustPoints) -> Outcome[AdjustmentAnswer]:
        """Gives or takes points by hand, within what one person may decide."""
        outcome = self._member_lookup.run(
            call,
            command.program_id,
            command.member_id,
            lambda: self._committer.submit(call, AdjustPointsOperation(command)),
        )
        # A replay is stored without the reason, which the command gives again.
        return outcome.map(lambda answer: replace(answer, entry=answer.entry.with_reason(command.reason)))


class AdjustPointsOperation:
    """Gives or takes points by hand."""

    answer_type = AdjustmentAnswer

    def __init__(self, command: AdjustPoints) -> None:
        self.command = command
        self.reads = Reads(command.program_id, command.member_id)
        self._key = AccountKey(command.program_id, command.member_id, command.wallet)

    def plan(self, context: BatchContext) -> Plan:
        """The account, of a member who exists, within the limit."""
        command = self.command
        context.members.known(command.program_id, command.member_id)
        policy = context.members.policy(command.program_id, command.member_id)
        expect_within_limit(command.amount, policy.adjustment_limit)
        return Plan([BookRequest(self._key)])

    def judge(self, context: BatchContext, plan: Plan) -> AdjustmentAnswer:
        """Gives or takes."""
        command = self.command
        cause = Cause(reason=command.reason, actor=command.actor, qualifying=command.qualifying)
        expires_at = context.now + timedelta(days=command.expiry_days) if command.expiry_days else None
        entry = context.accounts.book(self._key).adjust(command.amount, cause, expires_at, context.now)
        context.accounts.qualify(qualifying.adjusted(entry))
        return AdjustmentAnswer(entry, context.accounts.view(self._key))
