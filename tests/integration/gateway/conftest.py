"""One door in front of puppets, shared by the tests of a module; each test winds the puppets up anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.gateway.stage import Door, Puppets
from tests.integration.gateway.stage import door as open_door


@pytest.fixture(scope="session")
def shared_door() -> Iterator[Door]:
    """Opened once for a worker: three gRPC servers and an HTTP server."""
    with open_door(Puppets()) as found:
        yield found


@pytest.fixture
def door(shared_door: Door) -> Door:
    """The door with puppets that know nothing but keys."""
    shared_door.puppets.forget()
    return shared_door


@pytest.fixture
def puppets(door: Door) -> Puppets:
    """What stands behind the door."""
    return door.puppets
