"""The digest of a row: the same from every kind of statement, another after every change, under every key another."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit import row_digests
from kit.arrays import unnested
from kit.database import metadata
from kit.questions import ask

catalogue = metadata()
shelves = sa.Table(
    "shelves",
    catalogue,
    sa.Column("shelf_id", sa.Uuid, primary_key=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("jars", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("is_cold", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("tags", postgresql.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("plan", postgresql.JSONB, nullable=False, server_default="{}"),
    sa.Column("photo", sa.LargeBinary),
    sa.Column("opened_on", sa.Date),
    sa.Column("filled_at", sa.DateTime(timezone=True)),
    sa.Column("lease_until", sa.DateTime(timezone=True), info=row_digests.UNDIGESTED),
    row_digests.row_digest_column(),
)
WHEN = datetime(2026, 3, 1, 12, 0, 0, 123456, UTC)
FULL: dict[str, Any] = {
    "shelf_id": uuid.UUID(int=1),
    "label": "مربّہ|note=1:x",
    "note": "it's 50% \\ sweet",
    "jars": 7,
    "is_cold": True,
    "tags": ["a,b", 'c"d'],
    "plan": {"b": [1, None], "a": "x"},
    "photo": b"\x00\xff",
    "opened_on": date(2026, 2, 28),
    "filled_at": WHEN,
}
# Each another value than the row's.
CHANGES: dict[str, str] = {
    "shelf_id": "gen_random_uuid()",
    "label": "label || ' '",
    "note": "NULL",
    "jars": "jars - 1",
    "is_cold": "false",
    "tags": "tags || '{}'::text[] || array['']",
    "plan": "plan - 'a'",
    "photo": r"'\x00fe'",
    "opened_on": "opened_on + 1",
    "filled_at": "filled_at + interval '1 microsecond'",
}


@pytest.fixture
def source(engine: sa.Engine) -> sa.Engine:
    """An engine with a key, and an empty table."""
    catalogue.create_all(engine)
    return row_digests.keyed(engine, b"pantry")


def changed_rows(source: sa.Engine) -> list[str]:
    """The rows that the checker's question names."""
    with source.connect() as connection:
        found = ask(connection, row_digests.questions(catalogue), row_digests.given(connection))
        return [finding.subject for finding in found]


def insert(source: sa.Engine, **values: Any) -> str:
    with source.begin() as connection:
        connection.execute(sa.insert(shelves).values(row_digests.fresh(connection, shelves, values)))
    return f"shelves/{values['shelf_id']}"


def plant(source: sa.Engine, statement: str) -> None:
    with source.begin() as connection:
        connection.exec_driver_sql(statement)


def test_what_the_service_writes_is_unchanged(source: sa.Engine) -> None:
    insert(source, **FULL)
    insert(source, shelf_id=uuid.UUID(int=2), label="")
    assert changed_rows(source) == []


def test_every_column_is_tried() -> None:
    assert {column.name for column in shelves.columns if row_digests.is_digested(column)} == CHANGES.keys()


@pytest.mark.parametrize("column", CHANGES)
def test_a_change_of_any_column_is_noticed(source: sa.Engine, column: str) -> None:
    named = insert(source, **FULL)
    plant(source, f"UPDATE shelves SET {column} = {CHANGES[column]}")  # noqa: S608 - words of this test
    found = changed_rows(source)
    assert len(found) == 1
    assert found == [named] or column == "shelf_id"


def test_a_lease_may_change(source: sa.Engine) -> None:
    insert(source, **FULL)
    plant(source, "UPDATE shelves SET lease_until = now()")
    assert changed_rows(source) == []


def test_texts_cannot_be_moved_between_columns(source: sa.Engine) -> None:
    named = insert(source, shelf_id=uuid.UUID(int=3), label="a|note=1:b")
    plant(source, "UPDATE shelves SET label = 'a', note = 'b'")
    assert changed_rows(source) == [named]


