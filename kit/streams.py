"""What a relay and its consumers agree on in Redis: one stream a service, groups that read it, and who is owed what.

Redis carries events, it does not keep them. So the events that a group may have missed are recorded as a `Debt`, and
the relay sends them again from the outbox. Two things make a debt: a group that is new (on its first day, or because
Redis was emptied) is owed all that is kept; a group that fell so far behind that the stream was cut over its head is
owed what was cut. Paying twice does no harm, since consumers know what they have had.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Self

import redis
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.retry import Retry

CONNECT_TIMEOUT_S = 1.0
ANSWER_TIMEOUT_S = 3.0

EARLIEST = "0-0"


def connect(url: str, *, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> redis.Redis:
    """A client whose every call ends soon, with an answer or an error. Nothing is connected before the first one.

    A failed call is tried once more, because a connection of the pool may be of a server that was restarted since;
    patience beyond that is the worker's.
    """
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        protocol=2,
        socket_connect_timeout=min(CONNECT_TIMEOUT_S, answer_timeout_s),
        socket_timeout=answer_timeout_s,
        retry=Retry(NoBackoff(), 1),
    )


# The braces keep a stream and what is noted beside it on one node of a cluster, where they can change together.
def epoch_key(stream: str) -> str:
    """A hash: which run of which server the relay last wrote to, and when; `beat` counts when nothing was left."""
    return f"{{{stream}}}:epoch"


def owed_key(stream: str) -> str:
    """A set of debts."""
    return f"{{{stream}}}:owed"


@dataclasses.dataclass(frozen=True)
class Debt:
    """What was published from `since`, an entry's id, until `until_ms` may not have reached `group`.

    Debts are never changed, only replaced, so that relays cannot undo one another's notes. One with `until_ms` 0 has
    just been recorded by a consumer, which cannot see the outbox; the first relay that meets it says how far it goes.
    """

    group: str
    since: str
    until_ms: int = 0

    @property
    def since_ms(self) -> int:
        """The time of the entry, by the clock of Redis."""
        return entry_key(self.since)[0]

    def __str__(self) -> str:
        return f"{self.since}/{self.until_ms}/{self.group}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads what `str` wrote."""
        since, until_ms, group = text.split("/", 2)
        return cls(group, since, int(until_ms))


def merged(debts: Iterable[Debt]) -> frozenset[Debt]:
    """The same debts in fewer words: those of one group that overlap become one. All must have their end."""
    result: list[Debt] = []
    for debt in sorted(debts, key=lambda each: (each.group, entry_key(each.since))):
        last = result[-1] if result else None
        if last and last.group == debt.group and debt.since_ms <= last.until_ms:
            result[-1] = dataclasses.replace(last, until_ms=max(last.until_ms, debt.until_ms))
        else:
            result.append(debt)
    return frozenset(result)


@dataclasses.dataclass(frozen=True)
class Group:
    """How far a group has come. It is done with every entry before `done`."""

    name: str
    delivered: str
    done: str
    pending: int


def entry_key(entry_id: str) -> tuple[int, int]:
    """An entry's id as what it sorts by."""
    time_ms, _, sequence = entry_id.partition("-")
    return int(time_ms), int(sequence or 0)


def groups(client: redis.Redis, stream: str) -> list[Group]:
    """The groups that read the stream; none when there is no stream."""
    try:
        found: list[dict[str, Any]] = client.xinfo_groups(stream)
    except ResponseError as error:
        if "no such key" in str(error):
            return []
        raise
    return [_group(client, stream, each) for each in found]


def _group(client: redis.Redis, stream: str, found: dict[str, Any]) -> Group:
    delivered = found["last-delivered-id"]
    oldest = client.xpending(stream, found["name"])["min"] if found["pending"] else None
    return Group(found["name"], delivered, oldest or delivered, found["pending"])


def entries_after(client: redis.Redis, stream: str, after: str, *, count: int) -> list[tuple[str, dict[str, str]]]:
    """Up to `count` entries that come after the id `after`, with their fields."""
    found: Any = client.xrange(stream, min=f"({after}", count=count)
    return list(found)


def is_close_behind(client: redis.Redis, stream: str, group: Group, entries_max: int) -> bool:
    """Whether the group has fewer than `entries_max` entries left to read or to acknowledge."""
    return group.pending + len(entries_after(client, stream, group.delivered, count=entries_max)) < entries_max


def join(client: redis.Redis, stream: str, group: str) -> None:
    """Makes the group, reading from the stream's beginning, and notes that it is owed all from before that.

    Both at once, so that there is never a group that is owed nothing and knows nothing. When another process has made
    the group a moment ago, nothing is lost but the effort of paying once more.
    """
    pipeline = client.pipeline(transaction=True)
    pipeline.xgroup_create(stream, group, id=EARLIEST, mkstream=True)
    pipeline.sadd(owed_key(stream), str(Debt(group, EARLIEST)))
    for answer in pipeline.execute(raise_on_error=False):
        if isinstance(answer, Exception) and "BUSYGROUP" not in str(answer):
            raise answer
