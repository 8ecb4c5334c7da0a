"""Accounts: read, explained, adjusted by hand."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from kit.call import Call
from kit.idempotency import Outcome
from kit.page import Page, PageRequest, page_of
from services.points import events
from services.points.domain.commands import AdjustmentAnswer, AdjustPoints
from services.points.domain.ledger import AccountKey, AccountView, Cause, Entry
from services.points.handlers.known_members import KnownMembers, standing_of
from services.points.storage import BookRequest, Storage, Transaction


class AccountHandlers:
    """What is held, and why."""

    def __init__(self, storage: Storage, known_members: KnownMembers) -> None:
        self._storage = storage
        self._known_members = known_members

    def get_account(self, program_id: UUID, member_id: UUID, wallet: str) -> AccountView:
        """The account at this instant; zeros for a member without movements."""
        with self._storage.transaction() as tx:
            return tx.accounts.read(BookRequest(AccountKey(program_id, member_id, wallet))).view(tx.now)

    def list_entries(self, program_id: UUID, member_id: UUID, wallet: str, page: PageRequest) -> Page[Entry]:
        """The account's entries, newest first."""
        with self._storage.transaction() as tx:
            entries = tx.accounts.entries(AccountKey(program_id, member_id, wallet), page)
        return page_of(entries, page, lambda entry: (str(entry.version),))

    def adjust_points(self, call: Call, command: AdjustPoints) -> Outcome[AdjustmentAnswer]:
        """Gives or takes points by hand."""

        def attempt() -> Outcome[AdjustmentAnswer]:
            with self._storage.transaction() as tx:
                return tx.once(call, command, AdjustmentAnswer, lambda: self._adjust(tx, command))

        return self._known_members.run(call, command.program_id, command.member_id, attempt)

    def _adjust(self, tx: Transaction, command: AdjustPoints) -> AdjustmentAnswer:
        standing_of(tx.standings.setting(command.program_id, command.member_id))
        key = AccountKey(command.program_id, command.member_id, command.wallet)
        book = tx.accounts.lock([BookRequest(key)])[key]
        expires_at = tx.now + timedelta(days=command.expiry_days) if command.expiry_days else None
        entry = book.adjust(command.amount, Cause(reason=command.reason, actor=command.actor), expires_at, tx.now)
        answer = AdjustmentAnswer(entry, book.view(tx.now))
        tx.save([book], events.entries_made([book]))
        return answer
