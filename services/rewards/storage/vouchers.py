"""Vouchers in the database, and whose a code is."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit.database import LostRaceError
from services.rewards.domain.reinstatements import Reinstatement
from services.rewards.domain.vouchers import Use, Voucher, VoucherState
from services.rewards.storage.statements import Statements, benefit_of
from services.rewards.tables import voucher_changes, voucher_codes, voucher_reinstatements, voucher_uses, vouchers

_OWN = (
    "state",
    "issued_at",
    "expires_at",
    "used_at",
    "used_store_id",
    "used_terminal_id",
    "used_receipt_number",
    "uses",
)
# A redemption is read together with its voucher; these are the voucher's columns beside the redemption's.
VOUCHER_COLUMNS = tuple(vouchers.c[name].label(f"voucher_{name}") for name in ("code", *_OWN, "cancelled_at"))


class Vouchers(Statements):
    """Statements about vouchers."""

    def owner_of(self, program_id: uuid.UUID, code: str) -> tuple[uuid.UUID, uuid.UUID] | None:
        """The member and the redemption that a code belongs to, or nothing."""
        row = self._connection.execute(
            sa.select(voucher_codes.c.member_id, voucher_codes.c.redemption_id).where(
                voucher_codes.c.program_id == program_id, voucher_codes.c.code == code
            )
        ).one_or_none()
        return (row.member_id, row.redemption_id) if row else None

    def insert(self, voucher: Voucher) -> None:
        """Writes a new voucher; raises LostRaceError if the code is taken, so that another one is drawn."""
        claimed = self._connection.execute(
            postgresql.insert(voucher_codes)
            .values(
                self._fresh(
                    voucher_codes,
                    program_id=voucher.program_id,
                    code=voucher.code,
                    member_id=voucher.member_id,
                    redemption_id=voucher.redemption_id,
                )
            )
            .on_conflict_do_nothing()
            .returning(voucher_codes.c.code)
        ).one_or_none()
        # Not by rowcount, which SQLAlchemy does not fill for an INSERT.
        if claimed is None:
            raise LostRaceError
        self._connection.execute(
            sa.insert(vouchers).values(
                self._fresh(
                    vouchers,
                    member_id=voucher.member_id,
                    redemption_id=voucher.redemption_id,
                    code=voucher.code,
                    **_changing_values(voucher),
                )
            )
        )
        self._journal(voucher)

    def update(self, voucher: Voucher) -> None:
        """Writes what a step changed."""
        self._connection.execute(
            sa.update(vouchers)
            .where(vouchers.c.member_id == voucher.member_id, vouchers.c.redemption_id == voucher.redemption_id)
            .values(self._changed(vouchers, **_changing_values(voucher)))
        )
        self._journal(voucher)

    def _journal(self, voucher: Voucher) -> None:
        """Appends what the voucher has become; its redemption's row, which is locked, keeps the numbers apart."""
        columns = voucher_changes.c
        own = sa.and_(columns.member_id == voucher.member_id, columns.redemption_id == voucher.redemption_id)
        before = sa.select(sa.func.coalesce(sa.func.max(columns.number), 0)).where(own).scalar_subquery()
        self._connection.execute(
            sa.insert(voucher_changes).values(
                self._fresh(
                    voucher_changes,
                    member_id=voucher.member_id,
                    redemption_id=voucher.redemption_id,
                    number=before + 1,
                    # How often it was used, the rows of its uses say.
                    **{name: value for name, value in _changing_values(voucher).items() if name != "uses"},
                    changed_at=sa.func.now(),
                )
            )
        )

    def insert_use(self, voucher: Voucher, caller_id: str) -> None:
        """Writes that the voucher was used, and who said so."""
        self._connection.execute(
            sa.insert(voucher_uses).values(
                self._fresh(
                    voucher_uses,
                    member_id=voucher.member_id,
                    redemption_id=voucher.redemption_id,
                    ordinal=voucher.uses,
                    caller_id=caller_id,
                    used_at=voucher.used_at,
                    **(dataclasses.asdict(voucher.use) if voucher.use else {}),
                )
            )
        )

    def insert_reinstatement(self, reinstatement: Reinstatement, caller_id: str) -> None:
        """Writes that the voucher's last use was taken back, and who said so."""
        self._connection.execute(
            sa.insert(voucher_reinstatements).values(
                self._fresh(
                    voucher_reinstatements,
                    member_id=reinstatement.voucher.member_id,
                    redemption_id=reinstatement.voucher.redemption_id,
                    ordinal=reinstatement.ordinal,
                    reinstated_at=reinstatement.reinstated_at,
                    reason=reinstatement.reason,
                    actor=reinstatement.actor,
                    return_id=reinstatement.return_id,
                    caller_id=caller_id,
                )
            )
        )

    def was_reinstated_with(self, voucher: Voucher, return_id: uuid.UUID) -> bool:
        """Whether this return of goods has made the voucher good again."""
        columns = voucher_reinstatements.c
        found = sa.select(columns.ordinal).where(
            columns.member_id == voucher.member_id,
            columns.redemption_id == voucher.redemption_id,
            columns.return_id == return_id,
        )
        return self._connection.execute(found).one_or_none() is not None


def voucher_of(row: sa.Row[Any]) -> Voucher | None:
    """The voucher in a redemption's row, if there is one yet."""
    if row.voucher_code is None:
        return None
    return Voucher(
        program_id=row.program_id,
        member_id=row.member_id,
        redemption_id=row.redemption_id,
        reward_id=row.reward_id,
        reward_name=row.reward_name,
        benefit=benefit_of(row),
        code=row.voucher_code,
        state=VoucherState(row.voucher_state),
        issued_at=row.voucher_issued_at,
        expires_at=row.voucher_expires_at,
        used_at=row.voucher_used_at,
        cancelled_at=row.voucher_cancelled_at,
        use=_use(row),
        uses=row.voucher_uses,
    )


def _use(row: sa.Row[Any]) -> Use | None:
    if row.voucher_used_at is None:
        return None
    return Use(row.voucher_used_store_id, row.voucher_used_terminal_id, row.voucher_used_receipt_number)


def _changing_values(voucher: Voucher) -> dict[str, object]:
    use = voucher.use
    return {
        "state": voucher.state.value,
        "issued_at": voucher.issued_at,
        "expires_at": voucher.expires_at,
        "used_at": voucher.used_at,
        "used_store_id": use.store_id if use else None,
        "used_terminal_id": use.terminal_id if use else None,
        "used_receipt_number": use.receipt_number if use else None,
        "uses": voucher.uses,
        "cancelled_at": voucher.cancelled_at,
    }
