"""Real servers and channels on loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import pytest
from loyalty.members.v1.members_pb2_grpc import MembersServiceStub

from kit.client import channel
from kit.server import Server
from tests.integration.kit.wire.subject import SERVICE, Answer, subject


@pytest.fixture
def served() -> Iterator[Callable[..., Server]]:
    """`served(answer)` is a started server whose GetMember answers so; options are the server's own."""
    with ExitStack() as exits:

        def start(answer: Answer, **options: Any) -> Server:
            bounds: dict[str, Any] = {"port": 0, "threads_max": 4, "concurrent_rpcs_max": 16}
            server = Server([subject(answer)], **(bounds | options))
            server.start()
            server.set_serving(True)
            exits.callback(server.stop, 0)
            return server

        yield start


@pytest.fixture
def channel_to() -> Iterator[Callable[..., grpc.Channel]]:
    """`channel_to(port)` is a channel of the kit's, closed when the test is over."""
    with ExitStack() as exits:

        def connect(port: int, **options: Any) -> grpc.Channel:
            return exits.enter_context(channel(f"127.0.0.1:{port}", idempotent=(SERVICE,), **options))

        yield connect


@pytest.fixture
def stub_of(
    served: Callable[..., Server], channel_to: Callable[..., grpc.Channel]
) -> Callable[..., MembersServiceStub]:
    """`stub_of(answer)` is a client of a server whose GetMember answers so."""
    return lambda answer, **options: MembersServiceStub(channel_to(served(answer, **options).port))
