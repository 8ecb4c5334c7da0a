"""Whether a database is what the code's tables say it should be.

Alembic's comparison knows nothing of CHECK constraints or partial indexes. So PostgreSQL is asked instead: the code's
tables are made in a scratch schema, both schemas are described in the server's own words, and all of it is rolled back.
"""

from __future__ import annotations

import importlib

import sqlalchemy as sa

SCRATCH = "wafa_drift"

_DESCRIPTION = sa.text(
    """
    WITH tables AS (
        SELECT pg_class.oid, relname || ': ' AS name
        FROM pg_class
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = :schema AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'alembic_version'
    )
    SELECT name || 'table'
    FROM tables
    UNION ALL
    SELECT concat(name, 'column ', attname, ' ', format_type(atttypid, atttypmod),
                  CASE WHEN attnotnull THEN ' NOT NULL' END,
                  CASE attgenerated WHEN '' THEN ' DEFAULT ' ELSE ' GENERATED ' END || pg_get_expr(adbin, adrelid),
                  ' IDENTITY ' || nullif(attidentity, '')::text)
    FROM tables
    JOIN pg_attribute ON attrelid = tables.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    UNION ALL
    SELECT concat(name, 'constraint ', conname, ' ', pg_get_constraintdef(pg_constraint.oid, true))
    FROM tables
    JOIN pg_constraint ON conrelid = tables.oid AND contype <> 'n'
    UNION ALL
    SELECT name || pg_get_indexdef(indexrelid, 0, true)
    FROM tables
    JOIN pg_index ON indrelid = tables.oid
    """
)


def drift(url: str, word: str, package: str = "services") -> list[str]:
    """What differs between the database at `url` and the service's `tables.metadata`; empty when nothing does.

    A line that begins with "+" is in the database and not in the code, one with "-" in the code alone: tables, columns
    with types and defaults, constraints of all kinds, indexes with their conditions. The database stays as it is; the
    role must be allowed to create a schema in it.
    """
    metadata = importlib.import_module(f"{package}.{word}.tables").metadata
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            return compare(connection, metadata)
    finally:
        engine.dispose()


def compare(connection: sa.Connection, metadata: sa.MetaData) -> list[str]:
    """As `drift`, over a connection that is in no transaction yet."""
    with connection.begin() as transaction:
        schema = connection.scalar(sa.select(sa.func.current_schema()))
        there = _describe(connection, str(schema))
        connection.exec_driver_sql(f"CREATE SCHEMA {SCRATCH}")
        connection.exec_driver_sql(f"SET LOCAL search_path = {SCRATCH}")
        metadata.create_all(connection, checkfirst=False)
        wanted = _describe(connection, SCRATCH)
        transaction.rollback()
    extra = {f"+ {line}" for line in there - wanted}
    missing = {f"- {line}" for line in wanted - there}
    # A changed thing is an extra and a missing line; sorted by what they speak of, the two stand together.
    return sorted(extra | missing, key=lambda line: (line[2:], line[0]))


def _describe(connection: sa.Connection, schema: str) -> set[str]:
    return set(connection.scalars(_DESCRIPTION, {"schema": schema}))
