"""Another value of any column is noticed: by its row's digest, and where that fits by the questions named for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from services.members import check, tables
from services.members.check.proofs import PROOFS
from tests.factories.members import master_keys, pepper
from tests.fixtures.mutations import Mutations


def sealed_rows_open(connection: sa.Connection) -> bool:
    return "seal_opens" not in {each.check for each in check.check_sealed(connection, master_keys(), pepper())}


@pytest.fixture
def mutations(engine: sa.Engine, member: object) -> Iterator[Mutations]:
    """Members with and without a past, programs, and keys."""
    assert list(check.check(engine, master_keys(), pepper())) == []
    with engine.connect() as connection, connection.begin() as transaction:
        others = {"seal_opens": lambda changed: not sealed_rows_open(changed)}
        yield Mutations(connection, check.QUESTIONS, check.KNOWN, others)
        transaction.rollback()


def test_another_value_is_noticed_by_the_rows_digest(mutations: Mutations) -> None:
    tried, passing = mutations.passing_the_digest(tables.metadata)
    assert passing == set()
    assert len(tried) >= 30


def test_another_value_is_noticed_by_what_derives_it(mutations: Mutations) -> None:
    tried, passing = mutations.passing_derivations(tables.metadata, PROOFS)
    assert passing == set()
    assert len(tried) >= 10
