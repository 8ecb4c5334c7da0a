"""A database in which nothing is wrong, and the hand that plants a defect in it."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa

from services.points import tables
from tests.integration.points.busy import Day
from tests.integration.points.conftest import Points
from tests.integration.points.planted import Planted
from tests.integration.points.served import owned


@dataclasses.dataclass(frozen=True)
class BusyDay:
    """A database in which nothing is wrong and to which nobody is connected, and what is in it by name."""

    url: str
    names: dict[str, object]


def named(points: Points, day: Day) -> dict[str, object]:
    """The day's names, of Amina's purchase its `lot`, the `rule`, a `cap` and a `budget`, and Erum's `ended` lot."""
    lots, caps, budgets = tables.lots.c, tables.cap_counters.c, tables.budget_counters.c
    queries = {
        "rule": sa.select(lots.rule_id).where(lots.purchase_id == day.bought),
        "lot": sa.select(lots.lot_id).where(lots.purchase_id == day.bought),
        "cap": sa.select(caps.counter_id).where(caps.member_id == day.amina, caps.scope == "member"),
        "budget": sa.select(budgets.counter_id).where(budgets.scope == "program"),
        "ended": sa.select(lots.lot_id).where(lots.member_id == day.erum, lots.expires_at.is_not(None)),
    }
    with points.engine.connect() as connection:
        return {**day.names(), **{name: connection.execute(query).scalar_one() for name, query in queries.items()}}


def plant(source: sa.Engine, defect: Planted, names: dict[str, object]) -> None:
    """By the hand of the owner: the role that serves could not."""
    with owned(source.url.render_as_string(hide_password=False)) as owning, owning.begin() as connection:
        for statement in defect.statements:
            text = sa.text(statement)
            wanted = {name: value for name, value in names.items() if name in text.compile().params}
            assert connection.execute(text, wanted).rowcount != 0
