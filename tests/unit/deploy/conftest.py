"""The compose file and the manifests, read once."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tests.unit.deploy.reading import DEPLOY, Manifest, plain_manifests


@pytest.fixture(scope="session")
def compose() -> Mapping[str, Any]:
    """The compose file."""
    read: Mapping[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return read


@pytest.fixture(scope="session")
def manifests() -> list[Manifest]:
    """Everything that an apply of the production overlay would send; without kubectl, the base's files as they are."""
    if shutil.which("kubectl"):
        command = ["kubectl", "kustomize", str(DEPLOY / "kubernetes" / "production")]
        rendered = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [manifest for manifest in yaml.safe_load_all(rendered) if manifest]
    return plain_manifests()
