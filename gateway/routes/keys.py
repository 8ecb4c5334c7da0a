"""API keys of the program, for its admins."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from loyalty.members.v1 import members_pb2 as pb

from gateway.context import request_context
from gateway.contract import route
from gateway.invalidations import InvalidationKind
from gateway.openapi import operation_id
from gateway.replies import page_reply, reply
from gateway.suite import invalidating, read, suite, write
from gateway.wire.base import PageQuery
from gateway.wire.enums import number_of
from gateway.wire.keys import APP_KEY_WARNING, ApiKey, ApiKeyPage, CreatedApiKey, KeyPath, NewApiKey, api_key_of

blueprint = APIBlueprint(
    "keys",
    __name__,
    operation_id_callback=operation_id,
    abp_tags=[Tag(name="keys", description="Who may call.")],
)


@route(blueprint, responses={HTTPStatus.CREATED: CreatedApiKey})
def create_api_key(body: NewApiKey) -> Response:
    """Create an API key and see it this once; a replay cannot show it again and is refused

    A key of the role `app` acts for every member of the program. Keep it on a server of yours, behind the app, and
    never ship it inside an app or a web page: whoever unpacks that holds every member's points. Members have no tokens
    of their own yet.

    With `replaces_api_key_id` the new key is one of the same caller, and a retry with it replays what was answered to
    the old one.
    """
    request = pb.CreateApiKeyRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        name=body.name,
        role=number_of(pb.CallerRole, body.role),
        replaces_api_key_id=body.replaces_api_key_id or "",
    )
    answered = write(suite().clients.members.CreateApiKey, request)
    # Whoever has tried it already, in a copy of this deployment, was told that it is unknown.
    suite().trust.announce(InvalidationKind.API_KEY, answered.response.api_key.api_key_id)
    model = CreatedApiKey(
        api_key=api_key_of(answered.response.api_key),
        secret=answered.response.secret,
        warning=APP_KEY_WARNING if body.role == "app" else None,
    )
    return reply(model, HTTPStatus.CREATED, replayed=answered.replayed)


@route(blueprint, responses={HTTPStatus.OK: ApiKeyPage})
def list_api_keys(query: PageQuery) -> Response:
    """List the API keys, without their secrets"""
    request = pb.ListApiKeysRequest(
        program_id=request_context().program_id, page_size=query.limit, page_token=query.cursor
    )
    page = read(suite().clients.members.ListApiKeys, request)
    model = ApiKeyPage(items=[api_key_of(key) for key in page.api_keys], next_cursor=page.next_page_token or None)
    return page_reply(model, page.next_page_token)


@route(blueprint, responses={HTTPStatus.OK: ApiKey})
def revoke_api_key(path: KeyPath) -> Response:
    """Revoke an API key for good; this gateway refuses it at once, any other within two seconds"""
    request = pb.RevokeApiKeyRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        api_key_id=path.api_key_id,
    )
    with invalidating(InvalidationKind.API_KEY, path.api_key_id):
        answered = write(suite().clients.members.RevokeApiKey, request)
    return reply(api_key_of(answered.response.api_key), replayed=answered.replayed)
