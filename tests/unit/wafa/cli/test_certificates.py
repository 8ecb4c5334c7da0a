"""Certificates for a deployment, by one command."""

from __future__ import annotations

import ssl
from pathlib import Path

from cryptography import x509
from typer.testing import CliRunner

from wafa.certificates import files_in
from wafa.cli.main import app

URI = x509.UniformResourceIdentifier


def run(*arguments: str) -> str:
    ran = CliRunner().invoke(app, ["certificates", *arguments])
    assert ran.exit_code == 0, ran.output
    return ran.output


def test_every_peer_gets_its_own_and_no_other_user_can_enter(tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    assert "ca.key" in run(str(folder))
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "ca.key").stat().st_mode & 0o777 == 0o600
    for name in ("members", "points", "rewards", "gateway", "operator"):
        found = x509.load_pem_x509_certificate(files_in(folder / name).chain.read_bytes())
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(URI) == [f"spiffe://wafa/{name}"]


def test_the_same_authority_signs_again_for_whom_it_is_asked(tmp_path: Path) -> None:
    run(str(tmp_path))
    before = files_in(tmp_path / "points").chain.read_bytes()
    run(str(tmp_path), "--name", "crm", "--days", "7")
    crm = files_in(tmp_path / "crm")
    ssl.create_default_context(cafile=files_in(tmp_path / "points").authority).load_cert_chain(crm.chain, crm.key)
    assert crm.authority.read_bytes() == (tmp_path / "ca.crt").read_bytes()
    assert files_in(tmp_path / "points").chain.read_bytes() == before
