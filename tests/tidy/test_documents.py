"""Documents that cannot rot: what they name is there, what is there is named."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.wire.points.receipts import PurchaseAnswer
from gateway.wire.points.sales import PurchaseBody
from tests.tidy.tree import ROOT, files

DOCUMENTS = [path for path in files() if path.suffix == ".md"]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
DECISION_LINES_MAX = 60

README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()

# Made by the bootstrap for the other targets; no person types them.
INNER_TARGETS = {"env-run", "env-dev"}


# ---- what is written from the code


@pytest.mark.parametrize("script", ["manifests.py", "notice.py", "proto.py", "reference.py"])
def test_what_is_written_from_the_code_is_up_to_date(script: str) -> None:
    command = [sys.executable, f"scripts/{script}", "--check"]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "protos" / "gen")])}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_variable_of_our_own_is_in_the_reference() -> None:
    reference = (ROOT / "docs" / "reference" / "config.md").read_text()
    for path in files():
        if path.suffix == ".py" and path.parts[0] in {"kit", "services", "gateway", "wafa", "scripts"}:
            for variable in re.findall(r'"(WAFA_[A-Z_]+)"', (ROOT / path).read_text()):
                assert f"`{variable}`" in reference, f"{path} reads {variable}"


# ---- make


def test_every_target_is_in_the_table_of_contents() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*)(?: [a-z-]+)*:(?!=)", MAKEFILE, re.MULTILINE)) - INNER_TARGETS - {"help"}
    listed = subprocess.run(["awk", "-f", "scripts/contents.awk", "Makefile"], cwd=ROOT, capture_output=True, text=True)
    assert targets == set(re.findall(r"^  make ([a-z-]+)", listed.stdout, re.MULTILINE))


def test_every_target_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*)(?: [a-z-]+)*:(?!=)", MAKEFILE, re.MULTILINE))
    for path in DOCUMENTS:
        for target in re.findall(r"(?:^|`)make ([a-z][a-z-]*)", (ROOT / path).read_text(), re.MULTILINE):
            assert target in targets, f"{path} names `make {target}`"


def test_the_readme_names_what_a_newcomer_types() -> None:
    for target in ("run", "demo", "check", "test", "test-deep", "reset"):
        assert f"make {target}" in README


# ---- commands, links, paths


def test_every_test_that_a_document_runs_exists() -> None:
    for path in DOCUMENTS:
        for named in re.findall(r"T=([\w/.]+)", (ROOT / path).read_text()):
            assert (ROOT / named).exists(), f"{path} runs {named}"


def test_every_command_line_that_a_document_shows_is_known() -> None:
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "protos" / "gen")])}
    commands = {
        tuple(words.split())
        for path in DOCUMENTS
        for words in re.findall(r"python -m wafa((?: [a-z]+)+)", (ROOT / path).read_text())
    }
    # `keys create admin`: the last word may be an argument.
    for command in sorted({words[: 2 if words[0] in {"keys", "programs"} else 1] for words in commands}):
        shown = subprocess.run(
            [sys.executable, "-m", "wafa", *command, "--help"], cwd=ROOT, env=environ, capture_output=True, check=False
        )
        assert shown.returncode == 0, command


def test_every_link_within_the_repository_leads_somewhere() -> None:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", (ROOT / path).read_text()):
            if "://" not in target:
                assert (ROOT / path.parent / target).exists(), f"{path} links to {target}"


def test_every_file_that_a_document_names_is_there() -> None:
    tops = {path.parts[0] for path in files()}
    for path in DOCUMENTS:
        for named in re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|sh|yaml|toml|proto|md))`", (ROOT / path).read_text()):
            if named.split("/")[0] in tops:
                assert (ROOT / named).exists(), f"{path} names {named}"


# ---- the call in the README


def test_the_readmes_question_is_one_that_the_door_takes() -> None:
    (body,) = re.findall(r"-d '(\{.*?\})'\n", README.replace("'$(date -u +%F)'", "2026-11-22"), re.DOTALL)
    PurchaseBody.model_validate(json.loads(body))


def test_the_readmes_answer_is_one_that_the_door_gives() -> None:
    (answer,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    schema = PurchaseAnswer.model_json_schema()
    known = {name for model in [schema, *schema["$defs"].values()] for name in model.get("properties", {})}
    assert set(_names(json.loads(answer))) <= known


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for part in value.values():
            yield from _names(part)
    if isinstance(value, list):
        for part in value:
            yield from _names(part)


# ---- decisions


def test_decisions_are_numbered_without_gaps() -> None:
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name[:4])
def test_a_decision_is_short_and_says_what_was_refused(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= DECISION_LINES_MAX
    assert lines[0].startswith(f"# {path.name[:4]} ")
    assert [line for line in lines if line.startswith("## ")] == [
        "## Context",
        "## Decision",
        "## Consequences",
        "## Refused",
    ]
    assert any(line.startswith("> ") for line in lines), "a decision has a sentence worth quoting"
