"""Access to PostgreSQL: one engine a process with a bounded pool, one transaction a request, errors in our words."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import psycopg.errors
import sqlalchemy as sa
from psycopg.types.array import ListBinaryDumper
from sqlalchemy import exc

from kit.errors import Aborted, Exhausted, Unavailable

Answer = TypeVar("Answer")

# How often a transaction that lost a race is tried again, and the longest pause before a try.
RACE_RETRIES_MAX = 8
RACE_PAUSE_S_MAX = 0.1

NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class DatabaseContended(Aborted):
    """Others held what this request needs for longer than it may wait."""

    reason = "DATABASE_CONTENDED"


class DatabaseBusy(Exhausted):
    """All connections of the pool are in use and none came free in time."""

    reason = "DATABASE_BUSY"


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached."""

    reason = "DATABASE_UNAVAILABLE"


class LostRaceError(Exception):
    """Another transaction wrote first what this one was about to write; the whole of it must be judged again."""


@dataclasses.dataclass(frozen=True)
class PoolBounds:
    """How many connections a process may hold, and how long a request waits for one."""

    size_max: int = 16
    wait_ms: int = 2_000


def metadata() -> sa.MetaData:
    """A catalogue of tables whose constraints are named by rule, so that migrations can name them too."""
    return sa.MetaData(naming_convention=NAMING_CONVENTION)


def engine(url: str, bounds: PoolBounds) -> sa.Engine:
    """Makes the process' engine. Nothing is connected before the first use.

    Time-outs of statements and locks are set on the database by its migrations, not on the session: that costs no round
    trip and works behind a transaction-mode pooler.
    """
    made = sa.create_engine(
        url,
        pool_size=bounds.size_max,
        max_overflow=0,
        pool_timeout=bounds.wait_ms / 1_000,
        pool_pre_ping=False,
        pool_recycle=1_800,
        isolation_level="READ COMMITTED",
        # Errors reach the log; what a statement was given may be personal and must not.
        hide_parameters=True,
        connect_args={"connect_timeout": 5},
    )
    sa.event.listen(made, "connect", _send_arrays_in_binary)
    return made


def _send_arrays_in_binary(connection: psycopg.Connection[Any], _record: object) -> None:
    """As text, which is what the driver would choose, each item of an array is looked through for what to escape."""
    connection.adapters.register_dumper(list, ListBinaryDumper)


def is_there(source: sa.Engine) -> bool:
    """Whether the database answers now."""
    try:
        with source.connect() as connection:
            return connection.scalar(sa.select(1)) == 1
    except exc.SQLAlchemyError:
        return False


@contextlib.contextmanager
def transaction(source: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction: the end of the block commits, an exception rolls back. Database failures become refusals."""
    try:
        with source.begin() as connection:
            yield connection
    except exc.TimeoutError as error:
        raise DatabaseBusy("the service is busy, try again") from error
    except exc.DBAPIError as error:
        if is_lost_race(error):
            raise LostRaceError from error
        raise _translated(error) from error


def retrying(attempt: Callable[[], Answer]) -> Answer:
    """Runs `attempt`, which holds one whole transaction, again when it lost a race, a bounded number of times."""
    for tries in range(RACE_RETRIES_MAX):
        try:
            return attempt()
        except LostRaceError:
            # Growing and uneven pauses, so that those who met do not meet again.
            time.sleep(random.uniform(0, min(RACE_PAUSE_S_MAX, 0.002 * 2**tries)))  # noqa: S311 - spreads, guards nothing
    raise DatabaseContended("too many requests for the same thing at once, try again")


def is_lost_race(error: exc.DBAPIError) -> bool:
    """Whether the transaction failed only because of when it ran: serialisation failure or deadlock."""
    return isinstance(error.orig, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected)


def _translated(error: exc.DBAPIError) -> Exception:
    if isinstance(error.orig, psycopg.errors.LockNotAvailable | psycopg.errors.QueryCanceled):
        return DatabaseContended("the service waited too long for others, try again")
    if error.connection_invalidated or isinstance(error.orig, psycopg.OperationalError):
        return DatabaseUnavailable("the service cannot reach its database, try again")
    return error
