"""Row digests: beside a row, a keyed SHA-256 of everything that it says, so that a change by other means is noticed.

A table takes part by having the column of `row_digest_column()`. Every write of the service computes the digest in the
same statement, by `fresh` and `changed` or, where rows travel as arrays, by `expression` and `made`; the checker
computes all of them again. Columns with `info=UNDIGESTED` are left out: leases and the like, which decide nothing for
longer than a named maximum.

The digest is computed by PostgreSQL, so that a checker reads no row out. It spells each column by its name, in the
order of names, and omits NULL and defaults. So a column that is added later, with a default or
nullable, changes no digest of before.

The key lives outside of the database and reaches it as a bound value. It stops an attacker who can change rows and
does not have the key; it does not stop a superuser who has statements logged with what is bound to them, and without a
key a digest notices careless changes alone. An older row put back with its older digest is noticed by no digest; for
that, what a row says is derived a second time from others.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit.database import transaction

COLUMN = "row_digest"
KEY = "row_digest_key"
FILL_PAGES = 1_000
UNDIGESTED = {"undigested": True}
QUESTION = "row_unchanged"
PROBLEM = "the row is not what the service wrote: it was changed, or written, by other means"

Element: TypeAlias = sa.ColumnElement[Any]


def row_digest_column() -> sa.Column[bytes]:
    """The column. It is null in rows of before there were digests, until they are filled."""
    return sa.Column(COLUMN, sa.LargeBinary)


def is_digested(column: sa.Column[Any]) -> bool:
    """Whether the digest of its row covers the column."""
    return COLUMN in column.table.c and column.name != COLUMN and not column.info.get("undigested")


def keyed(engine: sa.Engine, secret: bytes) -> sa.Engine:
    """The engine, whose connections digest rows under a key of this secret; an empty secret is none."""
    key = hashlib.sha256(b"wafa row digests" + secret).digest() if secret else b""
    return engine.execution_options(**{KEY: key})


def key_of(connection: sa.Connection) -> bytes:
    """The key that rows are digested with over this connection; empty for none."""
    key: bytes = connection.get_execution_options().get(KEY, b"")
    return key


def given(connection: sa.Connection) -> dict[str, bytes]:
    """The key as what a statement that was written beforehand is given."""
    return {KEY: key_of(connection)}


def fresh(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a new row, for an INSERT, and its digest."""
    digest = _digest(connection, table, lambda column: _given(column, row.get(column.name)))
    return {**row, COLUMN: digest}


