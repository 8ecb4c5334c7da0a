"""Whose an identifier is: the look-up table, keyed by program, kind and keyed hash."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit.database import LostRaceError
from services.members.domain.identifiers import Identifier, NewIdentifier
from services.members.storage.statements import Statements
from services.members.tables import identifiers


class Identifiers(Statements):
    """Loads and writes of one transaction. Identifiers are given in canonical form."""

    def owners(self, program_id: uuid.UUID, wanted: Sequence[NewIdentifier]) -> list[uuid.UUID | None]:
        """The member that has each identifier, or nothing, in the order they are given."""
        keys = [(each.kind.value, self._lookup_hash(program_id, each)) for each in wanted]
        rows = self._connection.execute(
            sa.select(identifiers.c.kind, identifiers.c.lookup_hash, identifiers.c.member_id).where(
                identifiers.c.program_id == program_id,
                sa.tuple_(identifiers.c.kind, identifiers.c.lookup_hash).in_(keys),
            )
        )
        found = {(kind, bytes(lookup_hash)): member_id for kind, lookup_hash, member_id in rows}
        return [found.get(key) for key in keys]

    def claim(self, program_id: uuid.UUID, member_id: uuid.UUID, claimed: Sequence[Identifier]) -> None:
        """Makes the identifiers the member's; raises LostRaceError if another member got one of them just now.

        One statement, in the order of the key: of two that claim crossing sets, one waits at the first identifier they
        share, so neither ever waits for the other. Who was too late rolls everything back, which leaves no identifier
        behind, and is judged again with the winner's identifiers in sight.
        """
        rows = [
            self._fresh(
                identifiers,
                program_id=program_id,
                kind=each.kind.value,
                lookup_hash=self._lookup_hash(program_id, each),
                member_id=member_id,
                identifier_id=each.identifier_id,
            )
            for each in claimed
        ]
        rows.sort(key=lambda row: (row["kind"], row["lookup_hash"]))
        statement = postgresql.insert(identifiers).values(rows).on_conflict_do_nothing()
        inserted = self._connection.execute(statement.returning(identifiers.c.identifier_id)).all()
        if len(inserted) != len(rows):
            raise LostRaceError

    def release(self, program_id: uuid.UUID, identifier: Identifier) -> None:
        """Frees the identifier for other members."""
        self._connection.execute(
            sa.delete(identifiers).where(
                identifiers.c.program_id == program_id,
                identifiers.c.kind == identifier.kind.value,
                identifiers.c.lookup_hash == self._lookup_hash(program_id, identifier),
                identifiers.c.identifier_id == identifier.identifier_id,
            )
        )
