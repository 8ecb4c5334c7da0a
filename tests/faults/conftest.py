"""One deployment for the tests of a worker; each finds it whole, also after a test that killed processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.deployment import Deployment, DeploymentKeeper
from tests.fixtures.suite import Program

KEEPER = pytest.StashKey[DeploymentKeeper]()


@pytest.fixture(scope="session")
def keeper(pytestconfig: pytest.Config) -> Iterator[DeploymentKeeper]:
    """Of this worker."""
    keeper = pytestconfig.stash[KEEPER] = DeploymentKeeper()
    yield keeper
    keeper.end()


@pytest.fixture(scope="module")
def deployment_of_module(keeper: DeploymentKeeper) -> Deployment:
    """The worker's; a module with settings of its own starts another."""
    return keeper.deployment()


@pytest.fixture
def deployment(deployment_of_module: Deployment) -> Iterator[Deployment]:
    """All of it running, before and after."""
    yield deployment_of_module
    deployment_of_module.revive()


@pytest.fixture
def program(deployment: Deployment) -> Program:
    """A new program of this test's own."""
    return deployment.suite.new_program()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Ends the deployment with the worker's last fault, and not with its last test."""
    keeper = item.config.stash.get(KEEPER, None)
    if keeper and nextitem and Path(__file__).parent not in nextitem.path.parents:
        keeper.end()
