"""Carries events from the outbox to the stream, and again when a consumer may have missed them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import redis
import sqlalchemy as sa
import structlog

from kit import failpoints, streams
from kit.arrays import unnested
from kit.database import LostRaceError, transaction
from kit.errors import Refusal
from kit.events import Event, to_entry
from kit.outbox.table import unpublish
from kit.streams import Debt, entry_key

_log = structlog.get_logger()

# Entries are stamped by the clock of Redis, events by the database's. Looking back this much further bridges the two
# clocks, what a replica had not yet received when it took over, and the time since a snapshot.
SLACK = timedelta(hours=1)

# A debt is struck out only when every relay's transaction that was open when it was noted has ended, one way or the
# other; the database ends idle ones after a minute.
GRACE = timedelta(minutes=3)

# A group with fewer entries than this (and than a batch) before it has caught up, and may be given what it is owed.
CLOSE_BEHIND_ENTRIES = 100


@dataclasses.dataclass(frozen=True)
class _Look:
    """What one query of Redis returned."""

    run: str
    epoch: Mapping[str, str]
    length: int
    debts: frozenset[Debt]


class Relay:
    """Publishes a service's outbox. Several may work at once, in one process or in many.

    `stream` is also the source that events name. The stream is kept short: what every group is done with goes first;
    beyond `length_max`, which is many times `batch_max`, the older half goes, and groups that had not read it are owed
    it.
    """

    def __init__(
        self,
        engine: sa.Engine,
        table: sa.Table,
        client: redis.Redis,
        stream: str,
        *,
        batch_max: int = 500,
        length_max: int = 100_000,
    ) -> None:
        self._engine = engine
        self._table = table
        self._redis = client
        self._stream = stream
        self._batch_max = batch_max
        self._length_max = length_max

    def publish_once(self) -> bool:
        """One round: publishes up to a batch, or else sends again a batch that is owed. True if there may be more.

        Raises redis.RedisError or a refusal of kit.database when one of the two is away; nothing is lost by that.
        """
        look = self._look()
        if look.epoch.get("run") != look.run:
            self._note_loss(look)
        debts = self._tidy(look.debts)
        if look.length > self._length_max // 10:
            self._make_room()
        if self._publish(look.run) == self._batch_max:
            return True
        return self._pay(debts)

    def publish_if_possible(self) -> None:
        """A round for a request whose events should be out before it is answered; a later round repeats what fails."""
        try:
            self.publish_once()
        except (redis.RedisError, Refusal, LostRaceError) as error:
            _log.warning("published_later", stream=self._stream, error=type(error).__name__)

    def _look(self) -> _Look:
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.info("server")
        pipeline.hgetall(streams.epoch_key(self._stream))
        pipeline.xlen(self._stream)
        pipeline.smembers(streams.owed_key(self._stream))
        info, epoch, length, debts = pipeline.execute()
        return _Look(str(info.get("run_id", "")) or "unknown", epoch, length, frozenset(map(Debt.parse, debts)))

    # ---- new events

    def _publish(self, run: str) -> int:
        """Publishes a batch. A crash before the commit publishes it twice, which consumers bear; never not at all."""
        with transaction(self._engine) as connection:
            # Never "id greater than the last": an event whose transaction commits late would be passed over.
            rows = connection.execute(self._waiting()).all()
            if rows:
                pipeline = self._redis.pipeline(transaction=True)
                for row in rows:
                    fields: dict[Any, Any] = to_entry(_event(row), self._stream)
                    pipeline.xadd(self._stream, fields)
                epoch: dict[Any, Any] = {"run": run, "at_ms": _to_ms(rows[0].now)}
                pipeline.hset(streams.epoch_key(self._stream), mapping=epoch)
                pipeline.execute()
                failpoints.reach("outbox.before_mark")
                connection.execute(self._mark_published(rows))
        if len(rows) < self._batch_max:
            # By the beat a follower distinguishes a quiet stream from one that no relay reaches.
            self._redis.hincrby(streams.epoch_key(self._stream), "beat", 1)
        return len(rows)

    def _waiting(self) -> sa.Select[Any]:
        return (
            sa.select(*self._table.c, sa.func.now().label("now"))
            .where(self._table.c.published_at.is_(None))
            .order_by(self._table.c.id)
            .limit(self._batch_max)
            .with_for_update(skip_locked=True)
        )

    def _mark_published(self, rows: Sequence[sa.Row[Any, Any, Any]]) -> sa.Update:
        table = self._table
        given = unnested(_KEY_KINDS, {name: [getattr(row, name) for row in rows] for name in _KEY_KINDS})
        return (
            sa.update(table)
            .values(published_at=sa.func.now())
            .where(table.c.aggregateid == given.c.aggregateid, table.c.id == given.c.id)
        )

    # ---- what was lost, and is owed

    def _note_loss(self, look: _Look) -> None:
        """Another Redis, or an older state of it, answers: it may lack what was published last.

        The epoch shares the fate of the entries. If it is there, so is what was published before it was written; if it
        is not, nothing is. Groups that were lost too note their own debt when their consumers make them again.
        """
        since = f"{look.epoch['at_ms']}-0" if "at_ms" in look.epoch else streams.EARLIEST
        debts = [Debt(group.name, since) for group in streams.groups(self._redis, self._stream)]
        self._note(debts)
        self._redis.hset(streams.epoch_key(self._stream), "run", look.run)
        _log.warning("stream_is_new_or_restarted", stream=self._stream, since=since, groups=[d.group for d in debts])

    def _tidy(self, debts: frozenset[Debt]) -> Collection[Debt]:
        """The debts, those without an end ended now (what is published from here on reaches the group) and merged."""
        until_ms = 0
        if not all(debt.until_ms for debt in debts):
            with transaction(self._engine) as connection:
                until_ms = _to_ms(connection.execute(_NOW).scalar_one()) + 1
        tidy = streams.merged(debt if debt.until_ms else dataclasses.replace(debt, until_ms=until_ms) for debt in debts)
        if tidy != debts:
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.srem(streams.owed_key(self._stream), *map(str, debts))
            pipeline.sadd(streams.owed_key(self._stream), *map(str, tidy))
            pipeline.execute()
        return tidy

    def _pay(self, debts: Collection[Debt]) -> bool:
        """Sends a batch of each debt again whose group has read what it was given before; whether there was any.

        That keeps the group's own pace, so that paying never makes the stream overflow and the debt grow.
        """
        if not debts:
            return False
        groups = {group.name: group for group in streams.groups(self._redis, self._stream)}
        self._strike([debt for debt in debts if debt.group not in groups])
        close = min(self._batch_max, CLOSE_BEHIND_ENTRIES)
        ready = {
            name
            for name in groups.keys() & {debt.group for debt in debts}
            if streams.is_close_behind(self._redis, self._stream, groups[name], close)
        }
        paid = [self._pay_one(debt) for debt in debts if debt.group in ready]
        return any(paid)

    def _pay_one(self, debt: Debt) -> bool:
        since, until = max(_from_ms(debt.since_ms), _BEGINNING) - SLACK, _from_ms(debt.until_ms)
        with transaction(self._engine) as connection:
            now = connection.execute(_NOW).scalar_one()
            marked = unpublish(connection, self._table, since, until, limit=self._batch_max)
        if marked == 0 and now > until + GRACE:
            self._strike([debt])
        return marked > 0

    # ---- a short stream

    def _make_room(self) -> None:
        """Drops what every group is done with, and then, if the stream is still too long, its older half."""
        groups = streams.groups(self._redis, self._stream)
        if groups:
            self._redis.xtrim(
                self._stream, minid=min((group.done for group in groups), key=entry_key), approximate=False
            )
        if self._redis.xlen(self._stream) <= self._length_max:
            return
        # Who will lose something is known only afterwards, and a crash in between must not hide it: so it is noted for
        # all beforehand, and struck out for those who lost nothing.
        debts = [Debt(group.name, group.done) for group in groups]
        self._note(debts)
        self._redis.xtrim(self._stream, maxlen=self._length_max // 2, approximate=False)
        first = entry_key(streams.entries_after(self._redis, self._stream, streams.EARLIEST, count=1)[0][0])
        self._strike([debt for debt in debts if entry_key(debt.since) >= first])
        # Another relay that cut a moment earlier may have struck out what this cut has made true.
        behind = [debt for debt in debts if entry_key(debt.since) < first]
        self._note(behind)
        _log.warning("stream_was_cut", stream=self._stream, groups_behind=[debt.group for debt in behind])

    def _note(self, debts: Sequence[Debt]) -> None:
        if debts:
            self._redis.sadd(streams.owed_key(self._stream), *map(str, debts))

    def _strike(self, debts: Sequence[Debt]) -> None:
        if debts:
            self._redis.srem(streams.owed_key(self._stream), *map(str, debts))


_NOW = sa.select(sa.func.now())
_KEY_KINDS = {"aggregateid": sa.Uuid(), "id": sa.Uuid()}
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def _event(row: sa.Row[Any, Any, Any]) -> Event:
    return Event(
        id=row.id,
        aggregate_type=row.aggregatetype,
        aggregate_id=row.aggregateid,
        type=row.type,
        version=row.version,
        program_id=row.program_id,
        occurred_at=row.occurred_at,
        payload=row.payload,
    )


def _to_ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1_000)


def _from_ms(instant_ms: int) -> datetime:
    return datetime.fromtimestamp(instant_ms / 1_000, UTC)
