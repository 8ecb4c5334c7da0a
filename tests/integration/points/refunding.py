"""Points that were spent, to come back with goods; and all that a database holds."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from services.points import tables
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points


def spent(points: Points, member_id: uuid.UUID, amount: int, wallet: str = "points", reference: str = "") -> uuid.UUID:
    """A hold that is captured."""
    command = make.place_hold(member_id, amount, wallet=wallet, reference=reference)
    hold = points.holds.place_hold(TILL, command).unwrap().hold
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id)).unwrap()
    return hold.hold_id


def rows(points: Points) -> dict[str, list[str]]:
    """Everything but stored answers."""
    with points.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in tables.metadata.sorted_tables
            if table.name != "stored_answers"
        }
