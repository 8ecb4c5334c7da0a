"""What deploy/ says, and what the tree says that it must agree with."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from typing import Any

import yaml

from kit.config import variable_of
from kit.suite import suite

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"

# The gateway is a process beside them.
SERVICES = suite().words
PROCESSES = (*SERVICES, "gateway")

Manifest = dict[str, Any]


def settings_of(word: str) -> dict[str, dataclasses.Field[Any]]:
    """The settings of a process by the names of their variables."""
    module = importlib.import_module("gateway.config" if word == "gateway" else f"services.{word}.config")
    return {variable_of(field, word.upper()): field for field in dataclasses.fields(module.Config)}


def env_file(word: str) -> dict[str, str]:
    """What the process's env file sets."""
    lines = (DEPLOY / "env" / f"{word}.env").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return dict(pair for pair in pairs if len(pair) == 2)


def expect_certificate_in(word: str, folder: str) -> None:
    """Fails unless the process's settings name its certificate there, by the names of cert-manager's Secrets."""
    files = {"CERTIFICATE": "tls.crt", "KEY": "tls.key", "CA": "ca.crt"}
    for setting, file in files.items():
        assert env_file(word)[f"{word.upper()}_TLS_{setting}"] == f"{folder}/{file}"


def plain_manifests() -> list[Manifest]:
    """The manifests that the kustomizations name, before any of their patches."""
    found: list[Manifest] = []
    for file in sorted((DEPLOY / "kubernetes").glob("*/*.yaml")):
        if file.name != "kustomization.yaml":
            found += [manifest for manifest in yaml.safe_load_all(file.read_text()) if manifest]
    return found


def of_cert_manager(manifest: Manifest) -> bool:
    """Whether cert-manager reads it, whose kinds the schemas of Kubernetes do not know."""
    return bool(manifest["apiVersion"] == "cert-manager.io/v1")


def named(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    """The manifests of one kind by name."""
    return {manifest["metadata"]["name"]: manifest for manifest in manifests if manifest["kind"] == kind}
