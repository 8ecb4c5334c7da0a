"""One deployment for the tests of a module; each finds it whole, whatever the one before has killed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixtures.deployment import Deployment, deployed
from tests.fixtures.suite import Program


@pytest.fixture(scope="module")
def deployment_of_module() -> Iterator[Deployment]:
    """Started once for a module."""
    with deployed() as found:
        yield found


@pytest.fixture
def deployment(deployment_of_module: Deployment) -> Iterator[Deployment]:
    """All of it running, before and after."""
    yield deployment_of_module
    deployment_of_module.revive()


@pytest.fixture
def program(deployment: Deployment) -> Program:
    """A new program of this test's own."""
    return deployment.suite.new_program()
