"""API keys: the credentials of callers. The secret is made elsewhere and never comes near these values."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import datetime

from services.members.domain.callers import CallerRole
from services.members.domain.commands import CreateApiKey
from services.members.domain.errors import CallerRoleDiffers


@dataclasses.dataclass(frozen=True)
class ApiKey:
    """A caller's credential, without its secret. `prefix` is what its owner recognises it by.

    `caller_id` is who calls with it: the first key of a caller gives it, and those that replace it take it over.
    """

    api_key_id: uuid.UUID
    program_id: uuid.UUID
    name: str
    role: CallerRole
    prefix: str
    created_at: datetime
    revoked_at: datetime | None = None
    # Answers that were stored before callers had an id of their own name none.
    caller_id: uuid.UUID | None = None

    @property
    def caller(self) -> uuid.UUID:
        """Who calls with it."""
        return self.caller_id or self.api_key_id


@dataclasses.dataclass(frozen=True)
class ShownApiKey:
    """An API key with its secret, on its one way to the caller. Never stored, so it is no answer to replay."""

    api_key: ApiKey
    secret: str = dataclasses.field(repr=False)


def create(
    command: CreateApiKey, api_key_id: uuid.UUID, prefix: str, now: datetime, *, replaced: ApiKey | None = None
) -> ApiKey:
    """The API key that the command describes, of the caller of the one that it replaces."""
    if replaced is not None and replaced.role is not command.role:
        raise CallerRoleDiffers(replaced.role.value)
    caller_id = replaced.caller if replaced is not None else api_key_id
    return ApiKey(api_key_id, command.program_id, command.name, command.role, prefix, now, caller_id=caller_id)


def revoke(api_key: ApiKey, now: datetime) -> ApiKey:
    """The key, revoked. A revoked one stays as it is, with the time it was revoked first."""
    if api_key.revoked_at:
        return api_key
    # Not before it was made, even if the clocks of two instances differ.
    return dataclasses.replace(api_key, revoked_at=max(now, api_key.created_at))
