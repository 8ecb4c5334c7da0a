"""Grants of the serving role: set to what the service's `grants.py` says, and verified by the service's checker.

PostgreSQL's catalogue says what the role has been given, and only the difference is granted or revoked: a `migrate`
that finds all as it should be changes nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import sqlalchemy as sa
import structlog

from kit.checking import Finding
from kit.rights import Grants

_log = structlog.get_logger()

# Where alembic keeps how far a database has come; a process that starts compares that with its code.
VERSION_TABLE = "alembic_version"

# What PostgreSQL lets a role do to a whole table, and not to columns of it.
_OF_TABLES = ("DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

_TABLES = sa.text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
_STRANGERS = sa.text(
    "SELECT tableowner, current_user AS here FROM pg_tables"
    " WHERE schemaname = current_schema() AND NOT pg_has_role(tableowner, 'USAGE') LIMIT 1"
)
_OWNS = sa.text(
    "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND tableowner = current_user)"
)
_GIVEN = sa.text(
    """
    SELECT relname AS "table", privilege_type AS privilege, '' AS "column"
    FROM pg_class, aclexplode(relacl)
    WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind IN ('r', 'p')
        AND grantee = CAST(:role AS regrole)
    UNION ALL
    SELECT relname, privilege_type, attname
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid, aclexplode(attacl)
    WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind IN ('r', 'p')
        AND grantee = CAST(:role AS regrole)
    """
)
# What the role may do by any way: granted to it, to PUBLIC, or to a role that it belongs to.
_MAY = sa.text(
    """
    SELECT relname AS "table", privilege, '' AS "column"
    FROM pg_class, unnest(CAST(:of_tables AS text[])) AS privilege
    WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind IN ('r', 'p')
        AND has_table_privilege(pg_class.oid, privilege)
    UNION ALL
    SELECT relname, 'UPDATE', attname
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
    WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind IN ('r', 'p')
        AND has_column_privilege(pg_class.oid, attnum, 'UPDATE')
    """
)


class OwnershipError(Exception):
    """The tables belong to a role that does not migrate them; the message says how they come to belong to it."""


class Right(NamedTuple):
    """Something that a role may do to a table, or to one column of it."""

    table: str
    privilege: str
    column: str = ""


def grants_of(word: str, package: str = "services") -> Grants:
    """What the service declares."""
    declared: Grants = importlib.import_module(f"{package}.{word}.grants").GRANTS
    return declared


def expect_ownership(connection: sa.Connection, remedy: str = "") -> None:
    """Raises OwnershipError unless the connection's role may alter every table there is.

    `remedy` is what to do about it; by default the tables are to be given to this role.
    """
    stranger = connection.execute(_STRANGERS).one_or_none()
    if stranger is not None:
        owner, here = stranger.tableowner, stranger.here
        give_them = f'run REASSIGN OWNED BY "{owner}" TO "{here}" in this database as a superuser'
        raise OwnershipError(f"the tables of the database belong to {owner} and not to {here}: {remedy or give_them}")


def give(connection: sa.Connection, role: str, grants: Grants) -> None:
    """Gives `role` what `grants` says and takes away what else it was given.

    A table that the grants do not name is left alone.
    """
    wanted = set(_wanted(grants, set(connection.scalars(_TABLES))))
    known = {right.table for right in wanted}
    extra = {right for right in _given(connection, role) - wanted if right.table in known}
    _change(connection, "REVOKE {} ON {} FROM {}", extra, role)
    # Asked again: with the right to a whole table PostgreSQL takes away the same right to its columns.
    missing = wanted - _given(connection, role)
    _change(connection, "GRANT {} ON {} TO {}", missing, role)
    _let_in(connection, role)
    if extra or missing:
        _log.info("rights_changed", role=role, granted=len(missing), revoked=len(extra))


def excess(engine: sa.Engine, grants: Grants) -> Iterator[Finding]:
    """What the engine's role may do to the tables beyond its grants, by any way; nothing where it owns them."""
    with engine.connect() as connection:
        if connection.scalar(_OWNS):
            return
        may = {Right(*row) for row in connection.execute(_MAY, {"of_tables": list(_OF_TABLES)})}
        there = set(connection.scalars(_TABLES))
    for table, privilege, column in sorted(may - set(_wanted(grants, there))):
        subject = f"{table}.{column}" if column else table
        yield Finding("rights_as_granted", subject, f"the role that serves has the right to {privilege}")


def owns(connection: sa.Connection) -> bool:
    """Whether the connection's role owns tables itself."""
    return bool(connection.scalar(_OWNS))


def _wanted(grants: Grants, there: set[str]) -> Iterator[Right]:
    for table in there & grants.keys():
        rights = grants[table]
        yield Right(table, "SELECT")
        yield Right(table, "INSERT")
        if rights.deletes:
            yield Right(table, "DELETE")
        for column in rights.updates:
            yield Right(table, "UPDATE", column)
    if VERSION_TABLE in there:
        yield Right(VERSION_TABLE, "SELECT")


def _given(connection: sa.Connection, role: str) -> set[Right]:
    quoted = connection.dialect.identifier_preparer.quote_identifier(role)
    return {Right(*row) for row in connection.execute(_GIVEN, {"role": quoted})}


def _change(connection: sa.Connection, statement: str, rights: Iterable[Right], role: str) -> None:
    quote = connection.dialect.identifier_preparer.quote_identifier
    by_table: dict[str, list[Right]] = {}
    for right in sorted(rights):
        by_table.setdefault(right.table, []).append(right)
    for table, changed in by_table.items():
        privileges = ", ".join(_spelled(right, quote) for right in changed)
        connection.exec_driver_sql(statement.format(privileges, quote(table), quote(role)))


def _spelled(right: Right, quote: Callable[[str], str]) -> str:
    return f"{right.privilege} ({quote(right.column)})" if right.column else right.privilege


def _let_in(connection: sa.Connection, role: str) -> None:
    enters = sa.text("SELECT has_schema_privilege(:role, current_schema(), 'USAGE')")
    if not connection.scalar(enters, {"role": role}):
        quote = connection.dialect.identifier_preparer.quote_identifier
        schema = connection.scalar(sa.select(sa.func.current_schema()))
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {quote(str(schema))} TO {quote(role)}")
