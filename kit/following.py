"""Follows a stream without a group: every process sees every event, and knows of which time it has missed none.

A group shares its events among its members and remembers for them; it is for effects in a database. A follower is for
what a process has in its memory: it begins where the stream ends, and what it may have missed it says by its coverage,
so that memories are not trusted beyond that.

The relay counts a beat each time that it has published all there was. So a follower
distinguishes a quiet stream from a dead one.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import redis
import structlog

from kit import streams
from kit.events import Event, from_entry
from kit.streams import entry_key

_log = structlog.get_logger()


@dataclasses.dataclass(frozen=True)
class Coverage:
    """Of what was committed between `since` and `until`, every event has been handled. Seconds of `time.monotonic`.

    `heard_at` is when Redis answered last. A quiet relay keeps `until` where it is, a lost Redis both.
    """

    since: float = math.inf
    until: float = -math.inf
    heard_at: float = -math.inf

    def covers(self, instant: float) -> bool:
        """Whether no event since the instant was missed for good."""
        return instant >= self.since

    def seen_until(self, instant: float) -> float:
        """Until when nothing has changed that was true at the instant, as far as this process knows."""
        return max(instant, self.until) if self.covers(instant) else instant


class Follower:
    """Hands each new event of a stream to `handle`, which must not fail; for one thread."""

    def __init__(
        self,
        client: redis.Redis,
        stream: str,
        handle: Callable[[Event], None],
        *,
        batch_max: int = 500,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = client
        self._stream = stream
        self._handle = handle
        self._batch_max = batch_max
        self._now = now
        self._run = ""
        self._position = ""
        self._beat = ""
        self._beat_read_at = 0.0
        # Replaced whole, so that other threads always read one that is true.
        self.coverage = Coverage()

    def follow_once(self) -> bool:
        """One round: handles up to a batch of events. True if there may be more. Raises redis.RedisError."""
        began = self._now()
        run, epoch, first, entries = self._look()
        if run != self._run or not self._goes_on(epoch, first):
            self._begin_at_end(run, epoch)
            return False
        self._hand_over(entries)
        if len(entries) == self._batch_max:
            return True
        self._extend(epoch.get("beat", ""), began)
        return False

    def _look(self) -> tuple[str, dict[str, str], list[Any], list[Any]]:
        """Run, epoch, the first entry and the next ones. The beat is read before the entries that it vouches for."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.info("server")
        pipeline.hgetall(streams.epoch_key(self._stream))
        pipeline.xrange(self._stream, count=1)
        pipeline.xrange(self._stream, min=f"({self._position or streams.EARLIEST}", count=self._batch_max)
        info, epoch, first, entries = pipeline.execute()
        return str(info.get("run_id", "")) or "unknown", epoch, first, entries

    def _goes_on(self, epoch: dict[str, str], first: Sequence[Any]) -> bool:
        """Whether what this process has read and what is there now have no gap between them."""
        if self._beat and "beat" not in epoch:
            return False
        if self._position == streams.EARLIEST:
            return True
        return bool(first) and entry_key(first[0][0]) <= entry_key(self._position)

    def _begin_at_end(self, run: str, epoch: dict[str, str]) -> None:
        """Begins after the last entry: nothing is known of what came before."""
        last: Any = self._redis.xrevrange(self._stream, count=1)
        if self._run:
            _log.warning("stream_followed_anew", stream=self._stream)
        self._run, self._position = run, last[0][0] if last else streams.EARLIEST
        self._beat, self._beat_read_at = epoch.get("beat", ""), self._now()
        self.coverage = Coverage(since=self._now(), heard_at=self._now())

    def _hand_over(self, entries: Sequence[Any]) -> None:
        for entry_id, fields in entries:
            try:
                self._handle(from_entry(fields))
            except ValueError as error:
                _log.warning("entry_not_readable", stream=self._stream, entry=entry_id, error=str(error))
            self._position = entry_id

    def _extend(self, beat: str, began: float) -> None:
        """Another beat means that the relay had nothing left at some time after the last one was read."""
        until = self.coverage.until
        if beat != self._beat:
            until = max(until, self._beat_read_at)
        self._beat, self._beat_read_at = beat, began
        self.coverage = dataclasses.replace(self.coverage, until=until, heard_at=began)
