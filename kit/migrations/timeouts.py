"""How long a statement, a wait for a lock and an idle transaction may last, kept on the database itself.

On the session it would cost a round trip for each connection and be lost, or leak to a neighbour, behind a
transaction-mode pooler.
"""

from __future__ import annotations

import sqlalchemy as sa
import structlog

_log = structlog.get_logger()

# The names are PostgreSQL's. An operator's own value, set by ALTER DATABASE before or after, is left alone.
DATABASE_TIMEOUTS_MS = {
    "lock_timeout": 5_000,
    "statement_timeout": 30_000,
    "idle_in_transaction_session_timeout": 60_000,
}

# A migration waits no longer for a lock than a request does, because requests queue behind it; its own work on a big
# table may take its time.
MIGRATION_TIMEOUTS_MS = {
    "lock_timeout": 5_000,
    "statement_timeout": 900_000,
    "idle_in_transaction_session_timeout": 60_000,
}

# A process that waits for the migrations of another one waits for all of them.
GUARD_TIMEOUTS_MS = {
    "lock_timeout": 1_800_000,
    "statement_timeout": 1_800_000,
    "idle_in_transaction_session_timeout": 0,
}


def set_for_transaction(connection: sa.Connection, timeouts_ms: dict[str, int]) -> None:
    """Bounds the transaction that `connection` is in; the bounds end with it."""
    for name, timeout_ms in timeouts_ms.items():
        connection.exec_driver_sql(f"SET LOCAL {name} = {timeout_ms}")


def set_timeouts(connection: sa.Connection) -> None:
    """Sets the database's defaults, which sessions opened from now on take.

    They belong to the database's name, not to its content: a clone or a restored copy is without them until it is
    upgraded too. Only the database's owner may do this; on a managed server where the role is not, a log line asks the
    operator to.
    """
    database = connection.scalar(sa.select(sa.func.current_database()))
    missing = sorted(DATABASE_TIMEOUTS_MS.keys() - _names_set(connection))
    if missing and not _is_owner(connection):
        _log.warning("database_timeouts_not_set", database=database, set_by_hand_ms=DATABASE_TIMEOUTS_MS)
        return
    quoted = connection.dialect.identifier_preparer.quote_identifier(str(database))
    for name in missing:
        connection.exec_driver_sql(f"ALTER DATABASE {quoted} SET {name} = {DATABASE_TIMEOUTS_MS[name]}")


def _is_owner(connection: sa.Connection) -> bool:
    owns = sa.text("SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()")
    return bool(connection.scalar(owns))


def _names_set(connection: sa.Connection) -> set[str]:
    """The time-outs that the database has a default of its own for."""
    settings = connection.scalars(
        sa.text(
            "SELECT unnest(setconfig) FROM pg_db_role_setting AS setting "
            "JOIN pg_database AS database ON database.oid = setting.setdatabase "
            "WHERE database.datname = current_database() AND setting.setrole = 0"
        )
    )
    return {setting.partition("=")[0] for setting in settings}
