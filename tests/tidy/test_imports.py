"""Who may know whom: the floor plan of docs/ARCHITECTURE.md, read off the syntax tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.tree import SERVICES, imports, sources

# What a room may import: of its own service, of the kit (all of it where nothing is said), and of other people's
# packages. A room that is not named here may import what it likes of its own service.
ROOMS: dict[str, set[str]] = {
    "config": set(),
    "domain": {"domain"},
    "ports": {"domain", "ports"},
    "convert": {"convert", "domain"},
    "rpc": {"convert", "handlers", "rpc"},
    "batch": {"announces", "batch", "domain", "storage"},
    "handlers": {"announces", "batch", "domain", "handlers", "phones", "ports", "storage"},
    "announces": {"domain"},
    "listens": {"domain", "storage"},
    "jobs": {"announces", "batch", "domain", "handlers", "storage"},
    "chain": {"tables"},
    "grants": set(),
    "storage": {"domain", "grants", "sealing", "storage", "tables"},
    "tables": {"domain", "sealing", "tables"},
    "clients": {"domain", "ports"},
    "conditions": {"conditions", "domain"},
    "phones": set(),
    "sealing": set(),
    "migrations": {"tables"},
}
KIT: dict[str, set[str]] = {
    "domain": {"kit.currencies", "kit.errors", "kit.texts"},
    "conditions": {"kit.errors"},
    "config": {"kit.chassis", "kit.config", "kit.suite"},
    "chain": {"kit.chain"},
    "grants": {"kit.rights"},
    "convert": {
        "kit.bounds",
        "kit.convert",
        "kit.currencies",
        "kit.errors",
        "kit.languages",
        "kit.page",
        "kit.validation",
    },
    "rpc": {"kit.rpc"},
}
# The contract stops at these rooms: nothing behind them knows what a proto is, or that there is a network.
# The syntax tree of a condition comes out of CEL as a message of its own.
SEES_PROTOS = {"announces", "app", "clients", "conditions", "convert", "listens", "rpc"}
SEES_SQL = {"app", "check", "listens", "migrations", "storage", "tables"}


def _room(path: Path) -> str:
    return path.parts[2].removesuffix(".py") if len(path.parts) > 2 else ""


@pytest.mark.parametrize("word", SERVICES)
def test_a_room_knows_only_the_rooms_it_may(word: str) -> None:
    for path, tree in sources("services"):
        if path.parts[1] != word or _room(path) not in ROOMS:
            continue
        own = {name.split(".")[2] for name in imports(tree) if name.startswith(f"services.{word}.")}
        assert own <= ROOMS[_room(path)], f"{path} imports {sorted(own - ROOMS[_room(path)])}"


@pytest.mark.parametrize("word", SERVICES)
def test_no_service_knows_another_or_the_gateway_or_the_command_line(word: str) -> None:
    forbidden = {f"services.{other}" for other in SERVICES if other != word} | {"gateway", "wafa"}
    for path, tree in sources("services"):
        if path.parts[1] == word:
            _expect_none(path, imports(tree), forbidden)


def test_the_gateway_knows_no_service() -> None:
    for path, tree in sources("gateway"):
        _expect_none(path, imports(tree), {"services", "wafa"})


def test_the_command_line_knows_services_as_processes_and_never_as_code() -> None:
    for path, tree in sources("wafa"):
        _expect_none(path, imports(tree), {"services", "gateway"})


def test_the_kit_knows_nothing_of_loyalty() -> None:
    for path, tree in sources("kit"):
        _expect_none(path, imports(tree), {"services", "gateway", "wafa", "loyalty"})


def test_a_domain_is_the_standard_library_and_the_words_of_refusal() -> None:
    for path, tree in sources("services"):
        if _room(path) == "domain":
            for name in imports(tree):
                top = name.split(".")[0]
                assert top in sys.stdlib_module_names or top in {"services", "kit"}, f"{path} imports {name}"


def test_rooms_take_only_what_they_need_from_the_kit() -> None:
    for path, tree in sources("services"):
        allowed = KIT.get(_room(path))
        if allowed is not None:
            taken = {name for name in imports(tree) if name.split(".")[0] == "kit"}
            modules = {".".join(name.split(".")[:2]) for name in taken}
            assert modules <= allowed, f"{path} imports {sorted(modules - allowed)}"


def test_protos_stop_at_the_rooms_that_convert_them() -> None:
    for path, tree in sources("services"):
        if _room(path) not in SEES_PROTOS:
            _expect_none(path, imports(tree), {"loyalty", "grpc", "google"})


def test_sql_stays_in_the_rooms_that_speak_it() -> None:
    for path, tree in sources("services"):
        if _room(path) not in SEES_SQL:
            _expect_none(path, imports(tree), {"sqlalchemy", "psycopg", "alembic"})


def test_the_gateway_loads_no_database() -> None:
    # Each of its workers would carry it along.
    probe = "import sys, gateway.app, gateway.server; print(*sorted({'sqlalchemy', 'psycopg'} & sys.modules.keys()))"
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("word", SERVICES)
def test_a_process_that_serves_loads_nothing_that_migrates(word: str) -> None:
    # It would start a quarter of a second later, and so would each of the checker's.
    probe = f"import sys, services.{word}.__main__; print(*sorted({{'alembic', 'mako'}} & sys.modules.keys()))"
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.strip() == ""


def _expect_none(path: Path, names: set[str], forbidden: set[str]) -> None:
    found = {name for name in names for prefix in forbidden if f"{name}.".startswith(f"{prefix}.")}
    assert not found, f"{path} imports {sorted(found)}"


def test_no_file_of_tests_takes_anything_from_another() -> None:
    for path, tree in sources("tests"):
        others = {name for name in imports(tree) if any(part.startswith("test_") for part in name.split(".")[:-1])}
        assert not others, f"{path} imports {sorted(others)}: what two files need has a file of its own"
