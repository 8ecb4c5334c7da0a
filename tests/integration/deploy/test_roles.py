"""What the role that serves may do to its tables, asked of PostgreSQL itself; the tables are those of the code."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator

import psycopg
import psycopg.errors
import pytest
import sqlalchemy as sa
from psycopg import sql

from kit.migrations.grants import grants_of
from tests.fixtures.servers import Lender, plain
from wafa.backends import WORDS

Ask = Callable[[str, sql.Composed], object]


def tables_of(word: str) -> dict[str, sa.Table]:
    metadata: sa.MetaData = importlib.import_module(f"services.{word}.tables").metadata
    return dict(metadata.tables)


def columns_of(word: str, name: str) -> list[str]:
    return [column.name for column in tables_of(word)[name].columns]


APPEND_ONLY = [
    pytest.param(word, name, id=f"{word}-{name}")
    for word in WORDS
    for name in sorted(tables_of(word))
    if grants_of(word)[name].is_append_only
]
# What nobody may ever take off this list without a word about it.
FACTS = {
    "members": {"member_changes", "programs"},
    "points": {
        "activities", "entries", "lot_movements", "purchase_claims", "purchases", "qualifying_movements",
        "return_matches", "returns", "transfer_arrivals",
    },
    "rewards": {"stock_movements", "voucher_codes", "voucher_reinstatements", "voucher_uses"},
}  # fmt: skip


@pytest.fixture(scope="module")
def ask(lender: Lender) -> Iterator[Ask]:
    """Runs a statement in a service's database as the role that serves."""
    urls = {word: lender.database(word) for word in WORDS}
    opened = {word: psycopg.connect(plain(url.__enter__()), autocommit=True) for word, url in urls.items()}
    yield lambda word, statement: opened[word].execute(statement)
    for word, url in urls.items():
        opened[word].close()
        url.__exit__(None, None, None)


@pytest.mark.parametrize("word", WORDS)
def test_every_table_has_its_rights_and_every_right_its_column(word: str) -> None:
    tables, grants = tables_of(word), grants_of(word)
    assert grants.keys() == tables.keys()
    for name, rights in grants.items():
        assert rights.updates <= set(tables[name].columns.keys()), name
        changing = set(rights.changes) & set(tables[name].primary_key.columns.keys())
        assert not changing, f"{name}: what names a row stays"


@pytest.mark.parametrize("word", WORDS)
def test_facts_are_append_only(word: str) -> None:
    assert FACTS.get(word, set()) <= {name for name, rights in grants_of(word).items() if rights.is_append_only}


@pytest.mark.parametrize(("word", "name"), APPEND_ONLY)
def test_postgresql_refuses_to_change_or_delete_what_is_appended(ask: Ask, word: str, name: str) -> None:
    table = sql.Identifier(name)
    statements = [
        sql.SQL("DELETE FROM {}").format(table),
        sql.SQL("TRUNCATE {} CASCADE").format(table),
        sql.SQL("SELECT FROM {} FOR UPDATE").format(table),
        *(
            sql.SQL("UPDATE {table} SET {column} = {column}").format(table=table, column=sql.Identifier(column))
            for column in columns_of(word, name)
        ),
    ]
    for statement in statements:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(word, statement)
    ask(word, sql.SQL("SELECT FROM {}").format(table))


@pytest.mark.parametrize("word", WORDS)
def test_a_column_that_may_not_change_is_refused_in_every_table(ask: Ask, word: str) -> None:
    for name, rights in grants_of(word).items():
        for column in columns_of(word, name):
            statement = sql.SQL("UPDATE {table} SET {column} = {column}").format(
                table=sql.Identifier(name), column=sql.Identifier(column)
            )
            if column in rights.updates:
                ask(word, statement)
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    ask(word, statement)


@pytest.mark.parametrize("word", WORDS)
def test_only_work_that_ends_may_be_deleted(ask: Ask, word: str) -> None:
    for name, rights in grants_of(word).items():
        if rights.deletes:
            ask(word, sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                ask(word, sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
