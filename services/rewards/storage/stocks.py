"""Units of rewards in the database: what is left, and every movement that led there.

The units of a reward are one row, for which all redemptions of it wait in turn. So a transaction takes its unit last:
it holds the row for one statement and the commit, and locks nothing after it.
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
                    self._fresh(
                        reward_stocks, program_id=reward.program_id, reward_id=reward.reward_id, stock=reward.stock
                    )
                )
            )
        else:
            changed = self._changed(reward_stocks, stock=reward.stock)
            self._connection.execute(_where(sa.update(reward_stocks), reward).values(changed))
        self._append(reward, movement_id, now, kind="adjusted", quantity=reward.stock - (before or 0))

    def unit_for(self, redemption: Redemption) -> Unit:
        """Whether the reward counts units and one is left; nothing is locked."""
        stock = self._connection.scalar(_where(sa.select(reward_stocks.c.stock), redemption))
        if stock is None:
            return Unit.NOT_COUNTED
        return Unit.LEFT if stock else Unit.NONE_LEFT

    def take(self, redemption: Redemption, movement_id: uuid.UUID, now: datetime) -> None:
        """Takes a unit for the redemption, as the last thing in its transaction; LostRaceError when none is left."""
        self._append(redemption, movement_id, now, kind="taken", quantity=-1)
        taken = self._connection.execute(
            _where(sa.update(reward_stocks), redemption)
            .where(reward_stocks.c.stock > 0)
            .values(self._changed(reward_stocks, stock=reward_stocks.c.stock - 1))
        )
        if taken.rowcount == 0:
            raise LostRaceError

    def give_back(self, redemption: Redemption, movement_id: uuid.UUID, now: datetime) -> None:
        """Gives the redemption's unit back, as the last thing in its transaction."""
        self._append(redemption, movement_id, now, kind="returned", quantity=1)
        changed = self._changed(reward_stocks, stock=reward_stocks.c.stock + 1)
        self._connection.execute(_where(sa.update(reward_stocks), redemption).values(changed))

    def _append(
        self, of: Reward | Redemption, movement_id: uuid.UUID, now: datetime, *, kind: str, quantity: int
    ) -> None:
        self._connection.execute(
            sa.insert(stock_movements).values(
                self._fresh(
                    stock_movements,
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
        )


_Statement = TypeVar("_Statement", sa.Update, sa.Select[tuple[int]])


def _where(statement: _Statement, of: Reward | Redemption) -> _Statement:
    return statement.where(reward_stocks.c.program_id == of.program_id, reward_stocks.c.reward_id == of.reward_id)
