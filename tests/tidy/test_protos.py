"""The contract reads like a brochure."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.tree import ROOT, SERVICES

BUF = ROOT / "node_modules" / ".bin" / "buf"
PROTOS = sorted(path for word in SERVICES for path in (ROOT / "protos" / "loyalty" / word).rglob("*.proto"))


@pytest.mark.skipif(
    not BUF.exists() or not shutil.which("node"), reason="buf comes from npm: `make proto-check` gets it"
)
def test_the_linter_has_nothing_to_say() -> None:
    done = subprocess.run([BUF, "lint"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("proto", PROTOS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_everything_that_is_no_request_or_response_says_what_it_is(proto: Path) -> None:
    for name, comment in _commented(proto):
        assert comment or name.endswith(("Request", "Response")), f"{proto.name}: {name} has no comment"


@pytest.mark.parametrize("proto", PROTOS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_an_rpc_begins_with_what_it_does(proto: Path) -> None:
    for comment, name in re.findall(r"((?:^  //.*\n)+)  rpc (\w+)\(", proto.read_text(), re.MULTILINE):
        first = comment.split()[1]
        assert re.fullmatch(r"[A-Z][a-z]+s", first), (
            f"{name} begins with “{first}”, not with a verb of the third person"
        )


def test_every_reason_that_the_contract_names_is_in_the_reference() -> None:
    reference = (ROOT / "docs" / "reference" / "errors.md").read_text()
    codes = {"ALREADY_EXISTS", "FAILED_PRECONDITION", "INVALID_ARGUMENT", "NOT_FOUND", "RESOURCE_EXHAUSTED"}
    for proto in PROTOS:
        comments = " ".join(re.findall(r"//(.*)", proto.read_text()))
        for reason in set(re.findall(r"(?<=/ )[A-Z]+(?:_[A-Z]+)+", comments)) - codes:
            assert f"`{reason}`" in reference, f"{proto.name} names {reason}"


def _commented(proto: Path) -> Iterator[tuple[str, bool]]:
    """Messages, enums and services, and whether a comment stands right above them."""
    above = ""
    for line in proto.read_text().splitlines():
        if found := re.match(r"(?:message|enum|service) (\w+)", line):
            yield found[1], above.startswith("//")
        above = line
