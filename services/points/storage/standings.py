"""What `points` knows of members, and what an operation needs to know before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from services.points import tables
from services.points.domain.policy import MemberStatus, ProgramPolicy, Shortfall, Standing


@dataclass(frozen=True)
class Setting:
    """The program's policy and rules revision, and the member's standing if there is one known."""

    policy: ProgramPolicy
    rules_revision: int
    standing: Standing | None


class Standings:
    """Reads and writes of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def setting(self, program_id: UUID, member_id: UUID | None) -> Setting:
        """Everything an operation must know beforehand, in one query."""
        settings, standings = tables.program_settings, tables.standings
        row = self._connection.execute(
            sa.select(settings.c.shortfall, settings.c.rules_revision, standings.c.status, standings.c.member_version)
            .select_from(sa.select(sa.literal(1)).subquery("one"))
            .outerjoin(settings, settings.c.program_id == program_id)
            .outerjoin(standings, sa.and_(standings.c.member_id == member_id, standings.c.program_id == program_id))
        ).one()
        policy = ProgramPolicy(program_id, Shortfall(row.shortfall) if row.shortfall else Shortfall.CARRY)
        standing = None
        if member_id is not None and row.status is not None:
            standing = Standing(member_id, program_id, MemberStatus(row.status), row.member_version)
        return Setting(policy, row.rules_revision or 0, standing)

    def put(self, standing: Standing) -> None:
        """Takes over what `members` said, unless something newer is known."""
        table = tables.standings
        statement = postgresql.insert(table).values(
            member_id=standing.member_id,
            program_id=standing.program_id,
            status=standing.status.value,
            member_version=standing.member_version,
        )
        self._connection.execute(
            statement.on_conflict_do_update(
                constraint=table.primary_key,
                set_={"status": statement.excluded.status, "member_version": statement.excluded.member_version},
                where=table.c.member_version < statement.excluded.member_version,
            )
        )
