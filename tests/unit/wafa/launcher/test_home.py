"""What the launcher keeps between two runs, and how it finds a run that is under way."""

from __future__ import annotations

import base64
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from wafa.launcher.errors import LauncherError
from wafa.launcher.home import CHECKOUT, SECRET_VARIABLES, Home, Whereabouts, state_folder

HERE = Whereabouts("http://127.0.0.1:8080", {"members": "127.0.0.1:50051"}, "the-operators-token")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "state")
    made.lock()
    yield made
    made.unlock()


def test_two_suites_cannot_share_a_folder(home: Home) -> None:
    with pytest.raises(LauncherError, match="Wafa is running already from"):
        Home(home.folder).lock()


def test_a_running_suite_is_found_and_a_stopped_one_is_not(home: Home) -> None:
    other = Home(home.folder)
    assert other.running() is None
    home.announce(HERE)
    assert other.running() == HERE
    home.unlock()
    assert other.running() is None


def test_a_killed_suite_is_not_taken_for_a_running_one(home: Home) -> None:
    home.announce(HERE)
    assert home._lock is not None
    home._lock.close()  # what the kernel does when a process is killed
    assert Home(home.folder).running() is None
    home._lock = None


def test_secrets_are_generated_once_and_only_their_owner_can_read_them(home: Home) -> None:
    first = home.secrets({}, make=True)
    assert [len(base64.b64decode(first[name])) for name in SECRET_VARIABLES] == [32, 32]
    assert home.secrets({}) == first
    assert stat.S_IMODE((home.folder / "secrets.json").stat().st_mode) == 0o600


def test_secrets_of_the_environment_win_and_leave_no_file(home: Home) -> None:
    given = dict.fromkeys(SECRET_VARIABLES, "x")
    assert home.secrets(given) == given
    assert not (home.folder / "secrets.json").exists()


def test_lost_secrets_are_not_replaced_under_existing_databases(home: Home) -> None:
    (home.folder / "passwords.json").write_text("{}")
    with pytest.raises(LauncherError, match="restore it from a backup"):
        home.secrets({}, make=True)


def test_secrets_are_made_only_for_a_start(home: Home) -> None:
    with pytest.raises(LauncherError, match="MEMBERS_MASTER_KEY and MEMBERS_LOOKUP_PEPPER are not set"):
        home.secrets({})


def test_damaged_secrets_are_reported_in_a_sentence(home: Home) -> None:
    (home.folder / "secrets.json").write_text("{")
    with pytest.raises(LauncherError, match=r"secrets\.json cannot be read"):
        home.secrets({})


def test_keys_are_kept(home: Home) -> None:
    assert home.keys() == {}
    home.keep_keys({"till": "wafa_till_x"})
    assert home.keys() == {"till": "wafa_till_x"}


def test_an_unusable_folder_is_reported_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LauncherError, match="cannot be used"):
        Home(tmp_path / "file" / "state").lock()


def test_the_environment_may_name_the_folder(tmp_path: Path) -> None:
    assert state_folder({"WAFA_STATE_DIR": str(tmp_path)}) == tmp_path
    assert state_folder({}) == CHECKOUT / ".state"
