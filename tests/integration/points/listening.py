"""`members` as it is heard: its events, its relay, and the projection that `points` keeps."""

from __future__ import annotations

import contextlib
import dataclasses
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import redis
import sqlalchemy as sa

from kit import ids, outbox, streams
from kit.inbox import Consumer
from kit.outbox import Event, Relay
from services.members import announces as members_announces
from services.members import tables as members_tables
from services.points import app, tables
from tests.factories import points as make
from tests.integration.points.served import opened

ROUNDS_MAX = 2_000


@dataclasses.dataclass
class Ears:
    """`members` and its relay on one side, the projection of `points` on the other."""

    members_engine: sa.Engine
    points_engine: sa.Engine
    redis: redis.Redis
    relay: Relay
    consumer: Consumer

    def announce(self, *told: Event) -> None:
        """Has `members` say this."""
        with self.members_engine.begin() as connection:
            outbox.append(connection, members_tables.outbox, told)

    def settle(self) -> None:
        settle(self.relay, self.consumer)

    def standings(self) -> dict[uuid.UUID, tuple[str, int]]:
        """What `points` knows: status and version by member."""
        table = tables.standings
        with self.points_engine.connect() as connection:
            rows = connection.execute(sa.select(table.c.member_id, table.c.status, table.c.member_version))
            return {member_id: (status, version) for member_id, status, version in rows}

    def inbox(self) -> int:
        """How many events `points` has had."""
        with self.points_engine.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(tables.inbox)).scalar_one()

    def letters(self) -> list[Any]:
        with self.points_engine.connect() as connection:
            return list(connection.execute(sa.select(tables.dead_letters)))


@contextlib.contextmanager
def listening(members_url: str, points_url: str, redis_url: str) -> Iterator[Ears]:
    with (
        opened(members_url) as members_engine,
        opened(points_url) as points_engine,
        streams.connect(redis_url) as client,
    ):
        relay = Relay(members_engine, members_tables.outbox, client, members_announces.STREAM)
        yield Ears(members_engine, points_engine, client, relay, app.members_consumer(points_engine, redis_url))


def settle(*parts: Relay | Consumer) -> None:
    """Gives everybody their turn until nobody has anything left to do."""
    turns = [part.publish_once if isinstance(part, Relay) else part.consume_once for part in parts]
    quiet = 0
    for _ in range(ROUNDS_MAX):
        busy = [turn() for turn in turns]
        quiet = 0 if any(busy) else quiet + 1
        # One quiet round is not the end: what one finished in it may be what another waits for.
        if quiet == 3:
            return
    raise AssertionError("there is no end to it")


def an_event(status: str = "active", *, version: int = 1, member_id: uuid.UUID | None = None) -> Event:
    """What `members` says of a member."""
    return Event(
        id=ids.ordered_id(),
        aggregate_type="member",
        aggregate_id=member_id or uuid.uuid4(),
        type="member.status_changed" if version > 1 else "member.enrolled",
        version=version,
        program_id=make.PROGRAM,
        occurred_at=datetime.now(UTC),
        payload={"status": status},
    )
