"""The schema that the migrations make is the one that the code works with."""

from __future__ import annotations

from kit.migrations import drift
from tests.fixtures.servers import as_owner


def test_the_migrations_make_the_tables_of_the_code(database_url: str) -> None:
    assert drift(as_owner(database_url), "rewards") == []
