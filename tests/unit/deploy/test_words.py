"""One word, everywhere: the folder of a service has its name in deploy/, too."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.deploy.reading import DEPLOY, PROCESSES, SERVICES, Manifest, env_file, named, settings_of
from wafa.launcher.ports import GATEWAY_PORT, WANTED, WANTED_INTERNAL


def test_each_process_has_an_env_file_and_no_env_file_is_left_over() -> None:
    assert sorted(file.stem for file in (DEPLOY / "env").glob("*.env")) == sorted(PROCESSES)


def test_each_process_has_its_compose_service(compose: Mapping[str, Any]) -> None:
    migrations = {f"migrate-{word}" for word in SERVICES}
    assert set(compose["services"]) == {*PROCESSES, *migrations, "postgres", "valkey"}


def test_each_process_has_its_deployment_service_and_disruption_budget(manifests: list[Manifest]) -> None:
    for kind in ("Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"):
        assert set(named(manifests, kind)) == set(PROCESSES), kind
    assert set(named(manifests, "Job")) == {f"migrate-{word}" for word in SERVICES}


@pytest.mark.parametrize("word", PROCESSES)
def test_an_env_file_sets_known_settings_and_no_secrets(word: str) -> None:
    known = settings_of(word)
    for variable in env_file(word):
        assert variable in known, f"{word} has no setting {variable}"
        assert not known[variable].metadata["secret"], f"{variable} is a secret"


@pytest.mark.parametrize("word", PROCESSES)
def test_every_process_listens_where_the_launcher_would_have_it(word: str) -> None:
    settings, upper = env_file(word), word.upper()
    port = GATEWAY_PORT if word == "gateway" else WANTED[word]
    assert settings[f"{upper}_PORT"] == str(port)
    assert settings[f"{upper}_INTERNAL_PORT"] == str(WANTED_INTERNAL[word])
    # A container's own loopback is of no use to its neighbours.
    assert settings[f"{upper}_HOST"] == settings[f"{upper}_INTERNAL_HOST"] == "0.0.0.0"  # noqa: S104 - read here, and nothing listens there


@pytest.mark.parametrize("word", PROCESSES)
def test_a_process_finds_its_neighbours_by_their_word_and_port(word: str) -> None:
    addresses = {variable for variable in settings_of(word) if variable.endswith("_ADDRESS")}
    settings = env_file(word)
    for variable in addresses:
        neighbour = variable.removeprefix("GATEWAY_").removesuffix("_ADDRESS").lower()
        assert settings[variable] == f"{neighbour}:{WANTED[neighbour]}"


@pytest.mark.parametrize("word", PROCESSES)
def test_compose_and_kubernetes_give_a_process_the_secrets_it_has_to_have(
    word: str, compose: Mapping[str, Any], manifests: list[Manifest]
) -> None:
    known = settings_of(word)
    secrets = {variable for variable, field in known.items() if field.metadata["secret"]}
    required = {variable for variable in secrets if not _has_default(known[variable])} | {"REDIS_URL"}
    in_compose = set(compose["services"][word].get("environment", {}))
    assert required <= in_compose <= secrets
    (container,) = named(manifests, "Deployment")[word]["spec"]["template"]["spec"]["containers"]
    assert {variable["name"] for variable in container["env"]} == in_compose


def _has_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is not dataclasses.MISSING
