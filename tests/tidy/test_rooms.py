"""The same rooms in each service, and the same words in each room."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from kit.contract import services_of
from tests.tidy.tree import ROOT, SERVICES, sources

EVERYWHERE = {
    "__init__", "__main__", "announces", "app", "chain", "check", "config", "convert", "domain", "grants", "handlers",
    "jobs", "migrations", "peers", "ports", "rpc", "storage", "tables",
}  # fmt: skip

# Rooms that only some need: a service that calls no other needs no clients, one that consumes no events no `listens`,
# one without personal data no `sealing`; only the ledger has so many concurrent writes that it groups them, and rules
# with a language of their own.
SOMEWHERE = {
    "clients": {"points", "rewards"},
    "batch": {"points"},
    "conditions": {"points"},
    "listens": {"points", "rewards"},
    "phones": {"members"},
    "sealing": {"members"},
}

# What the rooms of points are divided into, each in the same way.
QUARTERS = {"sales", "ledger", "earning", "program"}


def test_every_service_stands_in_the_list_of_services() -> None:
    assert {folder.parent.name for folder in (ROOT / "services").glob("*/app.py")} == set(SERVICES)


@pytest.mark.parametrize("word", SERVICES)
def test_a_service_has_the_rooms_of_the_plan_and_no_others(word: str) -> None:
    folder = ROOT / "services" / word
    # A folder of bytecode alone remains of a room that was renamed.
    rooms = {path.relative_to(folder).parts[0].removesuffix(".py") for path in folder.rglob("*.py")}
    assert rooms == EVERYWHERE | {room for room, words in SOMEWHERE.items() if word in words}


@pytest.mark.parametrize("word", SERVICES)
def test_a_word_is_the_same_in_the_contract_the_tests_and_the_map(word: str) -> None:
    assert (ROOT / "protos" / "loyalty" / word / "v1").is_dir()
    assert (ROOT / "tests" / "integration" / word).is_dir()
    assert f"| `{word}` |" in (ROOT / "docs" / "ARCHITECTURE.md").read_text()


@pytest.mark.parametrize("word", SERVICES)
def test_every_rpc_is_a_method_of_its_name_in_the_servicer_and_in_a_handler(word: str) -> None:
    rpcs = {each.name: [method.name for method in each.methods] for each in services_of(word)}
    assert dict(_served(word)) == rpcs, "a servicer follows the order of the contract"
    handled = {
        node.name
        for path, tree in sources("services")
        if path.parts[1:3] == (word, "handlers")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    assert {_snake(name) for names in rpcs.values() for name in names} <= handled


def _served(word: str) -> Iterator[tuple[str, list[str]]]:
    """The services of the contract by their servicers, each with its methods in their order."""
    for path, tree in sources("services"):
        if path.parts[1] == word and path.with_suffix("").parts[2] == "rpc":
            for node in (each for each in tree.body if isinstance(each, ast.ClassDef)):
                methods = [each.name for each in node.body if isinstance(each, ast.FunctionDef)]
                yield node.name.replace("Servicer", "Service"), [name for name in methods if name != "__init__"]


@pytest.mark.parametrize("word", SERVICES)
def test_migrations_are_numbered_without_gaps(word: str) -> None:
    versions = sorted((ROOT / "services" / word / "migrations" / "versions").glob("*.py"))
    assert [path.name[:4] for path in versions] == [f"{number:04}" for number in range(1, len(versions) + 1)]
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.py", path.name) for path in versions)


@pytest.mark.parametrize("word", SERVICES)
def test_a_service_says_what_it_owns_and_promises(word: str) -> None:
    about = ast.get_docstring(ast.parse((ROOT / "services" / word / "__init__.py").read_text())) or ""
    for said in ("romises", "alled by", "alls "):
        assert said in about, f"services/{word}/__init__.py does not say whom it calls, who calls it, what it promises"


@pytest.mark.parametrize("word", SERVICES)
def test_every_write_is_known_by_its_request_id(word: str) -> None:
    reads = ("Get", "List", "Resolve", "Preview", "Authenticate", "Export", "Diff")
    for method in (method for each in services_of(word) for method in each.methods):
        fields = method.input_type.fields_by_name
        if "items" in fields:  # many commands in one call, each with its own
            items = fields["items"].message_type
            assert items is not None
            fields = items.fields_by_name
        assert ("request_id" in fields) != method.name.startswith(reads), method.name


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def test_a_noun_of_points_has_its_file_in_the_same_quarter_of_each_room() -> None:
    quarters: dict[str, set[str]] = {}
    for path in (ROOT / "services" / "points").glob("*/*/*.py"):
        if path.parent.name in QUARTERS and path.stem != "__init__":
            quarters.setdefault(path.stem, set()).add(path.parent.name)
    assert {noun: found for noun, found in quarters.items() if len(found) > 1} == {}


@pytest.mark.parametrize("room", ["convert", "domain", "handlers", "storage", "tables"])
def test_a_room_of_points_has_every_quarter(room: str) -> None:
    folders = {path.parent.name for path in (ROOT / "services" / "points" / room).glob("*/__init__.py")}
    assert folders == QUARTERS
