"""How a server knows the peer of a call, and which methods the peer may call. Only what a table grants is allowed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

import grpc

from kit.errors import Forbidden, Unauthenticated
from kit.peers import GATEWAY, certificates
from kit.peers.identity import TOKEN_HEADER, TOKEN_SCHEME, hash_of


class PeerUnknown(Unauthenticated):
    """The service does not know the process that calls: it shows no certificate and no token, or another's."""

    reason = "PEER_UNKNOWN"


class PeerNotAllowed(Forbidden):
    """The service knows the process that calls, and does not let it call this method."""

    reason = "PEER_NOT_ALLOWED"


@dataclasses.dataclass(frozen=True)
class Peer:
    """The process at the other end of a call. `name` is empty where the server does not know it.

    `names_callers` says whether the server believes the caller that its metadata names; other peers call for
    themselves.
    """

    name: str
    names_callers: bool


class PeerGuard(Protocol):
    """What stands before every method of a server."""

    def peer_of(self, context: grpc.ServicerContext) -> Peer:
        """The peer of the call, known or not."""
        ...

    def expect_known(self, peer: Peer) -> None:
        """Refuses a peer that the server does not know, for every method."""
        ...

    def expect_allowed(self, peer: Peer, method: str) -> None:
        """Refuses a peer that may not call the method, such as `shop.pantry.v1.PantryService/TakeJar`."""
        ...


class UncheckedPeers:
    """Lets every peer call every method and name its caller: for a machine's own loopback."""

    def peer_of(self, context: grpc.ServicerContext) -> Peer:
        """A peer without a name, which may name callers."""
        return Peer("", names_callers=True)

    def expect_known(self, peer: Peer) -> None:
        """Accepts every peer."""

    def expect_allowed(self, peer: Peer, method: str) -> None:
        """Allows every method."""


UNCHECKED = UncheckedPeers()

NameOf = Callable[[grpc.ServicerContext], str]


class CheckedPeers:
    """Knows peers by `name_of`. `granted` says by the names of methods, without their service, who may call them."""

    def __init__(self, name_of: NameOf, granted: Mapping[str, Collection[str]]) -> None:
        self._name_of = name_of
        self._granted = {method: frozenset(peers) for method, peers in granted.items()}
        self._known = frozenset().union(*self._granted.values())

    def peer_of(self, context: grpc.ServicerContext) -> Peer:
        """Who calls, by what it shows."""
        name = self._name_of(context)
        return Peer(name, names_callers=name == GATEWAY)

    def expect_known(self, peer: Peer) -> None:
        """Refuses a peer that may call no method here."""
        if not peer.name:
            raise PeerUnknown("this service answers peers that it knows, and does not know who calls")
        if peer.name not in self._known:
            raise PeerNotAllowed(f"`{peer.name}` may call nothing here", peer=peer.name)

    def expect_allowed(self, peer: Peer, method: str) -> None:
        """Refuses what the table does not grant."""
        name = method.rpartition("/")[2]
        if peer.name in self._granted.get(name, ()):
            return
        self.expect_known(peer)
        raise PeerNotAllowed(f"`{peer.name}` may not call {name}", peer=peer.name, method=name)


def by_certificate(context: grpc.ServicerContext) -> str:
    """The name in the certificate of the connection."""
    return certificates.name_in(context.auth_context())


def by_token(names: Mapping[str, str]) -> NameOf:
    """The name of the token that a call bears. `names` has them by the tokens' hashes."""

    def name_of(context: grpc.ServicerContext) -> str:
        for key, value in context.invocation_metadata():
            if key == TOKEN_HEADER and isinstance(value, str) and value.startswith(TOKEN_SCHEME):
                return names.get(hash_of(value.removeprefix(TOKEN_SCHEME)), "")
        return ""

    return name_of
