"""Units of rewards in the database: what is left, and every movement that led there.

A reward's units are everybody's: whoever has locked them locks nothing else that others may hold.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from kit.database import LostRaceError
from services.rewards.domain.redemptions import Redemption
from services.rewards.domain.rewards import Reward, Unit
from services.rewards.storage.statements import Statements
from services.rewards.tables import reward_stocks, stock_movements


class Stocks(Statements):
    """Statements about stock."""

    def adjust(self, reward: Reward, before: int | None, movement_id: uuid.UUID, now: datetime) -> None:
        """Moves the stock from `before`, which the caller has locked, to what `reward` says."""
        if reward.stock is None or reward.stock == before:
            return
        if before is None:
            self._connection.execute(
                sa.insert(reward_stocks).values(
                    program_id=reward.program_id, reward_id=reward.reward_id, stock=reward.stock
                )
            )
        else:
            self._connection.execute(_where(sa.update(reward_stocks), reward).values(stock=reward.stock))
        self._append(reward, movement_id, now, kind="adjusted", quantity=reward.stock - (before or 0))

    def take(self, redemption: Redemption, movement_id: uuid.UUID, now: datetime) -> Unit:
        """Takes a unit for the redemption, if the reward counts units and one is left."""
        taken = self._connection.execute(
            _where(sa.update(reward_stocks), redemption)
            .where(reward_stocks.c.stock > 0)
            .values(stock=reward_stocks.c.stock - 1)
        )
        if taken.rowcount == 0:
            return self._why_none(redemption)
        self._append(redemption, movement_id, now, kind="taken", quantity=-1)
        return Unit.TAKEN

    def give_back(self, redemption: Redemption, movement_id: uuid.UUID, now: datetime) -> None:
        """Gives the redemption's unit back."""
        self._connection.execute(_where(sa.update(reward_stocks), redemption).values(stock=reward_stocks.c.stock + 1))
        self._append(redemption, movement_id, now, kind="returned", quantity=1)

    def _why_none(self, redemption: Redemption) -> Unit:
        stock = self._connection.scalar(_where(sa.select(reward_stocks.c.stock), redemption))
        if stock:
            # There was none a statement ago and now there is: somebody filled the shelf in between.
            raise LostRaceError
        return Unit.NOT_COUNTED if stock is None else Unit.NONE_LEFT

    def _append(
        self, of: Reward | Redemption, movement_id: uuid.UUID, now: datetime, *, kind: str, quantity: int
    ) -> None:
        self._connection.execute(
            sa.insert(stock_movements).values(
                program_id=of.program_id,
                reward_id=of.reward_id,
                movement_id=movement_id,
                kind=kind,
                quantity=quantity,
                member_id=of.member_id if isinstance(of, Redemption) else None,
                redemption_id=of.redemption_id if isinstance(of, Redemption) else None,
                moved_at=now,
            )
        )


_Statement = TypeVar("_Statement", sa.Update, sa.Select[tuple[int]])


def _where(statement: _Statement, of: Reward | Redemption) -> _Statement:
    return statement.where(reward_stocks.c.program_id == of.program_id, reward_stocks.c.reward_id == of.reward_id)
