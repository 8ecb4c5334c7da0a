"""The manifests: well formed by Kubernetes' own schemas, modest in their rights, patient when they start and go."""

from __future__ import annotations

import dataclasses
import itertools
import shutil
from collections.abc import Iterator
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest

from kit.peers import OPERATOR
from kit.peers.certificates import NAME_PREFIX
from tests.unit.deploy.reading import (
    PROCESSES,
    Manifest,
    env_file,
    expect_certificate_in,
    named,
    of_cert_manager,
    plain_manifests,
    settings_of,
)

# The oldest and the newest that the schemas at hand and the manifests have in common.
VERSIONS = ("1.29", kubernetes_validate.latest_version())


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_what_kubernetes_expects(manifests: list[Manifest], version: str) -> None:
    for manifest in itertools.filterfalse(of_cert_manager, manifests):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_the_files_are_well_formed_before_kustomize_touches_them() -> None:
    for manifest in itertools.filterfalse(of_cert_manager, plain_manifests()):
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)


def test_no_pod_is_root_or_may_become_it(manifests: list[Manifest]) -> None:
    for name, pod in _pods(manifests):
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", name
        assert pod["automountServiceAccountToken"] is False, name
        for container in pod["containers"]:
            rights = container["securityContext"]
            assert rights["allowPrivilegeEscalation"] is False, name
            assert rights["readOnlyRootFilesystem"] is True, name
            assert rights["capabilities"] == {"drop": ["ALL"]}, name


def test_kubernetes_sets_no_variables_of_its_own(manifests: list[Manifest]) -> None:
    # For a Service `points` it would set POINTS_PORT to tcp://…, which is the name of a setting of ours.
    assert all(pod["enableServiceLinks"] is False for _, pod in _pods(manifests))


@pytest.mark.parametrize("word", PROCESSES)
def test_probes_ask_the_internal_port(word: str, manifests: list[Manifest]) -> None:
    container = _container(manifests, word)
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    settings = env_file(word)
    assert str(ports["internal"]) == settings[f"{word.upper()}_INTERNAL_PORT"]
    assert str(ports["http" if word == "gateway" else "grpc"]) == settings[f"{word.upper()}_PORT"]
    paths = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    for probe, path in paths.items():
        assert container[probe]["httpGet"] == {"path": path, "port": "internal"}


@pytest.mark.parametrize("word", PROCESSES)
def test_a_pod_has_time_to_wait_for_its_database_and_to_end_its_requests(word: str, manifests: list[Manifest]) -> None:

    settings = settings_of(word)
    pod = named(manifests, "Deployment")[word]["spec"]["template"]["spec"]
    pause_s = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    drain_s = _default(settings[f"{word.upper()}_DRAIN_S"])
    assert pod["terminationGracePeriodSeconds"] > pause_s + drain_s
    startup = pod["containers"][0]["startupProbe"]
    wait = settings.get(f"{word.upper()}_DATABASE_WAIT_S")
    assert startup["periodSeconds"] * startup["failureThreshold"] > (_default(wait) if wait else 0)


def test_every_container_says_what_it_needs(manifests: list[Manifest]) -> None:
    for name, pod in _pods(manifests):
        for container in pod["containers"]:
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), name
            assert "memory" in container["resources"]["limits"], name


def test_secrets_are_named_and_never_there(manifests: list[Manifest]) -> None:
    assert not named(manifests, "Secret")
    for name, pod in _pods(manifests):
        for container in pod["containers"]:
            for variable in container["env"]:
                reference = variable["valueFrom"]["secretKeyRef"]
                secret = name.removeprefix("migrate-")
                # Of the role that owns the tables, the pods that serve learn nothing.
                owner = name.startswith("migrate-") and variable["name"] == f"{secret}_OWNER_DATABASE_URL".upper()
                assert reference == {"name": f"{secret}-owner" if owner else secret, "key": variable["name"]}


@pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl, whose kustomize makes ConfigMaps of env files")
def test_every_pod_reads_the_env_file_of_its_process(manifests: list[Manifest]) -> None:
    maps = named(manifests, "ConfigMap")
    for name, pod in _pods(manifests):
        word = name.removeprefix("migrate-")
        (source,) = pod["containers"][0]["envFrom"]
        assert maps[source["configMapRef"]["name"]]["data"] == env_file(word)


def test_who_may_knock_at_a_service_is_who_has_its_address(manifests: list[Manifest]) -> None:
    policies = named(manifests, "NetworkPolicy")
    for word in PROCESSES:
        if word == "gateway":
            continue
        first = policies[word]["spec"]["ingress"][0]
        let_in = {each["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for each in first["from"]}
        knows = {other for other in PROCESSES if any(_is_address_of(word, name) for name in env_file(other))}
        assert let_in == knows
        assert first["ports"] == [{"port": "grpc"}]


def test_each_peer_has_a_certificate_that_names_it(manifests: list[Manifest]) -> None:
    issuers, certificates = named(manifests, "Issuer"), named(manifests, "Certificate")
    authority = certificates.pop("authority")["spec"]
    assert issuers[authority["issuerRef"]["name"]]["spec"] == {"selfSigned": {}}
    assert authority["isCA"] is True
    assert certificates.keys() == {*PROCESSES, OPERATOR}
    for name, certificate in certificates.items():
        said = certificate["spec"]
        assert said["uris"] == [NAME_PREFIX + name]
        assert said["usages"] == ["server auth", "client auth"]
        assert issuers[said["issuerRef"]["name"]]["spec"] == {"ca": {"secretName": authority["secretName"]}}


@pytest.mark.parametrize("word", PROCESSES)
def test_a_pod_reads_the_certificate_of_its_process(word: str, manifests: list[Manifest]) -> None:
    pod = named(manifests, "Deployment")[word]["spec"]["template"]["spec"]
    (volume,) = (each for each in pod["volumes"] if each["name"] == "tls")
    assert volume["secret"]["secretName"] == named(manifests, "Certificate")[word]["spec"]["secretName"]
    (mount,) = (each for each in pod["containers"][0]["volumeMounts"] if each["name"] == "tls")
    expect_certificate_in(word, mount["mountPath"])
    # Its neighbours reach it by its word, and ask for a certificate of that name.
    assert word in named(manifests, "Certificate")[word]["spec"]["dnsNames"]


def _is_address_of(word: str, variable: str) -> bool:
    return variable.removeprefix("GATEWAY_") == f"{word.upper()}_ADDRESS"


def _default(setting: dataclasses.Field[Any]) -> int:
    default: Any = setting.default
    return int(default)


def _pods(manifests: list[Manifest]) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in ("Deployment", "Job"):
        for name, manifest in named(manifests, kind).items():
            yield name, manifest["spec"]["template"]["spec"]


def _container(manifests: list[Manifest], word: str) -> dict[str, Any]:
    (container,) = named(manifests, "Deployment")[word]["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = container
    return found
