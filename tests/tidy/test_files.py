"""Files that stay readable, and say nothing of the machines they were written on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.tidy.tree import ROOT, files, functions, sources

# The median of a file here is about a hundred lines. A test file is a list of facts, of which one is read at a time.
LINES_MAX = 420
TEST_LINES_MAX = 750
FUNCTION_LINES_MAX = 70

CODE = ("kit", "services", "gateway", "wafa", "scripts", "deploy", "bench")
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".yaml",
    ".yml",
    ".sh",
    ".proto",
    ".env",
    ".example",
    ".awk",
    ".json",
    ".lock",
    ".mako",
    "",
}

# A package index, a registry or a mirror; ours may be anywhere, so none is named. Documentation may link to others.
REGISTRY = re.compile(
    r"(?i)pypi\.(org|python)|files\.pythonhosted|registry\.npmjs|npmmirror|simple/\+f|/simple/?\"|artifactory"
)
PERSONAL_PATH = re.compile(r"(?<![\w.])/(?:home|Users|root|work|mnt)/[\w.-]+")


@pytest.mark.parametrize("folders", [CODE, ("tests",)], ids=["code", "tests"])
def test_no_file_is_too_long(folders: tuple[str, ...]) -> None:
    bound = TEST_LINES_MAX if folders == ("tests",) else LINES_MAX
    long = {}
    for path, _ in sources(*folders):
        lines = len((ROOT / path).read_text().splitlines())
        if lines > bound and "migrations" not in path.parts:  # written once, and never edited
            long[str(path)] = lines
    assert not long, f"make it a folder of the same name, a file a noun: {long}"


def test_no_function_is_too_long() -> None:
    long = {}
    for path, tree in sources(*CODE, "tests"):
        for function in functions(tree):
            lines = (function.end_lineno or 0) - function.lineno + 1
            if lines > FUNCTION_LINES_MAX and "migrations" not in path.parts:
                long[f"{path}:{function.lineno} {function.name}"] = lines
    assert not long


def test_tests_wait_for_what_they_want_and_never_for_time() -> None:
    for path, tree in sources("tests"):
        for node in ast.walk(tree):
            assert not _is_sleep(node), f"{path}:{getattr(node, 'lineno', 0)} sleeps; `tests.fixtures.waiting` waits"


def test_nothing_is_put_off() -> None:
    words = "|".join(("TO" + "DO", "FIX" + "ME", "HA" + "CK"))
    for path in _texts():
        found = re.search(rf"\b({words})\b", (ROOT / path).read_text())
        assert not found, f"{path} puts something off: open an issue, or do it"


def test_locks_do_not_say_where_they_were_made() -> None:
    locks = [path for path in files() if path.name.endswith((".lock", "-lock.json"))]
    assert len(locks) >= 4
    for path in locks:
        assert "://" not in (ROOT / path).read_text(), path


def test_no_file_names_a_registry_or_somebodys_folder() -> None:
    for path in _texts():
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            if path.parts[0] != "tests":  # which try how the bootstrap treats all kinds of them
                assert not REGISTRY.search(line), f"{path}:{number} names a registry"
                assert not PERSONAL_PATH.search(line), f"{path}:{number} names a folder of one person's machine"


def test_secrets_are_not_here() -> None:
    assert not [path for path in files() if path.name in {"secrets.env", "secrets.json", "keys.json", "passwords.json"}]
    key = re.compile(r"wafa_(?:till|app|staff|admin)_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}")
    for path in _texts():
        assert not key.search((ROOT / path).read_text()), f"{path} holds an API key"


def _texts() -> list[Path]:
    return [path for path in files() if path.suffix in TEXT and "gen" not in path.parts and path.name != "LICENSE"]


def _is_sleep(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in {"time.sleep", "sleep"}
