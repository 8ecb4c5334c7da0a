"""What several handlers load or refuse first."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from services.members import phones
from services.members.domain.errors import IdentifierTaken, MemberNotFound, ProgramNotFound
from services.members.domain.identifiers import NewIdentifier, ReadPhone
from services.members.domain.members import Member
from services.members.ports import Transaction


def phone_reader(tx: Transaction, program_id: uuid.UUID) -> ReadPhone:
    """Reads phone numbers as they are dialled in the program's region."""
    program = tx.programs.load(program_id)
    if program is None:
        raise ProgramNotFound(program_id)
    region = program.region
    return lambda text: phones.e164(text, region)


def locked_member(tx: Transaction, program_id: uuid.UUID, member_id: uuid.UUID) -> Member:
    """The member, locked until the transaction ends."""
    member = tx.members.lock(program_id, member_id)
    if member is None:
        raise MemberNotFound
    return member


def refuse_taken(
    tx: Transaction, program_id: uuid.UUID, wanted: Sequence[NewIdentifier], fields: Sequence[str]
) -> None:
    """Refuses identifiers that a member has already; `fields` are their paths in the request."""
    for owner, field in zip(tx.identifiers.owners(program_id, wanted), fields, strict=True):
        if owner is not None:
            raise IdentifierTaken(field)
