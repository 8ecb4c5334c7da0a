"""Who is asking: API keys, and identifiers of members, both remembered for a short while.

A key's checksum is looked at first, so that a mistyped one costs no call. `members` is asked by the key's SHA-256; the
key itself goes no further. Answers are remembered so that tills go on selling while `members` is away, and not longer
than a minute while it is there, so that a revoked key is noticed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from loyalty.members.v1 import members_pb2 as pb

from gateway.clients import Clients
from gateway.config import Config
from gateway.memory import Memory
from gateway.refusals import ApiKeyMalformed, ApiKeyMissing
from gateway.visit import Caller
from gateway.wire.enums import word_of
from kit import apikey
from kit.call import Call
from kit.client import invoke


class KeyRing:
    """Knows callers by their API keys."""

    def __init__(self, clients: Clients, config: Config) -> None:
        self._clients = clients
        self._deadline_ms = config.lookup_deadline_ms
        self._known: Memory[Caller] = Memory(
            fresh_s=config.key_fresh_s, stale_s=config.key_stale_s, size_max=config.remembered_max
        )

    def caller(self, authorization: str, call: Call) -> Caller:
        """The caller whose key stands in an Authorization header; refuses what is missing, malformed or unknown."""
        scheme, _, key = authorization.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise ApiKeyMissing("send your API key as `Authorization: Bearer <key>`")
        if not apikey.looks_right(key):
            raise ApiKeyMalformed("this is no API key of this suite; was it copied whole?")
        key_hash = apikey.hash_of(key)
        return self._known.get(key_hash, lambda: self._ask(key_hash, call))

    def _ask(self, key_hash: bytes, call: Call) -> Caller:
        request = pb.AuthenticateApiKeyRequest(key_hash=key_hash)
        method = self._clients.members.AuthenticateApiKey
        key = invoke(method, request, call=call, deadline_ms=self._deadline_ms).response.api_key
        return Caller(key.api_key_id, key.program_id, word_of(pb.CallerRole, key.role))


class Resolver:
    """Finds members by identifiers, and remembers which member it was, by a keyed hash and never by the identifier."""

    def __init__(self, clients: Clients, config: Config) -> None:
        self._clients = clients
        self._deadline_ms = config.lookup_deadline_ms
        # New with each process: what lies in its memory tells nothing without it.
        self._secret = secrets.token_bytes(32)
        self._known: Memory[str] = Memory(
            fresh_s=config.identifier_fresh_s, stale_s=config.identifier_stale_s, size_max=config.remembered_max
        )

    def member_id(self, program_id: str, identifier: pb.NewIdentifier, call: Call) -> str:
        """The member that an identifier belongs to; MEMBER_NOT_FOUND where there is none."""
        return self._known.get(self._digest(program_id, identifier), lambda: self._ask(program_id, identifier, call))

    def remembered(self, program_id: str, identifier: pb.NewIdentifier) -> str | None:
        """The same without asking anybody; nothing where it is not remembered."""
        return self._known.peek(self._digest(program_id, identifier))

    def _ask(self, program_id: str, identifier: pb.NewIdentifier, call: Call) -> str:
        request = pb.ResolveMemberRequest(program_id=program_id, identifier=identifier)
        method = self._clients.members.ResolveMember
        return invoke(method, request, call=call, deadline_ms=self._deadline_ms).response.member.member_id

    def _digest(self, program_id: str, identifier: pb.NewIdentifier) -> bytes:
        text = f"{program_id}\0{identifier.kind}\0{identifier.value}"
        return hmac.new(self._secret, text.encode(), hashlib.sha256).digest()
