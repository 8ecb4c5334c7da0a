"""Stories are told against the whole suite: `program` is a brand of a test's own in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.servers import Lender
from tests.fixtures.suite import Suite, SuiteKeeper, program

__all__ = ["program"]

KEEPER = pytest.StashKey[SuiteKeeper]()


@pytest.fixture(scope="session")
def keeper(lender: Lender, pytestconfig: pytest.Config) -> Iterator[SuiteKeeper]:
    """Of this worker."""
    keeper = pytestconfig.stash[KEEPER] = SuiteKeeper(lender)
    yield keeper
    keeper.end()


@pytest.fixture(scope="module")
def suite(keeper: SuiteKeeper) -> Suite:
    """The running suite, shared by the stories of a worker."""
    return keeper.suite()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Ends the suite with the worker's last story, and not with its last test."""
    keeper = item.config.stash.get(KEEPER, None)
    if keeper and nextitem and Path(__file__).parent not in nextitem.path.parents:
        keeper.end()