def test_an_update_and_an_upsert_digest_the_row_as_it_is_then(source: sa.Engine) -> None:
    insert(source, **FULL)
    with source.begin() as connection:
        more = row_digests.changed(connection, shelves, {"jars": shelves.c.jars + 1, "note": None})
        connection.execute(sa.update(shelves).values(more))
        fresh = postgresql.insert(shelves).values(row_digests.fresh(connection, shelves, FULL))
        taken = {"label": fresh.excluded.label, "jars": shelves.c.jars + fresh.excluded.jars}
        after = row_digests.changed(connection, shelves, taken)
        connection.execute(fresh.on_conflict_do_update(index_elements=["shelf_id"], set_=after))
        assert connection.execute(sa.select(shelves.c.jars, shelves.c.note)).one() == (15, None)
    assert changed_rows(source) == []


def test_rows_out_of_arrays_are_digested_like_others(source: sa.Engine) -> None:
    given = unnested({"shelf_id": sa.Uuid(), "label": sa.Text()}, {"shelf_id": [uuid.UUID(int=4)], "label": ["x"]})
    with source.begin() as connection:
        row = row_digests.fresh(connection, shelves, {"shelf_id": given.c.shelf_id, "label": given.c.label})
        connection.execute(sa.insert(shelves).from_select(list(row), sa.select(*row.values())))
        made = row_digests.made(shelves, "wanted", "shelf_id", "label", jars=3)
        statement = (
            f"INSERT INTO shelves (shelf_id, label, jars, row_digest) SELECT wanted.*, 3, {made}"  # noqa: S608 - ours
            " FROM (SELECT gen_random_uuid(), CAST('y' AS text)) AS wanted (shelf_id, label)"
        )
        connection.execute(sa.text(statement), row_digests.given(connection))
    assert changed_rows(source) == []


def test_a_later_column_with_a_default_changes_no_digest(source: sa.Engine) -> None:
    insert(source, **FULL)
    plant(source, "ALTER TABLE shelves ADD COLUMN lids bigint NOT NULL DEFAULT 2")
    later = metadata()
    columns = [column._copy() for column in shelves.columns]
    wider = sa.Table("shelves", later, sa.Column("lids", sa.BigInteger, nullable=False, server_default="2"), *columns)
    with source.connect() as connection:
        known = row_digests.given(connection)
        assert list(ask(connection, [row_digests.question(wider)], known)) == []
        connection.execute(sa.text("UPDATE shelves SET lids = 3"))
        assert len(list(ask(connection, [row_digests.question(wider)], known))) == 1


def test_another_key_makes_other_digests(source: sa.Engine, engine: sa.Engine) -> None:
    named = insert(source, **FULL)
    assert changed_rows(row_digests.keyed(engine, b"other")) == [named]
    assert changed_rows(engine) == [named]


def test_who_has_no_key_cannot_make_a_digest(source: sa.Engine, engine: sa.Engine) -> None:
    insert(source, **FULL)
    with engine.begin() as without_key:
        without_key.execute(sa.update(shelves).values(row_digests.changed(without_key, shelves, {"jars": 8})))
    assert len(changed_rows(source)) == 1


def test_rows_of_before_are_named_until_they_are_filled(source: sa.Engine) -> None:
    plant(
        source,
        "INSERT INTO shelves (shelf_id, label) SELECT gen_random_uuid(), repeat('o', 2700) FROM generate_series(1, 25)",
    )
    insert(source, **FULL)
    assert len(changed_rows(source)) == 25
    assert row_digests.fill(source, catalogue, pages=2) == {"shelves": 25}
    assert changed_rows(source) == []
    assert row_digests.fill(source, catalogue) == {}


def test_filling_believes_no_row_that_has_a_digest(source: sa.Engine) -> None:
    named = insert(source, **FULL)
    plant(source, "UPDATE shelves SET jars = 8")
    assert row_digests.fill(source, catalogue) == {}
    assert changed_rows(source) == [named]
