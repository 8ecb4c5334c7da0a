"""Prose names the caller, the operator or the process: vague words do not come back where they have gone.

An area is a folder or a file that has been read through; the list grows until it is the whole repository.
"""

from __future__ import annotations

import re

import pytest

from tests.tidy.tree import ROOT, files

AREAS = (
    "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "bench", "deploy", "docs/ARCHITECTURE.md", "docs/decisions",
    "docs/operations.md", "docs/throughput.md",
    "kit", "scripts", "suite.toml", "tests/faults", "tests/fixtures", "tests/tidy",
    "tests/unit/deploy", "tests/unit/kit", "tests/unit/scripts", "tests/unit/wafa", "wafa",
)  # fmt: skip
TEXTS = {".j2", ".md", ".proto", ".py", ".sh", ".tmpl", ".toml", ".yaml", ".yml"}
VAGUE = re.compile(r"\b(told|tells|nobody|somebody|whoever|whatever|everybody|anybody|wish|wishes)\b", re.IGNORECASE)
# The system account, as code spells it.
ACCOUNT = re.compile(r"[`\"]nobody[`\"]|--system nobody")


@pytest.mark.parametrize("area", AREAS)
def test_no_vague_word_stands_in_a_finished_area(area: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in files()
        if f"{path}/".startswith(f"{area}/") and path.suffix in TEXTS and path.name != "test_words.py"
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if VAGUE.search(ACCOUNT.sub("", line).replace("_", " "))
    ]
    assert found == [], "say who does what: the caller, the operator, the process, the event"
