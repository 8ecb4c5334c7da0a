"""Enrolments as `points` hears of them, and as it records them."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

import sqlalchemy as sa

from services.points import jobs, listens, tables
from tests.integration.points.conftest import Points
from tests.integration.points.listening import an_event


def hear(points: Points, *told: Any) -> None:
    """Has the projection take these events in, once each."""
    for event in told:
        with points.engine.begin() as connection:
            listens.on_member_event(connection, event)


def record(points: Points, limit: int = 10) -> None:
    while jobs.record_pending_activities(points.storage, points.committer, limit=limit):
        pass


def waiting(points: Points) -> set[uuid.UUID]:
    with points.engine.connect() as connection:
        return set(connection.scalars(sa.select(tables.pending_activities.c.member_id)))


def recorded(points: Points) -> dict[uuid.UUID, int]:
    """What each member's enrolment gave."""
    with points.engine.connect() as connection:
        rows = connection.execute(sa.select(tables.activities.c.member_id, tables.activities.c.points_earned))
        return {row.member_id: row.points_earned for row in rows}


def enrolled(points: Points, status: str = "active") -> Any:
    """The event of an enrolment a moment ago."""
    return dataclasses.replace(an_event(status), occurred_at=points.clock.now())
