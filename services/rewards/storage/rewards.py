"""The catalogue and its stock in the database."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kit.page import PageRequest
from services.rewards.domain.rewards import Reward, Terms
from services.rewards.storage.statements import Statements, benefit_of, benefit_values
from services.rewards.tables import reward_stocks, rewards

_WITH_STOCK = rewards.outerjoin(
    reward_stocks,
    sa.and_(reward_stocks.c.program_id == rewards.c.program_id, reward_stocks.c.reward_id == rewards.c.reward_id),
)
_SELECT = sa.select(rewards, reward_stocks.c.stock).select_from(_WITH_STOCK)


class Rewards(Statements):
    """Statements about rewards."""

    def load(self, program_id: uuid.UUID, reward_id: uuid.UUID) -> Reward | None:
        """The reward with its stock at a glance, or nothing."""
        row = self._connection.execute(
            _SELECT.where(rewards.c.program_id == program_id, rewards.c.reward_id == reward_id)
        ).one_or_none()
        return _reward(row) if row else None

    def lock(self, program_id: uuid.UUID, reward_id: uuid.UUID) -> Reward | None:
        """The reward, its terms and its stock locked, or nothing."""
        locked = self._connection.execute(
            sa.select(rewards.c.reward_id)
            .where(rewards.c.program_id == program_id, rewards.c.reward_id == reward_id)
            .with_for_update()
        ).one_or_none()
        if locked is None:
            return None
        self._connection.execute(
            sa.select(reward_stocks.c.stock)
            .where(reward_stocks.c.program_id == program_id, reward_stocks.c.reward_id == reward_id)
            .with_for_update()
        )
        # Read again now that both are locked: a joined row that a statement did not lock is as old as its beginning.
        return self.load(program_id, reward_id)

    def page(self, program_id: uuid.UUID, request: PageRequest) -> Sequence[Reward]:
        """A program's rewards, newest first, one more than the page is long."""
        # Identities are UUIDv7: in the order they were made.
        query = _SELECT.where(rewards.c.program_id == program_id)
        if request.after:
            query = query.where(rewards.c.reward_id < uuid.UUID(request.after[0]))
        rows = self._connection.execute(query.order_by(rewards.c.reward_id.desc()).limit(request.size + 1))
        return [_reward(row) for row in rows]

    def insert(self, reward: Reward) -> None:
        """Writes a new reward's terms."""
        self._connection.execute(
            sa.insert(rewards).values(
                self._fresh(
                    rewards,
                    program_id=reward.program_id,
                    reward_id=reward.reward_id,
                    created_at=reward.created_at,
                    **_terms_values(reward),
                )
            )
        )

    def update(self, reward: Reward) -> None:
        """Writes a reward's next version."""
        self._connection.execute(
            sa.update(rewards)
            .where(rewards.c.program_id == reward.program_id, rewards.c.reward_id == reward.reward_id)
            .values(self._changed(rewards, **_terms_values(reward)))
        )


def _terms_values(reward: Reward) -> dict[str, object]:
    terms = reward.terms
    return {
        "name": terms.name,
        "description": terms.description,
        **benefit_values(terms.benefit),
        "cost_points": terms.cost_points,
        "wallet": terms.wallet,
        "starts_at": terms.starts_at,
        "ends_at": terms.ends_at,
        "limit_per_member": terms.limit_per_member,
        "voucher_validity_days": terms.voucher_validity_days,
        "version": reward.version,
        "updated_at": reward.updated_at,
    }


def _reward(row: sa.Row[Any]) -> Reward:
    terms = Terms(
        name=row.name,
        description=row.description,
        benefit=benefit_of(row),
        cost_points=row.cost_points,
        wallet=row.wallet,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        limit_per_member=row.limit_per_member,
        voucher_validity_days=row.voucher_validity_days,
    )
    return Reward(row.program_id, row.reward_id, terms, row.stock, row.version, row.created_at, row.updated_at)
