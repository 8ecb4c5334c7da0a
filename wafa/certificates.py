"""Certificates for a deployment without an authority of its own: one authority, and a certificate for each peer.

    ca.key                 signs; belongs where only the operator reads it; no process needs it
    <name>/tls.crt, tls.key, ca.crt
                           what one process is given, under the names that cert-manager uses, too

Only the operator can enter the folder itself. The folders in it are readable by all, because containers that get one of
them run as another user.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kit.peers.certificates import NAME_PREFIX, CertificateFiles

AUTHORITY_DAYS = 3_650
DAYS = 90
# A machine whose clock is a little slow believes in a new certificate, too.
CLOCK_SKEW = timedelta(minutes=10)

_AUTHORITY_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "wafa")])


class CertificateAuthority:
    """The authority of one folder, made with the folder where there is none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key = self._provide_key()
        self._certificate = self._provide_certificate()

    def issue(self, name: str, *, days: int = DAYS) -> CertificateFiles:
        """Writes a new certificate and key for the peer of that name, in place of those that it had."""
        folder = self._folder / name
        folder.mkdir(mode=0o755, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_AUTHORITY_NAME, x509.Name([]), key, days)
        builder = builder.add_extension(x509.SubjectAlternativeName(_names_of(name)), critical=True)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        files = files_in(folder)
        _replace(files.key, _pem(key), mode=0o644)
        _replace(files.chain, builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM), mode=0o644)
        _replace(files.authority, self._certificate, mode=0o644)
        return files

    def _provide_key(self) -> ec.EllipticCurvePrivateKey:
        file = self._folder / "ca.key"
        if not file.exists():
            _replace(file, _pem(ec.generate_private_key(ec.SECP256R1())), mode=0o600)
        key = load_pem_private_key(file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{file} is no key of ours")
        return key

    def _provide_certificate(self) -> bytes:
        file = self._folder / "ca.crt"
        if not file.exists():
            builder = _builder(_AUTHORITY_NAME, _AUTHORITY_NAME, self._key, AUTHORITY_DAYS)
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            _replace(file, builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM), mode=0o644)
        return file.read_bytes()


def files_in(folder: Path) -> CertificateFiles:
    """The files of a peer by the names that they have here and in a Secret of cert-manager's."""
    return CertificateFiles(folder / "tls.crt", folder / "tls.key", folder / "ca.crt")


def _names_of(name: str) -> Sequence[x509.GeneralName]:
    """Who it is, and how it is reached: by its word from its neighbours, and from the machine that it runs on."""
    loopback = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    return (x509.UniformResourceIdentifier(NAME_PREFIX + name), x509.DNSName(name), *loopback)


def _builder(
    issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + timedelta(days=days))
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _replace(file: Path, content: bytes, *, mode: int) -> None:
    """Writes a file whole: who reads it meanwhile finds the old one."""
    draft = file.with_name(f"{file.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as out:
        os.fchmod(out.fileno(), mode)
        out.write(content)
    draft.replace(file)
