"""One gateway in front of puppets, shared by the tests of a module; each test winds the puppets up anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.gateway.stage import Gateway, Puppets, open_gateway


@pytest.fixture(scope="session")
def shared_gateway() -> Iterator[Gateway]:
    """Opened once for a worker: three gRPC servers and an HTTP server."""
    with open_gateway(Puppets()) as found:
        yield found


@pytest.fixture
def gateway(shared_gateway: Gateway) -> Gateway:
    """The gateway with puppets that know nothing but keys."""
    shared_gateway.puppets.forget()
    return shared_gateway


@pytest.fixture
def puppets(gateway: Gateway) -> Puppets:
    """What stands behind the gateway."""
    return gateway.puppets
