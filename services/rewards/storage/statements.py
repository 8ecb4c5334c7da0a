"""What the statements of every noun work with."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from kit import row_digests
from services.rewards.domain.rewards import Benefit, BenefitKind


class Statements:
    """A transaction's connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def _fresh(self, table: sa.Table, **values: object) -> dict[str, Any]:
        """The values of a new row, with its digest."""
        return row_digests.fresh(self._connection, table, values)

    def _changed(self, table: sa.Table, **values: object) -> dict[str, Any]:
        """What changes of a row, with the digest that it has then."""
        return row_digests.changed(self._connection, table, values)


def benefit_values(benefit: Benefit) -> dict[str, object]:
    """A benefit as the columns that rewards and redemptions keep it in."""
    return {
        "benefit_kind": benefit.kind.value,
        "benefit_amount_minor": benefit.amount_minor,
        "benefit_currency": benefit.currency,
        "benefit_basis_points": benefit.basis_points,
        "benefit_sku": benefit.sku,
    }


def benefit_of(row: sa.Row[Any]) -> Benefit:
    """The benefit in those columns."""
    return Benefit(
        kind=BenefitKind(row.benefit_kind),
        amount_minor=row.benefit_amount_minor,
        currency=row.benefit_currency,
        basis_points=row.benefit_basis_points,
        sku=row.benefit_sku,
    )