def changed(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """What an UPDATE, or an INSERT that meets a row, changes of it, and the digest that it has then."""
    return {**values, COLUMN: _digest(connection, table, lambda column: _after(column, values))}


def made(table: sa.Table, alias: str, *given: str, **constants: int) -> str:
    """The digest, in words and with the key as `:row_digest_key`, of a new row out of columns of `alias`."""

    def value_of(column: sa.Column[Any]) -> Element | None:
        if column.name in constants:
            return _number(constants[column.name])
        return sa.literal_column(f"{alias}.{column.name}", column.type) if column.name in given else None

    return in_words(expression(table, value_of, _key()), "named")


def expression(table: sa.Table, value_of: Callable[[sa.Column[Any]], Element | None], key: Element) -> Element:
    """The digest of the row whose columns have these values; None stands for NULL."""
    columns = sorted(filter(is_digested, table.columns), key=lambda column: column.name)
    given = ((column, value) for column in columns if (value := value_of(column)) is not None)
    items = [_constant(f"{column.name}=").concat(_spelled(column, value)) for column, value in given]
    text = sa.func.concat_ws(_constant("|"), _constant(table.name), *items)
    inner = sa.func.sha256(key.concat(sa.func.convert_to(text, _constant("UTF8"))))
    return sa.func.sha256(key.concat(sa.type_coerce(inner, sa.LargeBinary)), type_=sa.LargeBinary)


@functools.cache
def question(table: sa.Table) -> tuple[str, str, str]:
    """A checker's query of the rows whose digest is wrong; the parameter `KEY` is the key."""
    subject = sa.func.concat_ws(_constant("/"), _constant(table.name), *table.primary_key.columns)
    wrong = table.c[COLUMN].is_distinct_from(expression(table, lambda column: column, _key()))
    return QUESTION, PROBLEM, in_words(sa.select(subject).where(wrong), "named")


def questions(metadata: sa.MetaData) -> tuple[tuple[str, str, str], ...]:
    """The query of every table that has digests."""
    return tuple(question(table) for table in metadata.sorted_tables if COLUMN in table.c)


def in_words(statement: sa.ClauseElement, paramstyle: str) -> str:
    """The statement as text whose parameters stay open."""
    dialect: sa.Dialect = postgresql.dialect(paramstyle=paramstyle)  # type: ignore[no-untyped-call]  # left untyped there
    return str(statement.compile(dialect=dialect))


def fill(engine: sa.Engine, metadata: sa.MetaData, *, pages: int = FILL_PAGES) -> dict[str, int]:
    """Gives rows that have no digest theirs, those of so many pages in a transaction; says how many, by table.

    For rows of before there were digests, and those that an older process wrote during an upgrade. What it finds it
    believes, so it runs when an operator upgrades or says so, and never by itself.
    """
    counts = {table.name: _filled(engine, table, pages) for table in metadata.sorted_tables if COLUMN in table.c}
    return {name: count for name, count in counts.items() if count}


def _filled(engine: sa.Engine, table: sa.Table, pages: int) -> int:
    """Goes through the table once, by where rows lie; what is written meanwhile has its digest and lies further on."""
    with transaction(engine) as connection:
        last = connection.execute(_PAGES, {"name": table.name}).scalar_one()
    where, count = sa.literal_column("ctid", sa.Text), 0
    for first in range(0, last, pages):
        bounds = [sa.literal_column(f"'({page},0)'::tid", sa.Text) for page in (first, first + pages)]
        here = sa.update(table).where(where >= bounds[0], where < bounds[1], table.c[COLUMN].is_(None))
        with transaction(engine) as connection:
            count += connection.execute(here.values(changed(connection, table, {}))).rowcount
    return count


_PAGES = sa.text("SELECT pg_relation_size(to_regclass(:name)) / CAST(current_setting('block_size') AS integer) + 1")


def _digest(
    connection: sa.Connection, table: sa.Table, value_of: Callable[[sa.Column[Any]], Element | None]
) -> Element:
    return expression(table, value_of, sa.literal(key_of(connection), sa.LargeBinary))


def _key() -> Element:
    return sa.cast(sa.bindparam(KEY), sa.LargeBinary)


def _given(column: sa.Column[Any], value: Any) -> Element | None:
    if value is None or isinstance(value, sa.sql.elements.Null):
        return None
    return value if isinstance(value, sa.ColumnElement) else sa.literal(value, column.type)


def _after(column: sa.Column[Any], values: Mapping[str, Any]) -> Element | None:
    return _given(column, values[column.name]) if column.name in values else column


def _spelled(column: sa.Column[Any], value: Element) -> Element:
    """A text that no other value of the column has; one that may hold any character says how long it is."""
    kind, value = column.type, _without_default(column, value)
    if isinstance(kind, sa.DateTime):
        return sa.cast(sa.cast(sa.extract("epoch", value) * _number(1_000_000), sa.BigInteger), sa.Text)
    if isinstance(kind, sa.Date):
        return sa.cast(value - sa.literal_column("date '2000-01-01'", sa.Date), sa.Text)
    if isinstance(kind, sa.LargeBinary):
        return sa.func.encode(value, _constant("hex"))
    if isinstance(kind, sa.Text):
        return sa.cast(sa.func.length(value), sa.Text).concat(_constant(":")).concat(value)
    # JSON and arrays say themselves where they end.
    return sa.cast(value, sa.Text)


def _without_default(column: sa.Column[Any], value: Element) -> Element:
    default = column.server_default
    if not isinstance(default, sa.DefaultClause):
        return value
    # `false()` is spelled like the word.
    said = _constant(default.arg if isinstance(default.arg, str) else str(default.arg))
    return sa.func.nullif(value, sa.cast(said, column.type), type_=column.type)


def _constant(text: str) -> sa.ColumnElement[str]:
    """A word of ours as it stands, so that statements that are written once need no value for it."""
    quoted = text.replace("'", "''")
    return sa.literal_column(f"'{quoted}'", sa.Text)


def _number(number: int) -> Element:
    return sa.literal_column(str(number), sa.BigInteger)
