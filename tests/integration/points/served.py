"""`points` and `members` as they are served: real servicers behind real servers, each with its own database."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import grpc
import sqlalchemy as sa

from kit import client
from kit.database import PoolBounds, engine
from kit.server import Server
from services.members import app as members_app
from services.members.storage import Storage as MembersStorage
from services.points import app as points_app
from services.points.batch import GroupCommitter, Rulebook
from services.points.clients import MembersClient
from services.points.conditions import CelConditions
from services.points.domain.earning.evaluation_steps import STEPS_MAX_DEFAULT
from services.points.storage import Storage
from tests.factories.members import Caller, master_keys, pepper
from tests.factories.points_stubs import PointsStubs
from tests.fixtures.servers import as_owner

# What no healthy test ever waits for.
DEADLINE_MS = 30_000


@contextlib.contextmanager
def opened(url: str) -> Iterator[sa.Engine]:
    """An engine, closed in the end."""
    source = engine(url, PoolBounds(size_max=16, wait_ms=DEADLINE_MS))
    try:
        yield source
    finally:
        source.dispose()


@contextlib.contextmanager
def owned(url: str) -> Iterator[sa.Engine]:
    """An engine for the role that owns the tables, which may do what the service itself never could."""
    with opened(as_owner(url)) as source:
        yield source


@contextlib.contextmanager
def serving(*servicers: object) -> Iterator[str]:
    """The address of a server that answers by these servicers."""
    server = Server(servicers, port=0, threads_max=8, concurrent_rpcs_max=64)
    server.start()
    server.set_serving(True)
    yield f"127.0.0.1:{server.port}"
    server.stop(0)


@contextlib.contextmanager
def serving_members(source: sa.Engine) -> Iterator[tuple[str, Caller]]:
    """The address of `members`, and somebody who calls it."""
    storage = MembersStorage(source, master_keys(), pepper())
    with serving(members_app.servicer(storage)) as address, client.channel(address) as channel:
        yield address, Caller(channel)


@contextlib.contextmanager
def serving_points(
    source: sa.Engine,
    members_address: str,
    *,
    members_deadline_ms: int = DEADLINE_MS,
    queue_max: int = 1_000,
    steps_max: int = STEPS_MAX_DEFAULT,
) -> Iterator[PointsStubs]:
    """A client of `points`, which asks for members at this address and writes in groups."""
    storage = Storage(source)
    conditions = CelConditions()
    committer = GroupCommitter(
        storage,
        Rulebook(10, conditions, steps_max=steps_max),
        batch_max=64,
        queue_max=queue_max,
        queue_wait_s=DEADLINE_MS / 1_000,
    )
    writer = committer.writer()
    writer.start()
    with client.channel(members_address, idempotent=["loyalty.members.v1.MembersService"]) as to_members:
        members = MembersClient(to_members, members_deadline_ms)
        servicers = points_app.servicers(storage, committer, members, conditions, steps_max)
        with serving(*servicers) as address, client.channel(address) as channel:
            yield PointsStubs(channel)
    writer.stop()


def code_of(error: BaseException) -> grpc.StatusCode:
    """The code by which a refusal came over the wire."""
    assert isinstance(error.__cause__, grpc.RpcError)
    code: grpc.StatusCode = error.__cause__.code()
    return code
