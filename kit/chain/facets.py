"""What is sealed of a table, and how its rows become one digest.

A row becomes the SHA-256 of a JSON array of its columns, in the order that the seal names them. Instants are written in
UTC, bytes in hexadecimal, documents as jsonb orders them: the same in every version of PostgreSQL, after a dump and a
restore, and with any columns that a later release adds. The digest of many is the SHA-256 of theirs, sorted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from psycopg import sql

from kit import row_digests

# What the text of a value would otherwise follow, and room and time for many rows; until the transaction ends.
SESSION = sa.text(
    "SELECT set_config('TimeZone', 'UTC', true), set_config('bytea_output', 'hex', true),"
    " set_config('DateStyle', 'ISO, YMD', true),"
    " set_config('statement_timeout', '900000', true), set_config('work_mem', '64MB', true)"
)

_DIGESTS = sql.SQL(
    """
    SELECT span, count(*) AS rows, encode(sha256(string_agg(digest, '' ORDER BY digest)), 'hex') AS digest
    FROM (
        SELECT width_bucket({time}, CAST(%(untils)s AS timestamptz[])) AS span,
            sha256(convert_to(CAST(jsonb_build_array({columns}) AS text), 'UTF8')) AS digest
        FROM {table}
        WHERE {time} < %(last)s AND (CAST(%(since)s AS timestamptz) IS NULL OR {time} >= %(since)s)
    ) AS recorded
    GROUP BY span
    """
)


@dataclasses.dataclass(frozen=True)
class Facet:
    """Columns of a table that are final once the column `time` is set."""

    name: str
    table: str
    time: str
    columns: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """What a seal keeps of it, so that it can be verified when the code names other columns."""
        return {"table": self.table, "time": self.time, "columns": list(self.columns)}

    @classmethod
    def of_json(cls, name: str, kept: Mapping[str, Any]) -> Facet:
        """The facet as a seal kept it."""
        return cls(name, str(kept["table"]), str(kept["time"]), tuple(map(str, kept["columns"])))


@dataclasses.dataclass(frozen=True)
class Digest:
    """How many rows there are, and the digest over all of them."""

    rows: int
    sha256: str


NO_ROWS = Digest(0, "")


def whole(table: sa.Table, time: str) -> Facet:
    """All columns of a table whose rows are only ever appended, but for their digests, which another key changes."""
    names = (str(column.name) for column in table.columns if column.name != row_digests.COLUMN)
    return Facet(str(table.name), str(table.name), time, tuple(names))


def part(table: sa.Table, name: str, time: str, *columns: str) -> Facet:
    """Some columns of a table whose others may change; its key and the time are always among them."""
    key = [str(column.name) for column in table.primary_key.columns]
    return Facet(f"{table.name} {name}", str(table.name), time, tuple(dict.fromkeys((*key, *columns, time))))


def digests(
    connection: sa.Connection, facet: Facet, since: datetime | None, untils: Sequence[datetime]
) -> dict[int, Digest]:
    """What there is in each of several spans, by its place in `untils`; absent where there is nothing.

    The first span begins at `since`, or with time itself where that is None; each ends before its instant in `untils`.
    The session must be as `SESSION` sets it.
    """
    statement = _DIGESTS.format(
        table=sql.Identifier(facet.table),
        time=sql.Identifier(facet.time),
        columns=sql.SQL(", ").join(map(sql.Identifier, facet.columns)),
    )
    given = {"untils": list(untils), "last": untils[-1], "since": since}
    found = connection.exec_driver_sql(statement.as_string(), given)
    return {row.span: Digest(row.rows, row.digest) for row in found}
