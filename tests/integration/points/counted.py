"""Rules with limits, and what their counters say, for tests of both."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from services.points import tables
from services.points.domain.earning.limits import Limit, LimitScope, LimitSpan, LimitUnit
from services.points.domain.sales.purchases import PurchaseAnswer
from services.points.domain.sales.sale import Sale
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points

# Scope, the member or the program, cashier or store, span, unit, first day of the window.
Counted = tuple[str, uuid.UUID, str, str, str, str]


def limit(
    at_most: int,
    scope: LimitScope = LimitScope.MEMBER,
    span: LimitSpan = LimitSpan.DAY,
    unit: LimitUnit = LimitUnit.POINTS,
) -> Limit:
    return Limit(scope, span, unit, at_most)


def a_sale(
    pounds: int = 10, *, pieces: int = 1, at: datetime = make.NOON, store: str = "S1", cashier: str = ""
) -> Sale:
    """A sale of pieces that cost so much together."""
    line = make.a_line(pounds * 100, quantity=pieces)
    return replace(make.a_sale(line, receipt=make.a_receipt(store_id=store), occurred_at=at), cashier_id=cashier)


def buy(points: Points, member_id: uuid.UUID | None, sale: Sale) -> PurchaseAnswer:
    return points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()


def bring_back(points: Points, sale: Sale, pieces: int = 1) -> int:
    """The points that the return took."""
    command = make.record_return(sale.receipt, ("1", pieces * 1000))
    return points.returns.record_return(TILL, command).unwrap().recorded.points_returned


def used(points: Points) -> dict[Counted, int]:
    """What every counter says that has anything to say."""
    caps, budgets = tables.cap_counters, tables.budget_counters
    found: dict[Counted, int] = {}
    with points.engine.connect() as connection:
        for table, owner, of in ((caps, "member_id", "cashier_id"), (budgets, "program_id", "store_id")):
            for row in connection.execute(sa.select(table).where(table.c.used != 0)):
                starts_on = "" if row.starts_on is None else row.starts_on.isoformat()
                key = (row.scope, getattr(row, owner), getattr(row, of), row.span, row.unit, starts_on)
                found[key] = row.used
    return found


def total(points: Points, scope: LimitScope) -> int:
    """What all counters of the scope say together."""
    return sum(units for key, units in used(points).items() if key[0] == scope.value)


def rows(points: Points) -> int:
    """How many rows there are of counters and their movements."""
    counted = (tables.cap_counters, tables.cap_movements, tables.budget_counters, tables.budget_movements)
    with points.engine.connect() as connection:
        return sum(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in counted)
