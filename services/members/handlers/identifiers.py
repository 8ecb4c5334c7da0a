"""What a member is found by: one more, one less."""

from __future__ import annotations

from kit.call import Call
from kit.idempotency import Outcome
from kit.ids import ordered_id
from services.members import announces
from services.members.domain import identifiers, members
from services.members.domain.commands import AddIdentifier, RemoveIdentifier
from services.members.domain.members import Member
from services.members.handlers.loading import locked_member, phone_reader, refuse_taken
from services.members.ports import Publish, Storage, Transaction


class IdentifierHandlers:
    """The RPCs about a member's identifiers."""

    def __init__(self, storage: Storage, publish: Publish = lambda: None) -> None:
        self._storage = storage
        # So that every gateway hears of it before the caller does, and a crash in between keeps nothing from them.
        self._publish = publish

    def add_identifier(self, call: Call, command: AddIdentifier) -> Outcome[Member]:
        """Adds an identifier; one that the member has already changes nothing."""
        with self._storage.transaction() as tx:
            return tx.once(call, command, Member, lambda: self._add_identifier(tx, call, command))

    def remove_identifier(self, call: Call, command: RemoveIdentifier) -> Outcome[Member]:
        """Removes an identifier, which is then free for another member."""
        with self._storage.transaction() as tx:
            outcome = tx.once(call, command, Member, lambda: self._remove_identifier(tx, call, command))
        self._publish()
        return outcome

    def _add_identifier(self, tx: Transaction, call: Call, command: AddIdentifier) -> Member:
        read_phone = phone_reader(tx, command.program_id)
        wanted = identifiers.canonical(command.identifier, "identifier", read_phone)
        member = locked_member(tx, command.program_id, command.member_id)
        added = members.add_identifier(member, wanted, ordered_id(), tx.now)
        if added is None:
            return member
        change, identifier = added
        refuse_taken(tx, command.program_id, [wanted], ["identifier"])
        tx.identifiers.claim(command.program_id, member.member_id, [identifier])
        tx.members.update(change, call.caller_id, added=identifier)
        tx.announce(announces.of(change))
        return change.member

    def _remove_identifier(self, tx: Transaction, call: Call, command: RemoveIdentifier) -> Member:
        member = locked_member(tx, command.program_id, command.member_id)
        change, identifier = members.remove_identifier(member, command.identifier_id, tx.now)
        tx.identifiers.release(command.program_id, identifier)
        tx.members.update(change, call.caller_id, removed=identifier)
        tx.announce(announces.of(change))
        return change.member
