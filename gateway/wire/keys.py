"""API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from loyalty.members.v1 import members_pb2 as pb

from gateway.wire.base import Id, RequestModel, ResponseModel, Text100, UrlModel, example, instant, known_instant
from gateway.wire.enums import word_of

# Until members have tokens of their own.
APP_KEY_WARNING = (
    "this key acts for every member of the program; keep it on a server of yours, behind the app, and never ship it "
    "inside an app or a web page"
)

RoleWord = Literal["till", "app", "staff", "admin"]


class KeyPath(UrlModel):
    """A key in a path."""

    api_key_id: Id


class NewApiKey(RequestModel):
    """A key to make."""

    model_config = example({"name": "till 4, High Street", "role": "till"})

    name: Text100
    """What the key is for, as its owner would say it."""
    role: RoleWord
    """What the caller is. A key of the role `app` acts for every member of the program: keep it on a server of yours,
    behind the app, and never ship it inside an app or a web page."""
    replaces_api_key_id: Id | None = None
    """The key that this one is to replace: the caller keeps its idempotency keys. Revoke the old one afterwards."""


class ApiKey(ResponseModel):
    """A caller's credential, without its secret."""

    api_key_id: str
    caller_id: str
    """Who calls with it: the same for a key and those that replace it."""
    name: str
    role: RoleWord
    prefix: str
    """The first characters of the key, by which its owner recognises it."""
    created_at: datetime
    revoked_at: datetime | None


class CreatedApiKey(ResponseModel):
    """A new key, shown this once."""

    api_key: ApiKey
    secret: str
    """The key itself, never to be seen again."""
    warning: str | None = None
    """What to mind with a key of this role, if anything."""


class ApiKeyPage(ResponseModel):
    """A page of keys."""

    items: list[ApiKey]
    next_cursor: str | None


def api_key_of(key: pb.ApiKey) -> ApiKey:
    """The key as answered."""
    return ApiKey(
        api_key_id=key.api_key_id,
        caller_id=key.caller_id or key.api_key_id,
        name=key.name,
        role=word_of(pb.CallerRole, key.role),
        prefix=key.prefix,
        created_at=known_instant(key, "created_at"),
        revoked_at=instant(key, "revoked_at"),
    )
