"""The compose file: well formed by compose's own schema, and without secrets in it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.unit.deploy.reading import DEPLOY, PROCESSES, SERVICES, expect_certificate_in

REQUIRED = re.compile(r"\$\{(\w+):\?")
ANY = re.compile(r"(?<!\$)\$\{?(\w+)")


def test_the_file_is_what_compose_expects() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    found = subprocess.run([*command, str(DEPLOY / "compose.yaml")], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_secret_comes_from_the_operator_and_is_asked_for_by_name() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    example = (DEPLOY / "secrets.env.example").read_text()
    offered = re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE)
    assert set(REQUIRED.findall(text)) == {name for name, _ in offered}
    assert {value for _, value in offered} == {""}
    # What is not required has a default that is no secret.
    assert set(ANY.findall(text)) - set(REQUIRED.findall(text)) == {"WAFA_IMAGE", "WAFA_PORT"}


@pytest.mark.parametrize("word", PROCESSES)
def test_a_process_has_its_env_file_and_its_command(word: str, compose: Mapping[str, Any]) -> None:
    service = compose["services"][word]
    assert service["env_file"] == [f"env/{word}.env"]
    assert service["command"] == (["gateway"] if word == "gateway" else [f"services.{word}", "serve"])


@pytest.mark.parametrize("word", SERVICES)
def test_a_service_starts_on_a_migrated_database(word: str, compose: Mapping[str, Any]) -> None:
    job, service = compose["services"][f"migrate-{word}"], compose["services"][word]
    assert job["command"] == [f"services.{word}", "migrate"]
    owner = f"{word.upper()}_OWNER_DATABASE_URL"
    assert job["environment"].keys() == service["environment"].keys() | {owner}
    assert job["environment"][owner].startswith(f"postgresql+psycopg://{word}_owner:")
    assert service["environment"].items() <= job["environment"].items()
    assert job["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert service["depends_on"][f"migrate-{word}"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize("word", PROCESSES)
def test_a_process_reads_its_own_certificate_and_no_other(word: str, compose: Mapping[str, Any]) -> None:
    (volume,) = compose["services"][word]["volumes"]
    source, folder, mode = volume.split(":")
    # As `python -m wafa certificates deploy/certificates` writes them.
    assert (source, mode) == (f"./certificates/{word}", "ro")
    expect_certificate_in(word, folder)


def test_our_processes_can_do_little_and_write_nowhere(compose: Mapping[str, Any]) -> None:
    for name, service in _ours(compose):
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_only_the_door_is_open_to_other_machines(compose: Mapping[str, Any]) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    gateway = published.pop("gateway")
    assert gateway == ["${WAFA_PORT:-8080}:8080"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_every_long_lived_container_says_how_it_is(compose: Mapping[str, Any]) -> None:
    for name, service in compose["services"].items():
        if name in PROCESSES:  # by the HEALTHCHECK of their image
            assert "healthcheck" not in service
        elif name.startswith("migrate-"):
            assert service["healthcheck"] == {"disable": True}
        else:
            assert service["healthcheck"]["test"]


def _ours(compose: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((name, each) for name, each in compose["services"].items() if name not in {"postgres", "valkey"})
