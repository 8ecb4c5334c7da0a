"""Programs in the database. A reference table: small, and read for every member."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit.page import PageRequest
from services.members.domain.programs import Program
from services.members.storage.statements import Statements
from services.members.tables import programs


class Programs(Statements):
    """Loads, locks and writes of one transaction."""

    def load(self, program_id: uuid.UUID) -> Program | None:
        """The program, or nothing."""
        row = self._connection.execute(sa.select(programs).where(programs.c.program_id == program_id)).one_or_none()
        return _program(row) if row else None

    def page(self, request: PageRequest) -> Sequence[Program]:
        """Programs by name, one more than the page is long."""
        by = sa.tuple_(programs.c.name, programs.c.program_id)
        query = sa.select(programs).order_by(programs.c.name, programs.c.program_id).limit(request.size + 1)
        if request.after:
            name, program_id = request.after
            query = query.where(by > sa.tuple_(sa.literal(name), sa.literal(program_id, sa.Uuid)))
        return [_program(row) for row in self._connection.execute(query)]

    def insert(self, program: Program) -> bool:
        """Writes the program; says no and writes nothing if there is one of that id."""
        inserted = self._connection.execute(
            postgresql.insert(programs)
            .values(
                self._fresh(
                    programs,
                    program_id=program.program_id,
                    name=program.name,
                    currency=program.currency,
                    region=program.region,
                    created_at=program.created_at,
                )
            )
            .on_conflict_do_nothing()
            .returning(programs.c.program_id)
        )
        return inserted.one_or_none() is not None


def _program(row: sa.Row[Any]) -> Program:
    return Program(row.program_id, row.name, row.currency, row.region, row.created_at)
