"""Rehearsals of rules, from the sales that they look at to their end."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.points import jobs
from services.points.conditions import CelConditions
from services.points.domain.program.documents import RuleDefinition
from services.points.domain.program.rehearsals import Rehearsal, RehearsalState, RehearseEarningRules
from services.points.handlers import RehearsalHandlers
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points

CONDITIONS = CelConditions()


def asked(points: Points, *rules: RuleDefinition, **changes: Any) -> RehearseEarningRules:
    """The last thirty days, in the default wallet."""
    now = points.clock.now()
    wish = RehearseEarningRules(
        make.PROGRAM, f"key-{make.a_number()}", rules, False, "points", now - timedelta(days=30), now, 1_000, 0, 0
    )
    return replace(wish, **changes)


def begun(rehearsals: RehearsalHandlers, wish: RehearseEarningRules) -> uuid.UUID:
    return rehearsals.rehearse_earning_rules(TILL, wish).unwrap().rehearsal_id


def performed(points: Points, rehearsals: RehearsalHandlers, wish: RehearseEarningRules, limit: int = 2) -> Rehearsal:
    """A rehearsal that is over."""
    rehearsal_id = begun(rehearsals, wish)
    while jobs.rehearse_rules(points.storage, CONDITIONS, limit=limit):
        pass
    found = rehearsals.get_rehearsal(make.PROGRAM, rehearsal_id)
    assert found.state is RehearsalState.DONE
    return found


def buy(points: Points, member_id: uuid.UUID | None, *amounts_minor: int, days_ago: int = 1) -> Any:
    """A sale of some days ago, with a line for each amount."""
    lines = [make.a_line(amount, quantity=2, line_id=str(number)) for number, amount in enumerate(amounts_minor)]
    sale = make.a_sale(*lines, occurred_at=points.clock.now() - timedelta(days=days_ago))
    return points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap().purchase
