"""`members` as it runs: its own database and a real gRPC server on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from loyalty.members.v1 import members_pb2 as pb

from kit import client, database
from kit.server import Server
from services.members import app
from services.members.storage import Storage
from tests.factories.members import Caller, card, master_keys, pepper, phone, refused
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


@pytest.fixture
def member(caller: Caller) -> pb.Member:
    """A member with a past, among others."""
    program = caller.program()
    caller.member(program)
    profile = pb.Profile(given_name="Amina", birth_date="1990-02-28")
    member = caller.member(program, card("4711"), phone("03012345678"), profile=profile)
    caller.change_status(member, pb.MEMBER_STATUS_SUSPENDED, reason="asked for it")
    caller.remove(member, member.identifiers[0].identifier_id)
    caller.set_traits(member, pb.Traits(tier="gold", segments=["vip", "old"], attributes={"city": "Lahore"}))
    gone = caller.member(program)
    caller.change_status(gone, pb.MEMBER_STATUS_TERMINATED)
    caller.remove(gone, gone.identifiers[0].identifier_id)
    first = caller.create_api_key(program).response.api_key.api_key_id
    caller.create_api_key(program, replaces=first)
    caller.revoke_api_key(program, first)
    with refused("IDENTIFIER_TAKEN"):
        caller.enrol(program, phone("03012345678"))
    return caller.get(program, member.member_id)
