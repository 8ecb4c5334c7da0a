"""What the routes work with: the services behind the gateway, asked on behalf of the request under way."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import TypeVar

import flask
import grpc
from flask import Flask, current_app
from loyalty.options.v1 import access_pb2 as pb

from gateway.addresses import Network
from gateway.auth import KeyRing, Resolver
from gateway.clients import Clients
from gateway.config import Config
from gateway.context import request_context
from gateway.invalidations import InvalidationKind
from gateway.limits import Limits
from gateway.policy import access_to
from gateway.trust import Trust
from kit.client import Answered, invoke

Request = TypeVar("Request")
Response = TypeVar("Response")

_EXTENSION = "wafa"


@dataclasses.dataclass(frozen=True)
class GatewayParts:
    """The parts of the gateway that outlive a request."""

    config: Config
    clients: Clients
    keyring: KeyRing
    resolver: Resolver
    limits: Limits
    trust: Trust
    trusted_proxies: tuple[Network, ...] = ()

    def close(self) -> None:
        """Lets go of the services and of the stream."""
        self.trust.close()
        self.clients.close()


def install(app: Flask, built: GatewayParts) -> None:
    """Gives the app its parts."""
    app.extensions[_EXTENSION] = built


def suite() -> GatewayParts:
    """The parts of the app that serves the request under way."""
    found: GatewayParts = current_app.extensions[_EXTENSION]
    return found


def count_lookups(many: int = 1) -> None:
    """Refuses more look-ups of identifiers than the caller may make for now."""
    refused = suite().limits.refused_lookups(request_context().known_caller, many)
    if refused is not None:
        request_context().limit_headers = refused.beside(request_context().limit_headers)
        refused.require()


@contextlib.contextmanager
def invalidating(kind: InvalidationKind, owner_id: str) -> Iterator[None]:
    """Makes every process of this gateway forget the owner once the block has changed it, also where it may have."""
    try:
        yield
    finally:
        suite().trust.announce(kind, owner_id)


def read(method: grpc.UnaryUnaryMultiCallable[Request, Response], request: Request) -> Response:
    """Asks a service something."""
    deadline_ms = _deadline_ms() or suite().config.read_deadline_ms
    return invoke(method, request, call=request_context().call, deadline_ms=deadline_ms).response


def write(method: grpc.UnaryUnaryMultiCallable[Request, Response], request: Request) -> Answered[Response]:
    """Has a service do something, once for each idempotency key."""
    deadline_ms = _deadline_ms() or suite().config.write_deadline_ms
    return invoke(method, request, call=request_context().call, deadline_ms=deadline_ms)


def _deadline_ms() -> int:
    """The deadline that the route under way has for itself; 0 where it has none."""
    match access_to(flask.request.endpoint or "").deadline:
        case pb.DEADLINE_CLASS_REPORT:
            return suite().config.report_deadline_ms
        case pb.DEADLINE_CLASS_UPLOAD:
            return suite().config.upload_deadline_ms
        case _:
            return 0
