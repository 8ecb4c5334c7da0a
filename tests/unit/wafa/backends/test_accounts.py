import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from wafa.backends.accounts import ServerAccount, account_for_servers, can_enter, can_execute

STRANGER = ServerAccount("stranger", 54_321, 54_321, switch=True)
OURSELVES = ServerAccount("ourselves", os.geteuid(), os.getegid(), switch=False)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are closed, and so is macOS's folder for temporary files."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name).resolve()


def test_servers_never_run_as_root() -> None:
    account = account_for_servers()
    assert account.uid != 0
    assert account.switch == (os.geteuid() == 0)


def test_one_closed_folder_above_keeps_other_users_out(folder: Path) -> None:
    inner = folder / "closed" / "open"
    inner.mkdir(parents=True)
    assert can_enter(STRANGER, inner)
    inner.parent.chmod(0o700)
    assert not can_enter(STRANGER, inner)
    assert can_enter(OURSELVES, inner)


def test_walking_through_does_not_need_the_right_to_look_around(folder: Path) -> None:
    folder.chmod(0o711)
    assert can_enter(STRANGER, folder)


def test_a_link_is_as_reachable_as_what_it_leads_to(folder: Path) -> None:
    program = folder / "closed" / "program"
    program.parent.mkdir()
    program.touch(0o755)
    link = folder / "link"
    link.symlink_to(program)
    assert can_execute(STRANGER, link)
    program.parent.chmod(0o700)
    assert not can_execute(STRANGER, link)


def test_a_program_must_be_executable(folder: Path) -> None:
    program = folder / "program"
    program.touch(0o644)
    assert not can_execute(STRANGER, program)
