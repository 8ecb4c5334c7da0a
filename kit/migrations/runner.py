"""Bringing one database to where its service's code expects it."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterator

import sqlalchemy as sa
import structlog

from kit.migrations import grants, history
from kit.migrations.timeouts import GUARD_TIMEOUTS_MS, MIGRATION_TIMEOUTS_MS, set_for_transaction, set_timeouts

_log = structlog.get_logger()

# Of migrations that were replaced before anything was released; those of now are numbered from 1 without zeros.
_NUMBER_BEFORE_FIRST_RELEASE = re.compile(r"0\d{3}")
_OLD_DATABASE = (
    "this database was made by a version before 0.1.0, from which none migrates: keep what is in it with pg_dump if "
    "you need it, and give the service an empty database (on this machine `make reset` deletes the old ones)"
)


class OldDatabaseError(Exception):
    """The schema is of a version before the first release, which no migration goes on from."""


def upgrade(url: str, word: str, package: str = "services", *, owner_url: str = "") -> list[str]:
    """Runs the migrations that the database at `url` lacks and sets its time-outs. Any number may call it at once.

    `owner_url` leads to the same database as the role that owns it. That role migrates then, and the role of `url`,
    which serves, has the rights that the service's `grants.py` says. Without it one role does both, and a warning says
    so.

    Gives the numbers of those that it ran.

    Raises sqlalchemy.exc.OperationalError when a migration waited too long for a lock: what was done before it stays
    done, and the next call goes on from there. Raises OwnershipError when the tables belong to neither, and
    OldDatabaseError.
    """
    with _connections(owner_url or url) as engine, alone(engine, word) as guard:
        grants.expect_ownership(guard, "" if owner_url else f"set {word.upper()}_OWNER_DATABASE_URL")
        missing = _missing(guard, word, package)
        if missing:
            with _bounded(engine) as connection:
                history.upgrade_over(connection, word, package)
        set_timeouts(guard)
        _set_rights(guard, url, word, package)
    _log.info("database_upgraded", service=word, applied=missing)
    return missing


def _set_rights(guard: sa.Connection, url: str, word: str, package: str) -> None:
    """Gives the role of `url` its rights.

    Not where the database is ahead of the code, whose grants are those of yesterday: newer processes may need more.
    """
    with _connections(url) as engine, engine.connect() as connection:
        role = str(connection.scalar(sa.select(sa.func.current_user())))
        if grants.owns(connection):
            _log.warning(
                "serving_role_owns_tables", service=word, role=role, to_set=f"{word.upper()}_OWNER_DATABASE_URL"
            )
            return
    if _head(guard) == history.numbers(word, package)[-1]:
        grants.give(guard, role, grants.grants_of(word, package))


def pending(url: str, word: str, package: str = "services") -> list[str]:
    """The numbers of the migrations that the database at `url` lacks, in the order they would run.

    Raises OldDatabaseError.
    """
    with _connections(url) as engine, engine.connect() as connection:
        return _missing(connection, word, package)


def _missing(connection: sa.Connection, word: str, package: str) -> list[str]:
    known = history.numbers(word, package)
    current = _head(connection)
    if current is None:
        return known
    if _NUMBER_BEFORE_FIRST_RELEASE.fullmatch(current):
        raise OldDatabaseError(_OLD_DATABASE)
    if current not in known:
        _log.warning("database_is_ahead_of_code", service=word, database=current, code=known[-1:])
        return []
    return known[known.index(current) + 1 :]


def _head(connection: sa.Connection) -> str | None:
    there = connection.scalar(sa.text("SELECT to_regclass('alembic_version')"))
    return connection.scalar(sa.text("SELECT version_num FROM alembic_version")) if there else None


@contextlib.contextmanager
def _connections(url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": 10})
    try:
        yield engine
    finally:
        engine.dispose()


@contextlib.contextmanager
def alone(engine: sa.Engine, word: str) -> Iterator[sa.Connection]:
    """Lets one deployer in at a time.

    The lock belongs to a transaction, on a connection of its own: a session's lock would stay behind in a
    transaction-mode pooler, and the migrations commit many times while this is held.
    """
    key = int.from_bytes(hashlib.sha256(f"wafa migrations of {word}".encode()).digest()[:8], "big", signed=True)
    with engine.begin() as guard:
        set_for_transaction(guard, GUARD_TIMEOUTS_MS)
        guard.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
        yield guard


@contextlib.contextmanager
def _bounded(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection whose every transaction begins with a migration's time-outs."""
    with engine.connect() as connection:
        sa.event.listen(connection, "begin", lambda begun: set_for_transaction(begun, MIGRATION_TIMEOUTS_MS))
        yield connection
