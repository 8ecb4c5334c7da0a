"""API keys: made and shown once, listed without their secrets, recognised by hash, revoked for good."""

from __future__ import annotations

import uuid

from kit import apikey
from kit.call import Call
from kit.idempotency import Outcome
from kit.ids import ordered_id
from kit.page import Page, PageRequest, page_of
from services.members import announces
from services.members.domain import api_keys
from services.members.domain.api_keys import ApiKey, ShownApiKey
from services.members.domain.commands import CreateApiKey, RevokeApiKey
from services.members.domain.errors import (
    ApiKeyAlreadyShown,
    ApiKeyNotFound,
    ApiKeyRevoked,
    ApiKeyUnknown,
    ProgramNotFound,
)
from services.members.ports import Publish, Storage, Transaction


class ApiKeyHandlers:
    """The RPCs about API keys."""

    def __init__(self, storage: Storage, publish: Publish = lambda: None) -> None:
        self._storage = storage
        # So that every gateway hears of it before the caller does, and a crash in between keeps nothing from them.
        self._publish = publish

    def create_api_key(self, call: Call, command: CreateApiKey) -> Outcome[ShownApiKey]:
        """Creates a key. What is stored to be replayed is the key without its secret, and so cannot show it again."""
        secret, prefix = apikey.make(command.role.value)
        key_hash = apikey.hash_of(secret)
        with self._storage.transaction() as tx:
            outcome = tx.once(call, command, ApiKey, lambda: self._create_api_key(tx, command, key_hash, prefix))
        self._publish()
        return outcome.map(lambda api_key: _shown(api_key, secret, replayed=outcome.replayed))

    def list_api_keys(self, program_id: uuid.UUID, page: PageRequest) -> Page[ApiKey]:
        """A program's keys, oldest first, revoked ones among them."""
        with self._storage.transaction() as tx:
            found = tx.api_keys.page(program_id, page)
        return page_of(found, page, lambda api_key: (str(api_key.api_key_id),))

    def revoke_api_key(self, call: Call, command: RevokeApiKey) -> Outcome[ApiKey]:
        """Revokes a key for good."""
        with self._storage.transaction() as tx:
            outcome = tx.once(call, command, ApiKey, lambda: self._revoke_api_key(tx, command))
        self._publish()
        return outcome

    def authenticate_api_key(self, key_hash: bytes) -> ApiKey:
        """The key that has this hash, unless it has been revoked."""
        with self._storage.transaction() as tx:
            api_key = tx.api_keys.load_by_hash(key_hash)
        if api_key is None:
            raise ApiKeyUnknown
        if api_key.revoked_at:
            raise ApiKeyRevoked
        return api_key

    def _create_api_key(self, tx: Transaction, command: CreateApiKey, key_hash: bytes, prefix: str) -> ApiKey:
        if tx.programs.load(command.program_id) is None:
            raise ProgramNotFound(command.program_id)
        replaced = self._replaced(tx, command)
        api_key = api_keys.create(command, ordered_id(), prefix, tx.now, replaced=replaced)
        tx.api_keys.insert(api_key, key_hash)
        tx.announce([announces.api_key_created(api_key)])
        return api_key

    def _replaced(self, tx: Transaction, command: CreateApiKey) -> ApiKey | None:
        if command.replaces_api_key_id is None:
            return None
        found = tx.api_keys.lock(command.program_id, command.replaces_api_key_id)
        if found is None:
            raise ApiKeyNotFound(command.replaces_api_key_id)
        return found

    def _revoke_api_key(self, tx: Transaction, command: RevokeApiKey) -> ApiKey:
        api_key = tx.api_keys.lock(command.program_id, command.api_key_id)
        if api_key is None:
            raise ApiKeyNotFound(command.api_key_id)
        revoked = api_keys.revoke(api_key, tx.now)
        if revoked is not api_key:
            tx.api_keys.update(revoked)
            tx.announce([announces.api_key_revoked(revoked)])
        return revoked


def _shown(api_key: ApiKey, secret: str, *, replayed: bool) -> ShownApiKey:
    if replayed:
        raise ApiKeyAlreadyShown(api_key.api_key_id)
    return ShownApiKey(api_key, secret)
