"""Enrolling, finding, reading and changing members."""

from __future__ import annotations

import uuid

from kit.call import Call
from kit.idempotency import Outcome
from kit.ids import ordered_id, random_id
from services.members import announces
from services.members.domain import identifiers, members
from services.members.domain.commands import ChangeMemberStatus, Enrol, RestoreMember, SetMemberTraits, UpdateMember
from services.members.domain.errors import MemberNotFound, ProgramNotFound
from services.members.domain.identifiers import NewIdentifier
from services.members.domain.members import Change, Member
from services.members.handlers.loading import locked_member, phone_reader, refuse_taken
from services.members.ports import Storage, Transaction


class MemberHandlers:
    """The RPCs about members themselves."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def enrol(self, call: Call, command: Enrol) -> Outcome[Member]:
        """Enrols a person."""
        with self._storage.transaction() as tx:
            return tx.once(call, command, Member, lambda: self._enrol(tx, call, command))

    def resolve_member(self, program_id: uuid.UUID, identifier: NewIdentifier) -> Member:
        """The member whom an identifier finds; a terminated one too, so that the till can say why not."""
        with self._storage.transaction() as tx:
            wanted = identifiers.canonical(identifier, "identifier", phone_reader(tx, program_id))
            (member_id,) = tx.identifiers.owners(program_id, [wanted])
            member = tx.members.load(program_id, member_id) if member_id else None
        if member is None:
            raise MemberNotFound
        return member

    def get_member(self, program_id: uuid.UUID, member_id: uuid.UUID) -> Member:
        """The member."""
        with self._storage.transaction() as tx:
            member = tx.members.load(program_id, member_id)
        if member is None:
            raise MemberNotFound
        return member

    def update_member(self, call: Call, command: UpdateMember) -> Outcome[Member]:
        """Changes the profile."""
        with self._storage.transaction() as tx:
            return tx.once(call, command, Member, lambda: self._update_member(tx, call, command))

    def change_member_status(self, call: Call, command: ChangeMemberStatus) -> Outcome[Member]:
        """Moves the member to another status."""
        with self._storage.transaction() as tx:
            return tx.once(call, command, Member, lambda: self._change_member_status(tx, call, command))

    def set_member_traits(self, call: Call, command: SetMemberTraits) -> Outcome[Member]:
        """Replaces the traits."""
        with self._storage.transaction() as tx:
            return tx.once(call, command, Member, lambda: self._set_member_traits(tx, call, command))

    def restore_member(self, call: Call, command: RestoreMember) -> Outcome[Member]:
        """Brings the member back to what other services know of them."""
        with self._storage.transaction() as tx:
            return tx.once(call, command, Member, lambda: self._restore_member(tx, call, command))

    def _enrol(self, tx: Transaction, call: Call, command: Enrol) -> Member:
        read_phone = phone_reader(tx, command.program_id)
        wanted = identifiers.all_canonical(command.identifiers, "identifiers", read_phone)
        identifier_ids = [ordered_id() for _ in wanted]
        change = members.enrol(command, wanted, random_id(), identifier_ids, tx.now)
        refuse_taken(tx, command.program_id, wanted, [f"identifiers[{index}]" for index in range(len(wanted))])
        # Another may have taken one since the look above: then this loses the race, and is judged again.
        tx.identifiers.claim(command.program_id, change.member.member_id, change.member.identifiers)
        tx.members.insert(change, call.caller_id)
        tx.announce(announces.of(change))
        return change.member

    def _update_member(self, tx: Transaction, call: Call, command: UpdateMember) -> Member:
        member = locked_member(tx, command.program_id, command.member_id)
        change = members.update(member, command, tx.now)
        return _written(tx, call, member, change)

    def _change_member_status(self, tx: Transaction, call: Call, command: ChangeMemberStatus) -> Member:
        member = locked_member(tx, command.program_id, command.member_id)
        change = members.change_status(member, command, tx.now)
        return _written(tx, call, member, change)

    def _set_member_traits(self, tx: Transaction, call: Call, command: SetMemberTraits) -> Member:
        member = locked_member(tx, command.program_id, command.member_id)
        change = members.set_traits(member, command, tx.now)
        return _written(tx, call, member, change)

    def _restore_member(self, tx: Transaction, call: Call, command: RestoreMember) -> Member:
        if tx.programs.load(command.program_id) is None:
            raise ProgramNotFound(command.program_id)
        member = tx.members.lock(command.program_id, command.member_id)
        change = members.restore(member, command, tx.now)
        if member is not None:
            return _written(tx, call, member, change)
        assert change is not None  # noqa: S101 - one who is not known is always recreated
        tx.members.insert(change, call.caller_id)
        tx.announce(announces.of(change))
        return change.member


def _written(tx: Transaction, call: Call, member: Member, change: Change | None) -> Member:
    """The member after the change; with none there is nothing to write or to publish."""
    if change is None:
        return member
    tx.members.update(change, call.caller_id)
    tx.announce(announces.of(change))
    return change.member
