"""Writes what operations came to, in one round trip.

Rows are gathered by table and written by one statement of `INSERT … SELECT FROM unnest(arrays)` parts, whatever the
number of rows. Tables whose rows change (those in `_CHANGING`) are upserted by their key. Each row gets the digest of
what it says. The statement's text depends only on which tables have rows, so the server prepares a handful of them
once.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import psycopg.errors
import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects.postgresql import JSONB

from kit import row_digests
from kit.database import LostRaceError
from services.points import tables
from services.points.grants import GRANTS

Row = Mapping[str, object]

_ARRAY_TYPES: dict[type, str] = {
    sa.Uuid: "uuid[]",
    sa.Text: "text[]",
    sa.BigInteger: "bigint[]",
    sa.Integer: "integer[]",
    sa.Boolean: "boolean[]",
    sa.Date: "date[]",
    sa.DateTime: "timestamptz[]",
    sa.LargeBinary: "bytea[]",
    JSONB: "jsonb[]",
}

# Rows of these may be written by several transactions at once; in key order, so that nobody waits in a circle.
_CONTESTED = frozenset(
    {
        "activities",
        "purchase_slots",
        "purchases",
        "purchase_claims",
        "returns",
        "return_matches",
        "stored_answers",
        "transfer_arrivals",
    }
)

# Rows of these may be there already; then what may change of them does. Everything else is written once.
_CHANGING = frozenset(
    {"accounts", "adjustments", "budget_counters", "cap_counters", "hold_parts", "holds", "lots", "transfers"}
)


class Writer:
    """Gathers rows and writes them at once."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}

    def add(self, table: sa.Table, row: Row) -> None:
        """Adds a row with a value for every column of the table; JSON as text."""
        self._rows.setdefault(table.name, []).append(row)

    def flush(self, connection: sa.Connection) -> None:
        """Writes what was added. A row that another transaction wrote first is a lost race."""
        if not self._rows:
            return
        names = tuple(sorted(self._rows))
        for name in _CONTESTED.intersection(names):
            key = [column.name for column in tables.metadata.tables[name].primary_key.columns]
            self._rows[name].sort(key=lambda row: [str(row[part]) for part in key])
        arrays: dict[str, object] = {
            f"{name}_{column.name}": [row[column.name] for row in self._rows[name]]
            for name in names
            for column in _given(tables.metadata.tables[name])
        }
        self._rows = {}
        try:
            connection.exec_driver_sql(_statement(names), arrays | row_digests.given(connection))
        except exc.IntegrityError as error:
            if isinstance(error.orig, psycopg.errors.UniqueViolation):
                raise LostRaceError from error
            raise


@functools.cache
def _statement(names: tuple[str, ...]) -> str:
    parts = [f"w{index} AS ({_insert(tables.metadata.tables[name])})" for index, name in enumerate(names)]
    return f"WITH {', '.join(parts)} SELECT 1"


def _given(table: sa.Table) -> list[sa.Column[object]]:
    return [column for column in table.columns if column.name != row_digests.COLUMN]


def _insert(table: sa.Table) -> str:
    columns = ", ".join(column.name for column in _given(table))
    arrays = ", ".join(
        f"CAST(%({table.name}_{column.name})s AS {_ARRAY_TYPES[type(column.type)]})" for column in _given(table)
    )
    # Every word of the statement comes from the tables of this service, none from a request.
    given, digest = f"unnest({arrays}) AS given ({columns})", (row_digests.COLUMN,) if _is_digested(table) else ()
    told = "".join(f", {_digest(table)}" for _ in digest)
    insert = f"INSERT INTO {table.name} ({', '.join((columns, *digest))}) SELECT given.*{told} FROM {given}"  # noqa: S608 - see above
    if table.name not in _CHANGING:
        return insert
    changing = GRANTS[table.name].changes
    key = ", ".join(column.name for column in table.primary_key.columns)
    sets = ", ".join(f"{name} = excluded.{name}" for name in changing)
    return f"{insert} ON CONFLICT ({key}) DO UPDATE SET {sets}"


def _is_digested(table: sa.Table) -> bool:
    return row_digests.COLUMN in table.c


def _digest(table: sa.Table) -> str:
    key = sa.cast(sa.bindparam(row_digests.KEY), sa.LargeBinary)
    given = row_digests.expression(table, lambda column: sa.literal_column(f"given.{column.name}", column.type), key)
    return row_digests.in_words(given, "pyformat")
