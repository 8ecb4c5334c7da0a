"""Redemptions in the database, and who is at work on which."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from services.rewards.domain.redemptions import Redemption, RedemptionState, next_step
from services.rewards.storage.statements import Statements, benefit_of, benefit_values
from services.rewards.storage.vouchers import VOUCHER_COLUMNS, voucher_of
from services.rewards.tables import redemptions, vouchers

_WITH_VOUCHER = redemptions.outerjoin(
    vouchers,
    sa.and_(vouchers.c.member_id == redemptions.c.member_id, vouchers.c.redemption_id == redemptions.c.redemption_id),
)
_SELECT = sa.select(redemptions, *VOUCHER_COLUMNS).select_from(_WITH_VOUCHER)


class Redemptions(Statements):
    """Statements about redemptions. A redemption's row is the lock of its voucher, too."""

    def load(self, program_id: uuid.UUID, member_id: uuid.UUID, redemption_id: uuid.UUID) -> Redemption | None:
        """The member's redemption with its voucher, or nothing."""
        row = self._connection.execute(
            _SELECT.where(
                redemptions.c.member_id == member_id,
                redemptions.c.redemption_id == redemption_id,
                redemptions.c.program_id == program_id,
            )
        ).one_or_none()
        return _redemption(row) if row else None

    def lock(self, program_id: uuid.UUID, member_id: uuid.UUID, redemption_id: uuid.UUID) -> Redemption | None:
        """The same, locked."""
        self._connection.execute(
            sa.select(redemptions.c.redemption_id)
            .where(redemptions.c.member_id == member_id, redemptions.c.redemption_id == redemption_id)
            .with_for_update()
        )
        # Read again now that it is locked: the voucher, joined, would be as old as the statement that waited.
        return self.load(program_id, member_id, redemption_id)

    def insert(self, redemption: Redemption, lease_s: int) -> None:
        """Writes a new redemption, which the caller is at work on for `lease_s` seconds."""
        self._connection.execute(
            sa.insert(redemptions).values(
                self._fresh(
                    redemptions,
                    member_id=redemption.member_id,
                    redemption_id=redemption.redemption_id,
                    program_id=redemption.program_id,
                    reward_id=redemption.reward_id,
                    reward_name=redemption.reward_name,
                    **benefit_values(redemption.benefit),
                    cost_points=redemption.cost_points,
                    wallet=redemption.wallet,
                    voucher_validity_days=redemption.voucher_validity_days,
                    limit_per_member=redemption.limit_per_member,
                    ordinal=redemption.ordinal,
                    requested_at=redemption.requested_at,
                    **_changing_values(redemption, lease_s),
                )
            )
        )

    def update(self, redemption: Redemption, lease_s: int) -> None:
        """Writes what a step changed; the lease begins anew, or ends with the way."""
        self._connection.execute(
            sa.update(redemptions)
            .where(
                redemptions.c.member_id == redemption.member_id,
                redemptions.c.redemption_id == redemption.redemption_id,
            )
            .values(self._changed(redemptions, **_changing_values(redemption, lease_s)))
        )

    def claim(self, lease_s: int) -> Redemption | None:
        """Takes over the redemption whose lease ran out first, for `lease_s` seconds; nothing when there is none.

        The database's clock decides, so that instances whose clocks differ do not work on the same redemption. If they
        do all the same, after a lease that was too short, each step still happens once.
        """
        columns = redemptions.c
        overdue = (
            sa.select(columns.member_id, columns.redemption_id)
            .where(columns.lease_until <= sa.func.now())
            .order_by(columns.lease_until)
            .limit(1)
            .with_for_update(skip_locked=True)
            .cte("overdue")
        )
        claimed = self._connection.execute(
            sa.update(redemptions)
            .where(columns.member_id == overdue.c.member_id, columns.redemption_id == overdue.c.redemption_id)
            .values(lease_until=_lease(lease_s))
            .returning(columns.program_id, columns.member_id, columns.redemption_id)
        ).one_or_none()
        return self.load(*claimed) if claimed else None

    def count_under_way_since(self, instant: datetime) -> int:
        """How many redemptions are under way since before `instant`."""
        began = sa.func.coalesce(redemptions.c.cancel_requested_at, redemptions.c.requested_at)
        count: int = self._connection.execute(
            sa.select(sa.func.count())
            .select_from(redemptions)
            .where(redemptions.c.lease_until.is_not(None), began < instant)
        ).scalar_one()
        return count


def _lease(lease_s: int) -> sa.ColumnElement[Any]:
    return sa.func.now() + sa.literal(timedelta(seconds=lease_s), sa.Interval)


def _changing_values(redemption: Redemption, lease_s: int) -> dict[str, object]:
    return {
        "state": redemption.state.value,
        "hold_id": redemption.hold_id,
        "is_stock_taken": redemption.is_stock_taken,
        "cancel_reason": redemption.cancel_reason,
        "cancel_note": redemption.cancel_note,
        "cancel_requested_at": redemption.cancel_requested_at,
        "version": redemption.version,
        "updated_at": redemption.updated_at,
        "lease_until": _lease(lease_s) if next_step(redemption) else None,
    }


def _redemption(row: sa.Row[Any]) -> Redemption:
    return Redemption(
        program_id=row.program_id,
        member_id=row.member_id,
        redemption_id=row.redemption_id,
        reward_id=row.reward_id,
        reward_name=row.reward_name,
        benefit=benefit_of(row),
        cost_points=row.cost_points,
        wallet=row.wallet,
        voucher_validity_days=row.voucher_validity_days,
        limit_per_member=row.limit_per_member,
        ordinal=row.ordinal,
        state=RedemptionState(row.state),
        requested_at=row.requested_at,
        updated_at=row.updated_at,
        hold_id=row.hold_id,
        is_stock_taken=row.is_stock_taken,
        voucher=voucher_of(row),
        cancel_reason=row.cancel_reason,
        cancel_note=row.cancel_note,
        cancel_requested_at=row.cancel_requested_at,
        version=row.version,
    )
