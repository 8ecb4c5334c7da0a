"""The commands of the service's process that an operator types."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from kit import ids
from kit.database import PoolBounds, engine
from kit.events import to_entry
from kit.outbox import Event
from services.points import tables
from tests.factories import points as make

CHECKOUT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60


def run(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, with nothing but the database to talk to."""
    path = os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "protos" / "gen")])
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "POINTS_DATABASE_URL": url}
    command = [sys.executable, "-m", "services.points", *arguments]
    return subprocess.run(
        command, env=environ, cwd=CHECKOUT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


def test_what_was_given_up_is_tried_again_and_counted(databases: Callable[[str], str]) -> None:
    url, member_id = databases("points"), uuid.uuid4()
    event = Event(
        ids.ordered_id(), "member", member_id, "member.enrolled", 1, make.PROGRAM, make.NOON, {"status": "active"}
    )
    letter = {
        "consumer": "points",
        "event_id": event.id,
        "type": event.type,
        "payload": to_entry(event, "wafa:members"),
        "reason": "the database was being moved",
        "deliveries": 5,
    }
    source = engine(url, PoolBounds(size_max=1))
    with source.begin() as connection:
        connection.execute(sa.insert(tables.dead_letters).values(**letter))

    first, again = run(url, "replay"), run(url, "replay")

    assert (first.returncode, first.stdout) == (0, "1\n"), first.stderr
    assert (again.returncode, again.stdout) == (0, "0\n"), again.stderr
    with source.connect() as connection:
        assert connection.scalar(sa.select(tables.standings.c.status)) == "active"
    source.dispose()


def test_a_check_without_findings_ends_well(databases: Callable[[str], str]) -> None:
    done = run(databases("points"), "check")
    assert (done.returncode, done.stdout) == (0, '{"service":"points","findings":0}\n'), done.stderr
