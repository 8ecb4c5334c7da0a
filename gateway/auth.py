"""Who is asking: API keys, and identifiers of members, both remembered for a short while.

A key's checksum is looked at first, so that a mistyped one costs no call. `members` is asked by the key's SHA-256; the
key itself goes no further. What is remembered is forgotten when it changes (`gateway/trust.py`), and serves while
`members` is away, so that tills go on selling. Keys that are unknown are remembered, too, for a moment, and an address
may send only so many of them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

from loyalty.members.v1 import members_pb2 as pb

from gateway.addresses import AddressBudget
from gateway.cache import Cache, Freshness
from gateway.clients import Clients
from gateway.config import Config
from gateway.context import Caller
from gateway.invalidations import InvalidationKind
from gateway.refusals import ApiKeyMalformed, ApiKeyMissing
from gateway.trust import Trust
from gateway.unknown_keys import UnknownKeys
from gateway.wire.enums import word_of
from kit import apikey
from kit.call import Call
from kit.client import invoke
from kit.errors import Unauthenticated


class KeyRing:
    """Knows callers by their API keys."""

    def __init__(self, clients: Clients, config: Config, trust: Trust) -> None:
        self._clients = clients
        self._deadline_ms = config.lookup_deadline_ms
        self._known: Cache[Caller] = Cache(
            Freshness(config.key_fresh_s, config.key_stale_s, config.isolated_s),
            owner_of=lambda caller: caller.api_key_id,
            watch=trust,
            size_max=config.remembered_max,
        )
        self._unknown = UnknownKeys()
        self._addresses = AddressBudget(config.unknown_keys_per_min)
        trust.tell(InvalidationKind.API_KEY, self._known)
        trust.tell(InvalidationKind.API_KEY, self._unknown)

    def caller(self, authorization: str, address_of: Callable[[], str], call: Call) -> Caller:
        """The caller whose key stands in an Authorization header; refuses what is missing, malformed or unknown.

        `address_of` gives the client's address; only a key that is not remembered needs it.
        """
        scheme, _, key = authorization.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise ApiKeyMissing("send your API key as `Authorization: Bearer <key>`")
        if not apikey.looks_right(key):
            raise ApiKeyMalformed("this is no API key of this suite; was it copied whole?")
        key_hash = apikey.hash_of(key)
        # First what is known: it also hears what other processes have announced.
        return self._known.get(key_hash, lambda: self._look_up(key_hash, address_of, call))

    def _look_up(self, key_hash: bytes, address_of: Callable[[], str], call: Call) -> Caller:
        self._unknown.expect_none(key_hash)
        if self._known.peek(key_hash) is not None:
            # It is remembered, and only confirmed: no stranger's guesses may stop that.
            return self._ask_and_note(key_hash, call)
        address = address_of()
        self._addresses.take(address)
        is_unknown = False
        try:
            return self._ask_and_note(key_hash, call)
        except Unauthenticated:
            is_unknown = True
            raise
        finally:
            if not is_unknown:
                self._addresses.give_back(address)

    def _ask_and_note(self, key_hash: bytes, call: Call) -> Caller:
        began, invalidations = time.monotonic(), self._unknown.invalidations
        try:
            return self._ask(key_hash, call)
        except Unauthenticated as refusal:
            self._unknown.remember(key_hash, refusal, began=began, invalidations=invalidations)
            raise

    def _ask(self, key_hash: bytes, call: Call) -> Caller:
        request = pb.AuthenticateApiKeyRequest(key_hash=key_hash)
        method = self._clients.members.AuthenticateApiKey
        key = invoke(method, request, call=call, deadline_ms=self._deadline_ms).response.api_key
        # A `members` that is older than this process names no caller: each key is one of its own.
        caller_id = key.caller_id or key.api_key_id
        return Caller(key.api_key_id, caller_id, key.program_id, word_of(pb.CallerRole, key.role))


class Resolver:
    """Finds members by identifiers, and remembers which member it was, by a keyed hash and never by the identifier."""

    def __init__(self, clients: Clients, config: Config, trust: Trust) -> None:
        self._clients = clients
        self._deadline_ms = config.lookup_deadline_ms
        # New with each process: what lies in its memory tells nothing without it. What is to be forgotten is named by
        # the member, so no other process needs it.
        self._secret = secrets.token_bytes(32)
        self._known: Cache[str] = Cache(
            Freshness(config.identifier_fresh_s, config.identifier_stale_s, config.isolated_s),
            owner_of=lambda member_id: member_id,
            watch=trust,
            size_max=config.remembered_max,
        )
        trust.tell(InvalidationKind.MEMBER_IDENTIFIERS, self._known)

    def member_id(
        self, program_id: str, identifier: pb.NewIdentifier, call: Call, *, before_asking: Callable[[], None]
    ) -> str:
        """The member that an identifier belongs to; MEMBER_NOT_FOUND where there is none.

        `before_asking` may refuse a look-up that is not remembered.
        """

        def ask() -> str:
            before_asking()
            return self._ask(program_id, identifier, call)

        return self._known.get(self._digest(program_id, identifier), ask)

    def remembered(self, program_id: str, identifier: pb.NewIdentifier) -> str | None:
        """The same without a call; nothing where it is not remembered."""
        return self._known.peek(self._digest(program_id, identifier))

    def _ask(self, program_id: str, identifier: pb.NewIdentifier, call: Call) -> str:
        request = pb.ResolveMemberRequest(program_id=program_id, identifier=identifier)
        method = self._clients.members.ResolveMember
        return invoke(method, request, call=call, deadline_ms=self._deadline_ms).response.member.member_id

    def _digest(self, program_id: str, identifier: pb.NewIdentifier) -> bytes:
        text = f"{program_id}\0{identifier.kind}\0{identifier.value}"
        return hmac.new(self._secret, text.encode(), hashlib.sha256).digest()
