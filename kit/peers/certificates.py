"""Certificates from files, for both ends of a connection, and the same files again whenever they have changed.

A certificate names its peer by the URI `spiffe://wafa/<name>` among its subject alternative names, and a server besides
by the host name that it is reached by. All are signed by one authority, which signs for this deployment alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import structlog

from kit.config import ConfigError

_log = structlog.get_logger()

NAME_PREFIX = "spiffe://wafa/"


@dataclasses.dataclass(frozen=True)
class Certificates:
    """What the files held, in PEM."""

    chain: bytes
    key: bytes
    authority: bytes


@dataclasses.dataclass(frozen=True)
class CertificateFiles:
    """A certificate with those between it and the authority, its key, and the authority's certificate, each in PEM."""

    chain: Path
    key: Path
    authority: Path

    def read(self) -> Certificates:
        """What the files hold now. Raises ConfigError where one cannot be read, or the key is of another certificate.

        Files that are written one after the other do not fit for a moment.
        """
        try:
            found = Certificates(self.chain.read_bytes(), self.key.read_bytes(), self.authority.read_bytes())
            context = ssl.create_default_context(cadata=found.authority.decode())
            context.load_cert_chain(self.chain, self.key)
        except (OSError, ValueError) as error:
            names = f"{self.chain}, {self.key} and {self.authority}"
            raise ConfigError(f"{names} are no certificate with its key and its authority: {error}") from error
        return found

    def stamp(self) -> tuple[tuple[int, int], ...]:
        """Differs once a file has changed, also where a link to it was turned."""
        states = [path.stat() for path in (self.chain, self.key, self.authority)]
        return tuple((state.st_ino, state.st_mtime_ns) for state in states)


class WatchedCertificates:
    """Files and what they held when they were last whole. Safe for threads.

    Raises ConfigError when it is made of files that are no certificate; later ones that are none are passed over.
    """

    def __init__(self, files: CertificateFiles) -> None:
        self._files = files
        self._lock = threading.Lock()
        self._stamp: tuple[tuple[int, int], ...] = ()
        with contextlib.suppress(OSError):  # `read` reports missing files
            self._stamp = files.stamp()
        self.current = files.read()

    def refresh(self) -> bool:
        """Reads the files if they have changed, and says whether there is something new."""
        with self._lock, contextlib.suppress(OSError):
            stamp = self._files.stamp()
            if stamp == self._stamp:
                return False
            self._stamp = stamp
            return self._read_again()
        return False

    def _read_again(self) -> bool:
        try:
            self.current = self._files.read()
        except ConfigError as error:
            _log.warning("certificates_unusable", problem=str(error))
            self._stamp = ()  # looked at again, until they are whole
            return False
        _log.info("certificates_reloaded")
        return True


def server_credentials(files: CertificateFiles) -> grpc.ServerCredentials:
    """Credentials of a server, which demands of each client a certificate of the authority. Raises ConfigError."""
    watched = WatchedCertificates(files)

    # None means unchanged, which the types of gRPC do not know.
    def changed() -> Any:
        return _configuration(watched.current) if watched.refresh() else None

    return grpc.dynamic_ssl_server_credentials(_configuration(watched.current), changed, True)


def _configuration(found: Certificates) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(found.key, found.chain)], found.authority)


def name_in(auth_context: Mapping[str, Any]) -> str:
    """The name in the certificate that a client has shown; empty where it has shown none, or none of ours."""
    for uri in auth_context.get("peer_uri", ()):
        text: str = uri.decode(errors="replace")
        if text.startswith(NAME_PREFIX):
            return text.removeprefix(NAME_PREFIX)
    return ""
