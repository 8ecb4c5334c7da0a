"""What the tests of this folder look at: the files of the repository, and the imports in them."""

from __future__ import annotations

import ast
import functools
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from kit.suite import suite

ROOT = Path(__file__).resolve().parents[2]
SERVICES = suite().words


@functools.cache
def files() -> tuple[Path, ...]:
    """Every file of the repository that is there, relative to its root; all of an archive without history."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        found = [Path(name) for name in listed.split("\0") if name]
    else:
        found = [path.relative_to(ROOT) for path in ROOT.rglob("*") if not _made(path.relative_to(ROOT))]
    return tuple(sorted(path for path in found if (ROOT / path).is_file()))


def _made(path: Path) -> bool:
    """Whether a tool of ours makes it: what .gitignore names."""
    return any(
        part in {"__pycache__", "node_modules"} or (part.startswith(".") and part != ".ci") for part in path.parts
    )


def sources(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """The Python files below the folders with their syntax trees, without what a generator writes."""
    for path in files():
        if path.suffix == ".py" and path.parts[0] in folders and "gen" not in path.parts:
            yield path, _parsed(path)


@functools.cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def imports(tree: ast.Module) -> set[str]:
    """The full names that a file imports, at any depth: modules, and what is taken from them."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports here are absolute"
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Every function, at any depth."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def functions_within(function: ast.FunctionDef) -> Iterator[ast.FunctionDef]:
    """The functions that a function makes."""
    return (node for node in ast.walk(function) if isinstance(node, ast.FunctionDef) and node is not function)
