"""`members` as it runs: its own database and a real gRPC server on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from kit import client, database
from kit.server import Server
from services.members import app
from services.members.storage import Storage
from tests.factories.members import Caller, master_keys, pepper
from tests.fixtures.servers import as_owner


@pytest.fixture
def database_url(databases: Callable[[str], str]) -> str:
    return databases("members")


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """The way of the role that owns the tables: what a test does by it, the service itself never could."""
    found = database.engine(as_owner(database_url), database.PoolBounds(size_max=20))
    yield found
    found.dispose()


@pytest.fixture
def serving_engine(database_url: str) -> Iterator[sa.Engine]:
    """The way of the role that serves."""
    found = database.engine(database_url, database.PoolBounds(size_max=20))
    yield found
    found.dispose()


@pytest.fixture
def storage(serving_engine: sa.Engine) -> Storage:
    return Storage(serving_engine, master_keys(), pepper())


@pytest.fixture
def address(storage: Storage) -> Iterator[str]:
    server = Server([app.servicer(storage)], port=0, threads_max=16, concurrent_rpcs_max=64)
    server.start()
    server.set_serving(True)
    yield f"127.0.0.1:{server.port}"
    server.stop(0)


@pytest.fixture
def caller(address: str) -> Iterator[Caller]:
    """A caller of the service."""
    with client.channel(address) as channel:
        yield Caller(channel)
