"""A service made by the recipe in CONTRIBUTING.md: laid out in a copy of this checkout, started with the suite, called.

What the recipe has people edit is edited here as they would; nothing else of the copy is touched by hand.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit import client
from kit.call import Call
from kit.peers.identity import TokenIdentity, hash_of
from tests.fixtures.launcher import Place, new_place
from tests.tidy.tree import ROOT, files

WORD = "notebook"
ABOUT = "What people wrote down."
EDITED_MAX = 10
ABOUT_SERVICES = (
    "tests/tidy/test_events.py",
    "tests/tidy/test_imports.py",
    "tests/tidy/test_proofs.py",
    "tests/tidy/test_rooms.py",
    "tests/unit/deploy/test_compose.py",
    "tests/unit/deploy/test_kubernetes.py",
    "tests/unit/deploy/test_words.py",
)
ABOUT_THE_LIST = ("tests/unit/kit/test_suite.py", "tests/unit/wafa/backends", "tests/unit/wafa/launcher")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux lists them")


@dataclasses.dataclass(frozen=True)
class Checkout:
    """A copy of this one with a service more. `edited` are the files of before that differ now, `by_hand` of these
    those that no command writes."""

    folder: Path
    by_hand: frozenset[str]

    def run(self, *arguments: str) -> str:
        """Runs a program of the copy with our Python; gives what it printed."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": f"{self.folder}{os.pathsep}{self.folder / 'protos' / 'gen'}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The recipe, followed."""
    folder = tmp_path_factory.mktemp("checkout")
    for file in files():
        (folder / file.parent).mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, folder / file)
    made = Checkout(folder, frozenset())
    made.run("scripts/new_service.py", WORD, ABOUT)
    made.run("scripts/proto.py")
    edit(folder)
    by_hand = {name for name in changed(folder) if not is_generated(name)}
    made.run("scripts/manifests.py")
    made.run("scripts/reference.py")
    return dataclasses.replace(made, by_hand=frozenset(by_hand))


def edit(folder: Path) -> None:
    """What the recipe leaves to people."""
    after = "| `gateway` |"
    insert(folder / "docs" / "ARCHITECTURE.md", after, f"| `{WORD}` | {ABOUT} | none is lost | `{WORD}` |\n{after}")
    after = "| `wafa:members` |"
    insert(folder / "docs" / "ARCHITECTURE.md", after, f"| `wafa:{WORD}` | `note.written` | nobody yet |\n{after}")
    insert(folder / "CHANGELOG.md", "* members:", "* notebook: notes.\n* members:")
    after = "| `gateway` | `python -m gateway`"
    serves = f"| `{WORD}` | `python -m services.{WORD} serve` | gRPC | internal |"
    insert(folder / "docs" / "operations.md", after, f"{serves}\n{after}")
    reference = folder / "scripts" / "reference.toml"
    insert(reference, "\n[order]\n", f'{WORD} = "{WORD}"\n\n[order]\n{WORD} = ["NOTE_NOT_FOUND"]\n')
    insert(reference, "[what_to_do]\n", '[what_to_do]\nNOTE_NOT_FOUND = "show it: there is no such note"\n')
    insert(reference, "[tail]\n", f'[refusals.{WORD}]\nWriteNote = []\nGetNote = ["NOTE_NOT_FOUND"]\n\n[tail]\n')


def insert(file: Path, place: str, text: str) -> None:
    """Puts the text where the first `place` is."""
    assert place in file.read_text(), f"{file.name} has no {place!r}"
    file.write_text(file.read_text().replace(place, text, 1))


def changed(folder: Path) -> set[str]:
    """The files of before that are not as they were."""
    return {str(file) for file in files() if (folder / file).read_bytes() != (ROOT / file).read_bytes()}


def is_generated(name: str) -> bool:
    """Whether a command writes the file."""
    return name.startswith(("protos/gen/", "docs/reference/"))


def test_a_new_service_has_few_files_edited_outside_its_own(checkout: Checkout) -> None:
    assert checkout.by_hand == {
        "CHANGELOG.md",
        "docs/ARCHITECTURE.md",
        "docs/operations.md",
        "scripts/reference.toml",
        "suite.toml",
    }
    assert len(checkout.by_hand) <= EDITED_MAX
    recipe = (ROOT / "CONTRIBUTING.md").read_text().partition("## How to add a service")[2].partition("\n## ")[0]
    for name in checkout.by_hand:
        assert f"`{name}`" in recipe


def test_it_is_as_tidy_as_the_others_and_its_own_test_is_green(checkout: Checkout) -> None:
    pytest_quietly = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
    checkout.run(*pytest_quietly, "-k", WORD, *ABOUT_SERVICES, f"tests/integration/{WORD}")
    checkout.run(*pytest_quietly, *ABOUT_THE_LIST)


@pytest.fixture(scope="module")
def place(checkout: Checkout) -> Iterator[Place]:
    with new_place(checkout.folder, more_words=(WORD,)) as place:
        yield place


@pytest.fixture
def contract(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The generated messages and stubs of the new service."""
    monkeypatch.syspath_prepend(checkout.folder / "protos" / "gen")
    return importlib.import_module(f"loyalty.{WORD}.v1.{WORD}_pb2_grpc")


@pytest.mark.deep
def test_it_starts_with_the_suite_is_called_and_is_checked(place: Place, contract: Any) -> None:
    program_id = str(uuid.uuid4())
    # Nothing of the suite calls it yet; the operator lets their own systems.
    place.environ[f"{WORD.upper()}_PEERS"] = "crm: WriteNote, GetNote"
    place.environ[f"{WORD.upper()}_PEER_TOKENS"] = f"crm: {hash_of('token of crm')}"
    with place.running("--no-story"):
        address = json.loads((place.folder / "suite.json").read_text())["services"][WORD]
        with client.channel(address, identity=TokenIdentity("token of crm")) as channel:
            stub, pb = contract.NotebookServiceStub(channel), sys.modules[f"loyalty.{WORD}.v1.{WORD}_pb2"]
            wish = pb.WriteNoteRequest(program_id=program_id, request_id="r-1", subject="call the baker")
            written, again = ask(stub.WriteNote, wish), ask(stub.WriteNote, wish)
            assert (again.response, again.replayed) == (written.response, True)
            note = written.response.note
            assert (
                ask(stub.GetNote, pb.GetNoteRequest(program_id=program_id, note_id=note.note_id)).response.note == note
            )
        assert re.search(rf"✓ +{WORD}", place.wafa("check"))


def ask(method: Any, request: Any) -> client.Answered[Any]:
    return client.invoke(method, request, call=Call("till-1"), deadline_ms=10_000)
