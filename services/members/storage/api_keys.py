"""API keys in the database: hashes, never secrets."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kit.page import PageRequest
from services.members.domain.api_keys import ApiKey
from services.members.domain.callers import CallerRole
from services.members.storage.statements import Statements
from services.members.tables import api_keys


class ApiKeys(Statements):
    """Loads, locks and writes of one transaction."""

    def load_by_hash(self, key_hash: bytes) -> ApiKey | None:
        """The API key whose secret has this SHA-256, or nothing."""
        row = self._connection.execute(sa.select(api_keys).where(api_keys.c.key_hash == key_hash)).one_or_none()
        return _api_key(row) if row else None

    def lock(self, program_id: uuid.UUID, api_key_id: uuid.UUID) -> ApiKey | None:
        """The API key, locked, or nothing."""
        row = self._connection.execute(
            sa.select(api_keys)
            .where(api_keys.c.api_key_id == api_key_id, api_keys.c.program_id == program_id)
            .with_for_update(key_share=True)
        ).one_or_none()
        return _api_key(row) if row else None

    def page(self, program_id: uuid.UUID, request: PageRequest) -> Sequence[ApiKey]:
        """A program's API keys, oldest first, one more than the page is long."""
        # Identities are UUIDv7: in the order they were made.
        query = sa.select(api_keys).where(api_keys.c.program_id == program_id)
        if request.after:
            query = query.where(api_keys.c.api_key_id > uuid.UUID(request.after[0]))
        rows = self._connection.execute(query.order_by(api_keys.c.api_key_id).limit(request.size + 1))
        return [_api_key(row) for row in rows]

    def insert(self, api_key: ApiKey, key_hash: bytes) -> None:
        """Writes a new API key with the hash of its secret."""
        self._connection.execute(
            sa.insert(api_keys).values(
                self._fresh(
                    api_keys,
                    api_key_id=api_key.api_key_id,
                    program_id=api_key.program_id,
                    name=api_key.name,
                    role=api_key.role.value,
                    prefix=api_key.prefix,
                    key_hash=key_hash,
                    created_at=api_key.created_at,
                    revoked_at=api_key.revoked_at,
                    caller_id=api_key.caller,
                )
            )
        )

    def update(self, api_key: ApiKey) -> None:
        """Writes when the API key was revoked; nothing else of it ever changes."""
        self._connection.execute(
            sa.update(api_keys)
            .where(api_keys.c.api_key_id == api_key.api_key_id)
            .values(self._changed(api_keys, revoked_at=api_key.revoked_at))
        )


def _api_key(row: sa.Row[Any]) -> ApiKey:
    return ApiKey(
        row.api_key_id,
        row.program_id,
        row.name,
        CallerRole(row.role),
        row.prefix,
        row.created_at,
        row.revoked_at,
        row.caller_id,
    )
