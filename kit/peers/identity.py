"""How a process shows the servers that it calls who it is."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import grpc

from kit.peers.certificates import CertificateFiles
from kit.peers.certified_channel import CertifiedChannel

TOKEN_HEADER = "authorization"  # noqa: S105 - where the token stands
TOKEN_SCHEME = "Bearer "  # noqa: S105 - what stands before it

Options = Sequence[tuple[str, Any]]


class Identity(Protocol):
    """What a channel needs to know of the process that opens it."""

    def connect(self, address: str, options: Options) -> grpc.Channel:
        """A channel whose calls show who calls. Connects with the first call."""
        ...


@dataclasses.dataclass(frozen=True)
class NoIdentity:
    """Shows nothing: for health checks, and for servers that do not check their peers."""

    def connect(self, address: str, options: Options) -> grpc.Channel:
        """A plain channel."""
        return grpc.insecure_channel(address, options=options)


@dataclasses.dataclass(frozen=True)
class TokenIdentity:
    """Shows a token with each call, in clear: for a machine's own loopback, or within an encrypted network."""

    token: str = dataclasses.field(repr=False)

    def connect(self, address: str, options: Options) -> grpc.Channel:
        """A plain channel whose calls bear the token."""
        bearer = _Bearer((TOKEN_HEADER, TOKEN_SCHEME + self.token))
        return grpc.intercept_channel(grpc.insecure_channel(address, options=options), bearer)


@dataclasses.dataclass(frozen=True)
class CertificateIdentity:
    """Shows a certificate, and demands one of the same authority from the server, for the host name of its address."""

    files: CertificateFiles

    def connect(self, address: str, options: Options) -> grpc.Channel:
        """An encrypted channel. Raises ConfigError where the files are no certificate."""
        return CertifiedChannel(
            self.files, lambda credentials: grpc.secure_channel(address, credentials, options=options)
        )


NO_IDENTITY = NoIdentity()


def hash_of(token: str) -> str:
    """What servers know of a token: its SHA-256 in hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclasses.dataclass(frozen=True)
class _WithMetadata:
    """A call's details with other metadata; gRPC reads the attributes."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


class _Bearer(grpc.UnaryUnaryClientInterceptor, grpc.StreamStreamClientInterceptor):
    """Puts one pair of metadata into every call."""

    def __init__(self, pair: tuple[str, str]) -> None:
        self._pair = pair

    def intercept_unary_unary(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        return continuation(self._marked(details), request)

    def intercept_stream_stream(self, continuation: Callable[..., Any], details: Any, requests: Any) -> Any:
        return continuation(self._marked(details), requests)

    def _marked(self, details: Any) -> _WithMetadata:
        metadata = (*(details.metadata or ()), self._pair)
        return _WithMetadata(
            details.method,
            details.timeout,
            metadata,
            details.credentials,
            details.wait_for_ready,
            details.compression,
        )
