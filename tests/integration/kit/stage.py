"""A stage for events: jars are opened on one side, and a consumer keeps count of them on the other."""

from __future__ import annotations

import contextlib
import dataclasses
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import redis
import sqlalchemy as sa

from kit import database, ids, inbox, outbox, streams
from kit.inbox import Consumer, Handle
from kit.outbox import Event, Relay

STREAM = "wafa:pantry"
GROUP = "kitchen"
PROGRAM_ID = uuid.uuid4()
ROUNDS_MAX = 2_000

metadata = database.metadata()
outbox_table = outbox.outbox_table(metadata)
inbox_table = inbox.inbox_table(metadata)
dead_letters = inbox.dead_letters_table(metadata)
# No key: an effect that happens twice is there twice.
effects = sa.Table("effects", metadata, sa.Column("consumer", sa.Text), sa.Column("event_id", sa.Uuid))


def event(version: int = 1, *, aggregate_id: uuid.UUID | None = None, kind: str = "jar.opened") -> Event:
    return Event(
        id=ids.ordered_id(),
        aggregate_type="jar",
        aggregate_id=aggregate_id or ids.random_id(),
        type=kind,
        version=version,
        program_id=PROGRAM_ID,
        occurred_at=datetime.now(UTC),
        payload={"label": "مربّہ", "grams": 250, "tags": ["sweet", None]},
    )


@dataclasses.dataclass
class Stage:
    """Both sides in one database. `poison` says at which events the consumers fail, and how."""

    engine: sa.Engine
    redis: redis.Redis
    poison: dict[uuid.UUID, Exception]

    @classmethod
    @contextlib.contextmanager
    def set(cls, engine: sa.Engine, redis_url: str) -> Iterator[Stage]:
        metadata.create_all(engine)
        with streams.connect(redis_url) as client:
            yield cls(engine, client, {})

    def relay(self, *, batch_max: int = 10, length_max: int = 10_000) -> Relay:
        return Relay(self.engine, outbox_table, self.redis, STREAM, batch_max=batch_max, length_max=length_max)

    def consumer(self, name: str = "one", *, group: str = GROUP, handle: Handle | None = None) -> Consumer:
        def count(connection: sa.Connection, heard: Event) -> None:
            connection.execute(sa.insert(effects).values(consumer=group, event_id=heard.id))
            if failure := self.poison.get(heard.id):
                raise failure

        return Consumer(
            self.engine,
            inbox_table,
            dead_letters,
            self.redis,
            stream=STREAM,
            group=group,
            name=name,
            handle=handle or count,
            batch_max=10,
            retry_after_ms=0,
        )

    def announce(self, count: int) -> list[Event]:
        events = [event() for _ in range(count)]
        self.append(*events)
        return events

    def append(self, *events: Event) -> None:
        with self.engine.begin() as connection:
            outbox.append(connection, outbox_table, events)

    def settle(self, *parts: Relay | Consumer) -> None:
        """Gives everybody their turn until nobody has anything left to do."""
        turns = [part.publish_once if isinstance(part, Relay) else part.consume_once for part in parts]
        quiet = 0
        for _ in range(ROUNDS_MAX):
            busy = [turn() for turn in turns]
            quiet = 0 if any(busy) else quiet + 1
            # One quiet round is not the end: what a part finished in it may be what another waits for.
            if quiet == 3:
                return
        raise AssertionError("there is no end to it")

    def heard(self, group: str = GROUP) -> list[uuid.UUID]:
        """The ids of the events whose effect is there, once for each time it happened, sorted."""
        with self.engine.connect() as connection:
            return sorted(connection.scalars(sa.select(effects.c.event_id).where(effects.c.consumer == group)))

    def waiting(self) -> int:
        """How many events are not published."""
        unpublished = sa.select(sa.func.count()).where(outbox_table.c.published_at.is_(None))
        with self.engine.connect() as connection:
            return connection.execute(unpublished).scalar_one()

    def entries(self) -> list[dict[str, str]]:
        return [fields for _, fields in streams.entries_after(self.redis, STREAM, streams.EARLIEST, count=10_000)]


def id_list(events: list[Event]) -> list[uuid.UUID]:
    return sorted(each.id for each in events)
