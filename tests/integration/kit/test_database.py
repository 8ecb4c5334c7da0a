"""What goes through the gateway to PostgreSQL arrives as it was."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from psycopg.adapt import PyFormat
from psycopg.types.array import ListBinaryDumper
from sqlalchemy.dialects import postgresql

from kit.database import PoolBounds, engine


@pytest.fixture
def connection(blank_database: str) -> Iterator[sa.Connection]:
    source = engine(blank_database, PoolBounds(size_max=1))
    with source.connect() as connection:
        yield connection
    source.dispose()


@pytest.mark.parametrize(
    ("kind", "items"),
    [
        (sa.BigInteger(), [1, 40_000, 3_000_000_000, -(2**63), None]),
        (sa.Boolean(), [True, None, False]),
        (sa.Date(), [date(1, 1, 1), date(9999, 12, 31)]),
        (sa.DateTime(timezone=True), [datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC), None]),
        (sa.LargeBinary(), [b"", b"\x00'\\\xff"]),
        (sa.Text(), ['a "quote", {a brace}', "back\\slash", "", "NULL", None, "لاہور"]),
        (sa.Uuid(), [uuid.UUID(int=1), None]),
    ],
    ids=str,
)
def test_arrays_arrive_as_they_were(
    connection: sa.Connection, kind: sa.types.TypeEngine[Any], items: list[object]
) -> None:
    for sent in (items, [None, None], []):
        asked = sa.literal(sent, postgresql.ARRAY(kind))
        assert connection.execute(sa.select(asked, sa.func.cardinality(asked))).one() == (sent, len(sent))


def test_arrays_go_in_binary(connection: sa.Connection) -> None:
    driver = connection.connection.dbapi_connection
    assert driver is not None
    assert driver.adapters.get_dumper(list, PyFormat.AUTO) is ListBinaryDumper
