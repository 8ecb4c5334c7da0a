"""The projection of the members' statuses in the database."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from services.rewards.domain.availability import MemberStatus
from services.rewards.storage.statements import Statements
from services.rewards.tables import member_statuses


class Statuses(Statements):
    """Statements about statuses."""

    def load(self, program_id: uuid.UUID, member_id: uuid.UUID) -> MemberStatus | None:
        """What was last announced of the member, or nothing."""
        status = self._connection.scalar(
            sa.select(member_statuses.c.status).where(
                member_statuses.c.member_id == member_id, member_statuses.c.program_id == program_id
            )
        )
        return MemberStatus(status) if status else None

    def put(self, program_id: uuid.UUID, member_id: uuid.UUID, status: MemberStatus, version: int) -> None:
        """Writes what was announced, unless something later is known: events may arrive in any order."""
        row = self._fresh(
            member_statuses, member_id=member_id, program_id=program_id, status=status.value, version=version
        )
        statement = postgresql.insert(member_statuses).values(row)
        newer = {"status": statement.excluded.status, "version": statement.excluded.version}
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[member_statuses.c.member_id],
                set_=self._changed(member_statuses, **newer),
                where=member_statuses.c.version < statement.excluded.version,
            )
        )
