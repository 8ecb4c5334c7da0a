"""Services that say what a test tells them to, on real sockets, and a gateway in front of them."""

from __future__ import annotations

import dataclasses
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import grpc
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.members.v1 import members_pb2
from loyalty.members.v1.members_pb2_grpc import MembersServiceServicer
from loyalty.points.v1.earning_pb2_grpc import EarningServiceServicer
from loyalty.points.v1.ledger_pb2_grpc import LedgerServiceServicer
from loyalty.points.v1.program_pb2_grpc import ProgramServiceServicer
from loyalty.points.v1.sales_pb2_grpc import SalesServiceServicer
from loyalty.rewards.v1.rewards_pb2_grpc import RewardsServiceServicer

from gateway.config import Config
from kit import apikey
from kit.call import REPLAYED_HEADER
from kit.errors import Unauthenticated
from kit.server import Server
from tests.fixtures.suite import Caller, gateway_config, serving

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROGRAM_ID = "6a0f4c1e-3b1d-4a53-9b1e-0a4f6f1f7a11"
MEMBER_ID = "2d9f7a52-54a5-4e35-8b9c-1f2a3b4c5d6e"
OTHER_ID = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"

POINTS = (SalesServiceServicer, LedgerServiceServicer, EarningServiceServicer, ProgramServiceServicer)

Behaviour = Callable[[Any], Message]


class ApiKeyUnknown(Unauthenticated):
    """Nobody has this key."""

    reason = "API_KEY_UNKNOWN"


@dataclasses.dataclass(frozen=True)
class ReceivedCall:
    """An RPC that a service received."""

    method: str
    request: Any
    metadata: Mapping[str, str]


class Puppets:
    """What the services say, by RPC: a message, a refusal to raise, or a function of the request."""

    def __init__(self) -> None:
        self.asked: list[ReceivedCall] = []
        self.says: dict[str, Message | Exception | Behaviour] = {}
        self.replays: set[str] = set()
        self.roles: dict[bytes, str] = {}
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Back to a service that only knows API keys."""
        self.asked.clear()
        self.replays.clear()
        self.roles.clear()
        self.says = {"AuthenticateApiKey": self._authenticate}

    def requests(self, method: str) -> list[Any]:
        """The requests of one RPC so far."""
        return [asked.request for asked in self.asked if asked.method == method]

    def answer(self, method: str, request: Message, context: grpc.ServicerContext) -> Message:
        """What the service says."""
        metadata = {str(key): str(value) for key, value in context.invocation_metadata()}
        with self._lock:
            self.asked.append(ReceivedCall(method, request, metadata))
        said = self.says[method]
        if method in self.replays:
            context.set_trailing_metadata(((REPLAYED_HEADER, "true"),))
        if isinstance(said, Exception):
            raise said
        return said if isinstance(said, Message) else said(request)

    def new_key(self, role: str) -> str:
        """An API key that the service knows from now on."""
        key, _ = apikey.make(role)
        self.roles[apikey.hash_of(key)] = role
        return key

    def _authenticate(self, request: members_pb2.AuthenticateApiKeyRequest) -> Message:
        role = self.roles.get(request.key_hash)
        if role is None:
            raise ApiKeyUnknown("this API key is not known")
        key = members_pb2.ApiKey(
            api_key_id=str(uuid.UUID(bytes=request.key_hash[:16])),
            program_id=PROGRAM_ID,
            name=role,
            role=members_pb2.CallerRole.Value(f"CALLER_ROLE_{role.upper()}"),
            created_at=timestamp(),
        )
        return members_pb2.AuthenticateApiKeyResponse(api_key=key)


class Gateway:
    """A gateway of a test's own in front of the puppets."""

    def __init__(self, url: str, config: Config, puppets: Puppets, members: Server) -> None:
        self.url = url
        self.config = config
        self.puppets = puppets
        self.members = members

    def caller(self, role: str) -> Caller:
        """A caller with a new key."""
        return Caller(self.url, self.puppets.new_key(role))


@contextmanager
def open_gateway(puppets: Puppets, **settings: Any) -> Iterator[Gateway]:
    """Puppets behind a gateway; `settings` are the gateway's."""
    with ExitStack() as exits:
        servers = {
            "members": _serve(exits, puppets, MembersServiceServicer),
            "points": _serve(exits, puppets, *POINTS),
            "rewards": _serve(exits, puppets, RewardsServiceServicer),
        }
        addresses = {word: f"127.0.0.1:{server.port}" for word, server in servers.items()}
        config = gateway_config(addresses, **settings)
        yield Gateway(exits.enter_context(serving(config)), config, puppets, servers["members"])


def _serve(exits: ExitStack, puppets: Puppets, *bases: type) -> Server:
    def method(name: str) -> Callable[..., Message]:
        return lambda _self, request, context: puppets.answer(name, request, context)

    def servicer(base: type) -> object:
        names = [name for name in vars(base) if not name.startswith("_")]
        return type("Puppet", (base,), {name: method(name) for name in names})()

    server = Server([servicer(base) for base in bases], port=0, threads_max=4, concurrent_rpcs_max=32)
    server.start()
    server.set_serving(True)
    exits.callback(server.stop, 0.0)
    return server


def timestamp(instant: datetime = NOON) -> Timestamp:
    found = Timestamp()
    found.FromDatetime(instant)
    return found


def member(**changes: Any) -> members_pb2.Member:
    """A member with everything filled."""
    usual: dict[str, Any] = {
        "member_id": MEMBER_ID,
        "program_id": PROGRAM_ID,
        "status": members_pb2.MEMBER_STATUS_ACTIVE,
        "profile": members_pb2.Profile(
            given_name="Amna", family_name="Siddiqui", birth_date="1990-05-01", language="ur"
        ),
        "identifiers": [
            members_pb2.Identifier(
                identifier_id=OTHER_ID,
                kind=members_pb2.IDENTIFIER_KIND_PHONE,
                value="+923001234567",
                masked_value="•••• 4567",
                added_at=timestamp(),
            )
        ],
        "version": 3,
        "enrolled_at": timestamp(),
        "updated_at": timestamp(),
    }
    return members_pb2.Member(**(usual | changes))
