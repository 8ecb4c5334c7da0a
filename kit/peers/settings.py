"""The settings by which a process shows who it is and knows who calls, and what is made of them."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Collection, Mapping
from pathlib import Path

import grpc

from kit.config import ConfigError, setting
from kit.peers.certificates import CertificateFiles, server_credentials
from kit.peers.guard import UNCHECKED, CheckedPeers, NameOf, PeerGuard, by_certificate, by_token
from kit.peers.identity import NO_IDENTITY, CertificateIdentity, Identity, TokenIdentity

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class IdentitySettings:
    """Of every process that calls a service."""

    tls_certificate: str = setting(
        "file with the certificate that this process shows to others, in PEM; read again when it changes", default=""
    )
    tls_key: str = setting("file with the key of that certificate", default="")
    tls_ca: str = setting("file with the certificate of the authority that signs for all processes", default="")
    token: str = setting(
        "what this process shows to the services that it calls where it has no certificate", default="", secret=True
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class PeerSettings(IdentitySettings):
    """Of every process that is called, besides."""

    host: str = setting("address that the service listens on", default="127.0.0.1")
    peer_tokens: str = setting(
        "who may show which token where there are no certificates, as SHA-256 in hexadecimal digits: `name: hash, hash;"
        " name: hash`",
        default="",
    )
    peers: str = setting(
        "systems of your own that may call this service, and which methods: `name: Method, Method; name: Method`",
        default="",
    )
    peers_unchecked: bool = setting(
        "whether every process that reaches the port may call everything, on other addresses than loopback, too",
        default=False,
    )


@dataclasses.dataclass(frozen=True)
class PeerAdmission:
    """How a server takes connections and whom it lets call. Without credentials they are not encrypted."""

    guard: PeerGuard = UNCHECKED
    credentials: grpc.ServerCredentials | None = None


def identity_of(settings: IdentitySettings) -> Identity:
    """How the process shows who it is. Raises ConfigError where a file's name is missing."""
    files = files_of(settings)
    if files is not None:
        return CertificateIdentity(files)
    return TokenIdentity(settings.token) if settings.token else NO_IDENTITY


def expect_usable(settings: IdentitySettings) -> None:
    """Raises ConfigError where the files of the certificate are none, for who does not open them at once."""
    files = files_of(settings)
    if files is not None:
        files.read()


def admission_of(settings: PeerSettings, granted: Mapping[str, Collection[str]]) -> PeerAdmission:
    """Whom a service lets call: the suite's own peers by its table, and those that the operator names.

    Raises ConfigError where the settings contradict each other, or where any process on another machine could call and
    no setting allows it.
    """
    granted = _with_named(settings.peers, granted)
    files = files_of(settings)
    if files is not None:
        return PeerAdmission(CheckedPeers(by_certificate, granted), server_credentials(files))
    if settings.peer_tokens:
        return PeerAdmission(CheckedPeers(_by_tokens_of(settings.peer_tokens), granted))
    if not (settings.peers_unchecked or _is_loopback(settings.host)):
        raise ConfigError(
            f"any process that reaches {settings.host} could call everything: give *_TLS_CERTIFICATE, *_TLS_KEY "
            "and *_TLS_CA, or *_PEER_TOKENS, or say by *_PEERS_UNCHECKED=true that this is meant"
        )
    return PeerAdmission()


def files_of(settings: IdentitySettings) -> CertificateFiles | None:
    """The files of the certificate, if the process has one. Raises ConfigError where only some are named."""
    named = (settings.tls_certificate, settings.tls_key, settings.tls_ca)
    if not any(named):
        return None
    if not all(named):
        raise ConfigError("*_TLS_CERTIFICATE, *_TLS_KEY and *_TLS_CA belong together: give all three or none")
    chain, key, authority = map(Path, named)
    return CertificateFiles(chain, key, authority)


def _by_tokens_of(text: str) -> NameOf:
    names = {each: name for name, hashes in _lists(text, "*_PEER_TOKENS").items() for each in hashes}
    if wrong := [name for each, name in names.items() if not _HASH.fullmatch(each)]:
        raise ConfigError(f"*_PEER_TOKENS holds something else than the SHA-256 of a token for {', '.join(wrong)}")
    return by_token(names)


def _with_named(text: str, granted: Mapping[str, Collection[str]]) -> dict[str, Collection[str]]:
    """The table with the operator's own systems in it."""
    found, ours = dict(granted), {name for peers in granted.values() for name in peers}
    for name, methods in _lists(text, "*_PEERS").items():
        if name in ours:
            raise ConfigError(f"*_PEERS names {name}, which is a part of the suite and has its methods already")
        for method in methods:
            if method not in found:
                raise ConfigError(f"*_PEERS lets {name} call {method}, and the service has no such method")
            found[method] = {*found[method], name}
    return found


def _lists(text: str, variable: str) -> dict[str, list[str]]:
    """What `name: value, value; name: value` says."""
    found: dict[str, list[str]] = {}
    for part in filter(str.strip, text.split(";")):
        name, colon, values = part.partition(":")
        if not (colon and _NAME.fullmatch(name.strip()) and values.strip()):
            raise ConfigError(f"{variable} is not of the form `name: value, value; name: value`")
        found[name.strip()] = [value.strip() for value in values.split(",")]
    return found


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
