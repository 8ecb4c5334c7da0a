"""Reads a stream as one member of a group and lets each event have its effect once."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import prometheus_client
import redis
import sqlalchemy as sa
import structlog
from redis.exceptions import ResponseError
from sqlalchemy import exc
from sqlalchemy.dialects import postgresql

from kit import failpoints, ids, streams
from kit.database import retrying, transaction
from kit.errors import Kind, Refusal
from kit.events import Event, from_entry

_log = structlog.get_logger()

DEAD_LETTERS = prometheus_client.Counter(
    "dead_letters_total", "Events given up after too many failed deliveries; each waits for a person.", ["consumer"]
)

DELIVERIES_MAX = 5
REASON_LENGTH_MAX = 500

Handle = Callable[[sa.Connection, Event], None]

# Failures of these kinds say nothing about the event: it is tried again until they are over.
_WEATHER = frozenset({Kind.UNAVAILABLE, Kind.EXHAUSTED})


@dataclasses.dataclass(frozen=True)
class _Entry:
    """One entry of the stream, and how often it has been delivered, this time included."""

    id: str
    fields: dict[str, str]
    deliveries: int


class Consumer:
    """One member of the group `group`; all members share the work, and `name` distinguishes them.

    `handle` has the effect over the given connection, in the transaction that also notes the event in the inbox; it
    neither commits nor has effects outside of it. It must tolerate events of one aggregate out of order: see
    `kit.outbox`. `group` is the inbox's word too, so it stays the same for good.
    """

    def __init__(
        self,
        engine: sa.Engine,
        inbox: sa.Table,
        dead_letters: sa.Table,
        client: redis.Redis,
        *,
        stream: str,
        group: str,
        name: str,
        handle: Handle,
        batch_max: int = 100,
        deliveries_max: int = DELIVERIES_MAX,
        retry_after_ms: int = 30_000,
    ) -> None:
        self._engine = engine
        self._inbox = inbox
        self._dead_letters = dead_letters
        self._redis = client
        self._stream = stream
        self._group = group
        self._name = name
        self._handle = handle
        self._batch_max = batch_max
        self._deliveries_max = deliveries_max
        self._retry_after_ms = retry_after_ms
        self._claim_from = streams.EARLIEST

    def consume_once(self) -> bool:
        """One round: events that were left unfinished for `retry_after_ms`, then new ones. True if there may be more.

        Raises redis.RedisError or a refusal when Redis, the database or a neighbour is away; the events stay.
        """
        # A delivery is counted when it is taken, so nothing is taken that could not be worked on.
        with transaction(self._engine) as connection:
            connection.execute(sa.select(1))
        try:
            return any([self._retry(), self._read()])
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            streams.join(self._redis, self._stream, self._group)
            _log.info("consumer_group_made", stream=self._stream, group=self._group)
            return True

    def replay_dead_letters(self, limit: int = 1_000) -> int:
        """Tries up to `limit` dead letters again, oldest first, each in its own transaction; says how many went well.

        Those that fail again stay, with their new reason. Needs no Redis.
        """
        table = self._dead_letters
        waiting = (
            sa.select(table.c.event_id, table.c.payload)
            .where(table.c.consumer == self._group, table.c.replayed_at.is_(None))
            .order_by(table.c.failed_at)
            .limit(limit)
        )
        with transaction(self._engine) as connection:
            letters = connection.execute(waiting).all()
        return sum(self._replay(letter.event_id, letter.payload) for letter in letters)

    # ---- taking entries

    def _read(self) -> bool:
        """Takes a batch of new entries and works on them; whether there may be more."""
        answer: Any = self._redis.xreadgroup(self._group, self._name, {self._stream: ">"}, count=self._batch_max)
        entries = [_Entry(entry_id, fields, 1) for _, found in answer for entry_id, fields in found]
        self._work_on(entries)
        return len(entries) == self._batch_max

    def _retry(self) -> bool:
        """Works on entries that some member took and did not finish; whether there may be more.

        They are taken one by one: if working on one is what kills the process, it alone is to be counted out.
        """
        for _ in range(self._batch_max):
            self._work_on(self._claim())
            if self._claim_from == streams.EARLIEST:
                return False
        return True

    def _claim(self) -> list[_Entry]:
        """The next unfinished entry if there is one; the cursor goes round and round."""
        answer: Any = self._redis.xautoclaim(
            self._stream, self._group, self._name, self._retry_after_ms, self._claim_from, count=1
        )
        self._claim_from, claimed = answer[0], answer[1]
        return [_Entry(entry_id, fields, self._deliveries(entry_id)) for entry_id, fields in claimed]

    def _deliveries(self, entry_id: str) -> int:
        found: Any = self._redis.xpending_range(self._stream, self._group, entry_id, entry_id, 1)
        # Pending no longer: another member finished it in this moment, and the inbox will say so.
        return int(found[0]["times_delivered"]) if found else 1

    def _give_back(self, failed: _Entry, untouched: Sequence[_Entry]) -> None:
        """Undoes the taking: this delivery counts for none. The untouched may be taken again at once."""
        pipeline = self._redis.pipeline(transaction=False)
        for entry in (failed, *untouched):
            pipeline.xclaim(
                self._stream,
                self._group,
                self._name,
                min_idle_time=0,
                message_ids=[entry.id],
                idle=0 if entry is failed else self._retry_after_ms,
                retrycount=entry.deliveries - 1,
                justid=True,
            )
        pipeline.execute()

    # ---- working on them

    def _work_on(self, entries: Sequence[_Entry]) -> None:
        for position, entry in enumerate(entries, start=1):
            try:
                done = self._deliver(entry)
            except Exception:
                self._give_back(entry, entries[position:])
                raise
            if done:
                failpoints.reach("inbox.before_ack")
                self._redis.xack(self._stream, self._group, entry.id)

    def _deliver(self, entry: _Entry) -> bool:
        """Whether the entry is settled: handled or buried. Raises transient errors."""
        if entry.deliveries > self._deliveries_max:
            self._bury(entry, "taken again and again and never finished: it may have killed who took it")
            return True
        try:
            event = from_entry(entry.fields)
            retrying(lambda: self._apply(event))
        except Exception as error:
            if is_weather(error):
                raise
            reason = _reason(error)
            _log.warning(
                "event_failed", consumer=self._group, entry=entry.id, deliveries=entry.deliveries, reason=reason
            )
            if entry.deliveries < self._deliveries_max:
                return False
            self._bury(entry, reason)
        return True

    def _apply(self, event: Event) -> None:
        with transaction(self._engine) as connection:
            self._once(connection, event)

    def _once(self, connection: sa.Connection, event: Event) -> None:
        """Notes the event and has its effect, or neither when it was had before."""
        noted = (
            postgresql.insert(self._inbox)
            .values(consumer=self._group, event_id=event.id)
            .on_conflict_do_nothing()
            .returning(self._inbox.c.event_id)
        )
        if connection.execute(noted).one_or_none() is not None:
            self._handle(connection, event)

    # ---- dead letters

    def _bury(self, entry: _Entry, reason: str) -> None:
        table = self._dead_letters
        letter = {
            "type": entry.fields.get("type", ""),
            "payload": entry.fields,
            "reason": reason,
            "deliveries": entry.deliveries,
        }
        statement = postgresql.insert(table).values(
            consumer=self._group, event_id=_event_id(entry, self._stream), **letter
        )
        again = {**letter, "failed_at": sa.func.now(), "replayed_at": None}
        with transaction(self._engine) as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=again))
        DEAD_LETTERS.labels(self._group).inc()
        _log.error("event_became_dead_letter", consumer=self._group, entry=entry.id, reason=reason)

    def _replay(self, event_id: uuid.UUID, fields: dict[str, str]) -> bool:
        table = self._dead_letters
        this = sa.and_(table.c.consumer == self._group, table.c.event_id == event_id)

        def attempt() -> None:
            with transaction(self._engine) as connection:
                self._once(connection, from_entry(fields))
                connection.execute(sa.update(table).where(this).values(replayed_at=sa.func.now()))

        try:
            retrying(attempt)
        except Exception as error:
            if is_weather(error):
                raise
            with transaction(self._engine) as connection:
                connection.execute(sa.update(table).where(this).values(reason=_reason(error)))
            return False
        return True


def is_weather(error: Exception) -> bool:
    """Whether a failure is of the moment and not of the event."""
    return isinstance(error, redis.RedisError) or (isinstance(error, Refusal) and error.kind in _WEATHER)


def _event_id(entry: _Entry, stream: str) -> uuid.UUID:
    """The event's id, or one for the entry's place in the stream when it has none that can be read."""
    try:
        return uuid.UUID(entry.fields.get("id", ""))
    except ValueError:
        return ids.derived_id("stream entry", stream, entry.id)


def _reason(error: Exception) -> str:
    """What went wrong, for a person, without the values that a database driver likes to quote."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, exc.DBAPIError):
        primary = getattr(getattr(error.orig, "diag", None), "message_primary", None)
        text = f"{type(error.orig).__name__}: {primary or 'the statement failed'}"
    if isinstance(error, Refusal):
        text = f"{error.reason}: {error.message}"
    return text.replace("\0", "")[:REASON_LENGTH_MAX]
