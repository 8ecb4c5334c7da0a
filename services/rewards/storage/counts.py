"""How many redemptions of a reward count against a member's limit."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit.database import LostRaceError
from services.rewards.domain.redemptions import Redemption
from services.rewards.storage.statements import Statements
from services.rewards.tables import redemption_counts


class Counts(Statements):
    """Statements about counts."""

    def lock(self, member_id: uuid.UUID, program_id: uuid.UUID, reward_id: uuid.UUID) -> int:
        """How many redemptions of the reward count for the member; locked, if there ever was one."""
        taken: int | None = self._connection.scalar(
            sa.select(redemption_counts.c.taken).where(*_count_key(member_id, program_id, reward_id)).with_for_update()
        )
        return taken or 0

    def by_reward(
        self, member_id: uuid.UUID, program_id: uuid.UUID, reward_ids: Sequence[uuid.UUID]
    ) -> dict[uuid.UUID, int]:
        """How many redemptions count for the member, by reward; those without any are left out."""
        rows = self._connection.execute(
            sa.select(redemption_counts.c.reward_id, redemption_counts.c.taken).where(
                redemption_counts.c.member_id == member_id,
                redemption_counts.c.program_id == program_id,
                redemption_counts.c.reward_id.in_(reward_ids),
            )
        )
        return {row.reward_id: row.taken for row in rows}

    def add(self, member_id: uuid.UUID, program_id: uuid.UUID, reward_id: uuid.UUID, limit: int) -> int:
        """Counts one redemption more and says the how many-th it is; `limit` 0 means none.

        The caller has looked before. Where there was no row to lock, another may have been first: LostRaceError.
        """
        first = self._fresh(redemption_counts, member_id=member_id, program_id=program_id, reward_id=reward_id, taken=1)
        statement = postgresql.insert(redemption_counts).values(first)
        ordinal: int | None = self._connection.scalar(
            statement.on_conflict_do_update(
                index_elements=list(redemption_counts.primary_key.columns),
                set_=self._changed(redemption_counts, taken=redemption_counts.c.taken + 1),
                where=redemption_counts.c.taken < limit if limit else None,
            ).returning(redemption_counts.c.taken)
        )
        if ordinal is None:
            raise LostRaceError
        return ordinal

    def subtract(self, redemption: Redemption) -> None:
        """Lets the redemption count no longer."""
        self._connection.execute(
            sa.update(redemption_counts)
            .where(*_count_key(redemption.member_id, redemption.program_id, redemption.reward_id))
            .values(self._changed(redemption_counts, taken=redemption_counts.c.taken - 1))
        )


def _count_key(member_id: uuid.UUID, program_id: uuid.UUID, reward_id: uuid.UUID) -> tuple[sa.ColumnElement[bool], ...]:
    columns = redemption_counts.c
    return (columns.member_id == member_id, columns.program_id == program_id, columns.reward_id == reward_id)
