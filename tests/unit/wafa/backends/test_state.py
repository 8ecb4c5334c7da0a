import json
import os
from pathlib import Path

import pytest

from wafa.backends import WORDS, Addresses, BackendError, reset, running
from wafa.backends.accounts import ServerAccount
from wafa.backends.state import OUTSIDE, State, servers_home

ADDRESSES = Addresses(
    dict.fromkeys(WORDS, "postgresql+psycopg://a"), "redis://b", dict.fromkeys(WORDS, "postgresql+psycopg://c")
)


@pytest.fixture
def account() -> ServerAccount:
    """The account that runs the tests, so that folders need not change hands."""
    return ServerAccount("ourselves", os.geteuid(), os.getegid(), switch=False)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_passwords_are_made_once_and_kept_from_others(tmp_path: Path, account: ServerAccount) -> None:
    state = State(tmp_path / "state", account)
    first = state.passwords(["one", "two"])
    assert len(set(first.values())) == 2
    state.close()

    again = State(tmp_path / "state", account)
    assert again.passwords(["two", "three"]) == first | {"three": again.passwords([])["three"]}
    again.close()
    assert mode(tmp_path / "state" / "passwords.json") == 0o600
    assert mode(tmp_path / "state") == 0o700


def test_broken_passwords_are_never_replaced(tmp_path: Path, account: ServerAccount) -> None:
    state = State(tmp_path, account)
    (tmp_path / "passwords.json").write_text("{")
    with pytest.raises(BackendError, match="restore the file"):
        state.passwords(["one"])
    assert (tmp_path / "passwords.json").read_text() == "{"
    state.close()


def test_two_cannot_use_one_state_folder(tmp_path: Path, account: ServerAccount) -> None:
    first = State(tmp_path, account)
    with pytest.raises(BackendError, match="running already"):
        State(tmp_path, account)
    first.close()
    State(tmp_path, account).close()


def test_others_find_what_is_running_and_nothing_else(tmp_path: Path, account: ServerAccount) -> None:
    assert running(tmp_path / "missing") is None
    state = State(tmp_path, account)
    assert running(tmp_path) is None
    state.announce(ADDRESSES)
    assert running(tmp_path) == ADDRESSES
    assert mode(tmp_path / "addresses.json") == 0o600
    state.close()
    assert running(tmp_path) is None


def test_addresses_of_a_killed_run_are_not_running(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    (tmp_path / "addresses.json").write_text(json.dumps({"database_urls": {}, "redis_url": ""}))
    assert running(tmp_path) is None


def test_reset_removes_everything_and_only_when_nothing_runs(tmp_path: Path, account: ServerAccount) -> None:
    folder = tmp_path / "state"
    state = State(folder, account)
    state.server_folder("postgres")
    with pytest.raises(BackendError, match="running already"):
        reset(folder)
    state.close()
    assert folder in reset(folder)
    assert not folder.exists()
    assert reset(folder) == []


def test_a_folder_that_cannot_be_made_is_refused_with_a_remedy(tmp_path: Path, account: ServerAccount) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BackendError, match=r"cannot be used \(Not a directory.*chown"):
        State(tmp_path / "file" / "state", account)


def test_a_state_folder_of_another_user_is_refused_with_a_remedy(
    tmp_path: Path, account: ServerAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 54_321)
    with pytest.raises(BackendError, match=r"belongs to .*: run make as that user"):
        State(tmp_path, account)
    assert list(tmp_path.iterdir()) == []


def test_a_servers_folder_of_another_user_is_refused_with_a_remedy(tmp_path: Path, account: ServerAccount) -> None:
    state = State(tmp_path, account)
    state.server_folder("postgres")
    state.account = ServerAccount("stranger", 54_321, 54_321, switch=False)
    with pytest.raises(BackendError, match=r"would run as stranger.*`make reset`"):
        state.server_folder("postgres")
    state.close()


def test_servers_live_outside_when_their_user_cannot_enter(tmp_path: Path) -> None:
    # pytest's folders are closed to others.
    stranger = ServerAccount("stranger", 54_321, 54_321, switch=True)
    assert servers_home(tmp_path, stranger).parent == OUTSIDE
    assert servers_home(tmp_path, stranger) == servers_home(tmp_path, stranger)
    (tmp_path / "other").mkdir()
    assert servers_home(tmp_path, stranger) != servers_home(tmp_path / "other", stranger)
    assert servers_home(Path("/"), stranger) == Path("/")
