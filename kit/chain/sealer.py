"""The worker that seals: one bounded seal a round, beside the traffic."""

from __future__ import annotations

import dataclasses
import functools
import importlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from psycopg import sql

from kit.chain import table
from kit.chain.facets import SESSION, Facet, digests
from kit.chain.table import NOTHING_BEFORE, ChainedSeal
from kit.database import transaction
from kit.workers import Worker

_log = structlog.get_logger()

# One seal digests about so many rows at most; a year of before there were seals becomes many.
SEAL_ROWS_MAX = 100_000
# The lock that a sealing process holds, in the database of its service.
SEALING = int.from_bytes(b"wafaseal", "big", signed=True)
# The shortest span that is halved to get there.
SPAN_MIN = timedelta(seconds=1)

# A process stamps a row after its transaction began. So nothing from before the oldest transaction that is open can be
# added any more: those of the role that seals, which is the role that serves, are seen here with their beginnings.
_UNTIL = sa.text(
    """
    SELECT least(
        clock_timestamp() - make_interval(secs => :after_s),
        (
            SELECT min(xact_start) FROM pg_stat_activity
            WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
        )
    )
    """
)

_BOTH = sql.SQL(" UNION ALL ")
_SPAN = sql.SQL(
    "SELECT {fold}({time}) AS found FROM {table}"
    " WHERE {time} < %(until)s AND (CAST(%(since)s AS timestamptz) IS NULL OR {time} >= %(since)s)"
)


@dataclasses.dataclass(frozen=True)
class SealTimes:
    """How far back a seal ends, and how long a span is worth a seal, in seconds."""

    after_s: int
    span_s: int


def facets_of(service: str, package: str = "services") -> tuple[Facet, ...]:
    """What the service declares to be sealed."""
    declared: tuple[Facet, ...] = importlib.import_module(f"{package}.{service}.chain").FACETS
    return declared


def sealing_worker(service: str, engine: sa.Engine, times: SealTimes, *, interval_s: float) -> Worker:
    """The worker of a service that seals."""
    work = functools.partial(seal_next, engine, service, facets_of(service), times)
    return Worker(f"{service}-seal", work, interval_s=interval_s)


def seal_all(engine: sa.Engine, service: str, facets: Sequence[Facet], times: SealTimes) -> None:
    """Seals all that can be sealed now, also a short span; waits for a process that is sealing."""
    while seal_next(engine, service, facets, dataclasses.replace(times, span_s=0), wait=True):
        pass


def seal_next(
    engine: sa.Engine,
    service: str,
    facets: Sequence[Facet],
    times: SealTimes,
    *,
    rows_max: int = SEAL_ROWS_MAX,
    wait: bool = False,
) -> bool:
    """Appends one seal if there is enough to seal, and says whether there may be more.

    One process at a time: the others wait for it, or have nothing to do meanwhile. Should two do it all the same, the
    second takes a number that is taken, and its seal is not written.
    """
    lock = sa.func.pg_advisory_xact_lock if wait else sa.func.pg_try_advisory_xact_lock
    with transaction(engine) as connection:
        if connection.scalar(sa.select(lock(SEALING))) is False:
            return False
        connection.execute(SESSION)
        return append_seal(connection, service, facets, times, rows_max)


def append_seal(
    connection: sa.Connection, service: str, facets: Sequence[Facet], times: SealTimes, rows_max: int
) -> bool:
    """As `seal_next`, in the caller's transaction."""
    newest = table.last(connection)
    since = newest[0].covered_until if newest else None
    until: datetime = connection.scalar(_UNTIL, {"after_s": times.after_s})
    if since is not None and (until - since).total_seconds() <= times.span_s:
        return False
    first = _first(connection, facets, since, until)
    if first is None:
        return False
    end = _bounded(connection, facets, first, until, rows_max)
    shape = {facet.name: facet.to_json() for facet in facets}
    known = table.last_shape(connection)
    new = set(shape) - set(known or {})
    contents = {
        facet.name: dataclasses.asdict(found[0])
        for facet in facets
        if (found := digests(connection, facet, None if facet.name in new else since, [end]))
    }
    now = connection.scalar(sa.text("SELECT clock_timestamp()"))
    number, previous = (newest[0].number + 1, newest[1]) if newest else (1, NOTHING_BEFORE)
    seal = ChainedSeal(number, previous, end, now, None if shape == known else shape, contents)
    _append(connection, service, seal)
    return end < until


def _append(connection: sa.Connection, service: str, seal: ChainedSeal) -> None:
    row = dataclasses.asdict(seal) | {"hash": seal.hash_of(service)}
    columns = table.seals_table(sa.MetaData())
    connection.execute(sa.insert(columns).values(**row))
    _log.info("sealed", service=service, number=seal.number, covered_until=seal.covered_until.isoformat())


def _over(facets: Sequence[Facet], fold: str, of_all: str) -> str:
    """A statement that folds the times of each facet between `since` and `until`, and then what came of the facets."""
    parts = (
        _SPAN.format(fold=sql.SQL(fold), time=sql.Identifier(facet.time), table=sql.Identifier(facet.table))
        for facet in facets
    )
    return sql.SQL("SELECT {}(found) FROM ({}) AS spans").format(sql.SQL(of_all), _BOTH.join(parts)).as_string()


def _first(
    connection: sa.Connection, facets: Sequence[Facet], since: datetime | None, until: datetime
) -> datetime | None:
    """When the first row that is not sealed was recorded; nothing where there is none."""
    given = {"since": since, "until": until}
    found: datetime | None = connection.exec_driver_sql(_over(facets, "min", "min"), given).scalar()
    return found


def _bounded(
    connection: sa.Connection, facets: Sequence[Facet], first: datetime, until: datetime, rows_max: int
) -> datetime:
    """The end of a span from the first row on that holds about `rows_max` rows at most."""
    counted = _over(facets, "count", "sum")
    end = until
    while end - first > SPAN_MIN:
        if connection.exec_driver_sql(counted, {"since": first, "until": end}).scalar_one() <= rows_max:
            break
        end = first + (end - first) / 2
    return end
