"""Programs and API keys, asked of `members` over gRPC: the part of a deployment that comes before any HTTP caller."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import Self

from loyalty.members.v1 import members_pb2 as pb
from loyalty.members.v1.members_pb2_grpc import MembersServiceStub

from kit import apikey
from kit.call import Call
from kit.client import channel, invoke
from kit.convert import instant_of
from kit.errors import Conflict, Unauthenticated
from kit.peers import OPERATOR
from kit.peers.identity import Identity

DEADLINE_MS = 5_000
PAGE_SIZE = 200
ROLES = ("till", "app", "staff", "admin")


@dataclasses.dataclass(frozen=True)
class Program:
    """A brand on this deployment."""

    program_id: str
    name: str
    currency: str
    region: str
    created_at: datetime


@dataclasses.dataclass(frozen=True)
class Key:
    """A caller's credential, without its secret."""

    key_id: str
    name: str
    role: str
    prefix: str
    created_at: datetime
    revoked_at: datetime | None


class Register:
    """A connection to `members`. Everything raises the refusals of `members` and of `kit.client`."""

    def __init__(self, address: str, identity: Identity) -> None:
        self._channel = channel(address, identity=identity)
        self._stub = MembersServiceStub(self._channel)
        self._call = Call(OPERATOR)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.close()

    def create_program(self, name: str, currency: str, region: str, program_id: str = "") -> Program:
        """Creates a program, under a new id or the one given."""
        request = pb.CreateProgramRequest(
            request_id=str(uuid.uuid4()),
            program_id=program_id or str(uuid.uuid4()),
            name=name,
            currency=currency,
            region=region,
        )
        answered = invoke(self._stub.CreateProgram, request, call=self._call, deadline_ms=DEADLINE_MS)
        return _program(answered.response.program)

    def provide_program(self, name: str, currency: str, region: str, program_id: str) -> Program:
        """The program of that id, created if there is none."""
        for program in self.programs():
            if program.program_id == program_id:
                return program
        try:
            return self.create_program(name, currency, region, program_id)
        except Conflict:  # another process was faster
            return next(each for each in self.programs() if each.program_id == program_id)

    def programs(self) -> Iterator[Program]:
        """All programs, by name."""
        request = pb.ListProgramsRequest(page_size=PAGE_SIZE)
        while True:
            page = invoke(self._stub.ListPrograms, request, call=self._call, deadline_ms=DEADLINE_MS).response
            yield from map(_program, page.programs)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def create_key(self, program_id: str, name: str, role: str, *, replaces: str = "") -> tuple[Key, str]:
        """Creates a key and gives it with its secret, which can never be seen again.

        `replaces` is the id of a key of the same caller, who keeps its idempotency keys.
        """
        request = pb.CreateApiKeyRequest(
            program_id=program_id,
            request_id=str(uuid.uuid4()),
            name=name,
            role=pb.CallerRole.Value(f"CALLER_ROLE_{role.upper()}"),
            replaces_api_key_id=replaces,
        )
        created = invoke(self._stub.CreateApiKey, request, call=self._call, deadline_ms=DEADLINE_MS).response
        return _key(created.api_key), created.secret

    def keys(self, program_id: str) -> Iterator[Key]:
        """All keys of a program."""
        request = pb.ListApiKeysRequest(program_id=program_id, page_size=PAGE_SIZE)
        while True:
            page = invoke(self._stub.ListApiKeys, request, call=self._call, deadline_ms=DEADLINE_MS).response
            yield from map(_key, page.api_keys)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def revoke_key(self, program_id: str, key_id: str) -> Key:
        """Revokes a key for good."""
        request = pb.RevokeApiKeyRequest(program_id=program_id, request_id=str(uuid.uuid4()), api_key_id=key_id)
        answered = invoke(self._stub.RevokeApiKey, request, call=self._call, deadline_ms=DEADLINE_MS)
        return _key(answered.response.api_key)

    def accepts(self, secret: str, program_id: str) -> bool:
        """Whether a key is still good, and for this program."""
        request = pb.AuthenticateApiKeyRequest(key_hash=apikey.hash_of(secret))
        try:
            answered = invoke(self._stub.AuthenticateApiKey, request, call=self._call, deadline_ms=DEADLINE_MS)
        except Unauthenticated:
            return False
        return answered.response.api_key.program_id == program_id


def _program(program: pb.Program) -> Program:
    created_at = instant_of(program.created_at, "created_at")
    return Program(program.program_id, program.name, program.currency, program.region, created_at)


def _key(key: pb.ApiKey) -> Key:
    return Key(
        key_id=key.api_key_id,
        name=key.name,
        role=pb.CallerRole.Name(key.role).removeprefix("CALLER_ROLE_").lower(),
        prefix=key.prefix,
        created_at=instant_of(key.created_at, "created_at"),
        revoked_at=instant_of(key.revoked_at, "revoked_at") if key.HasField("revoked_at") else None,
    )
