import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from wafa.backends import BackendError, free_port
from wafa.backends.accounts import ServerAccount
from wafa.backends.process import (
    LEASH,
    Launch,
    bound_log,
    command_line,
    is_free,
    last_words,
    require_free,
    stop_left_behind,
)

SH = Path("/bin/sh")


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    ourselves = ServerAccount("ourselves", os.geteuid(), os.getegid(), switch=False)
    return Launch(ourselves, tmp_path / "server.log")


def test_a_free_port_is_free_until_a_server_listens() -> None:
    port = free_port()
    assert is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)
        with pytest.raises(BackendError, match=rf"Port {port} .* PostgreSQL .* taken .* stop that program"):
            require_free(port, "PostgreSQL")


def test_a_program_that_fails_says_why(launch: Launch) -> None:
    with pytest.raises(BackendError, match="sh failed: could not think"):
        launch.finish(SH, "-c", "echo thinking; echo could not think >&2; echo bye; exit 3")


def test_a_program_runs_in_a_small_environment_of_its_own(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    launch.finish(SH, "-c", "pwd; umask; env")
    said = launch.log.read_text()
    assert said.startswith("/\n0077\n")
    assert "PGPORT" not in said


def test_a_server_is_given_its_secrets_through_a_pipe(launch: Launch) -> None:
    server = launch.start(SH, "-c", "read secret; echo got $secret; exec sleep 1000", stdin=b"word\n")
    server.wait_until(lambda: "got word" in server.words(), timeout_seconds=30)
    server.stop(signal.SIGTERM)
    assert not server.alive


def test_a_server_that_ends_before_it_is_ready_says_why(launch: Launch) -> None:
    launch.log.write_text("FATAL: an older story\n")
    server = launch.start(SH, "-c", "echo FATAL: no shoes; exit 1")
    with pytest.raises(BackendError, match="sh ended at once: FATAL: no shoes"):
        server.wait_until(lambda: False, timeout_seconds=30)


def test_a_server_that_ignores_signals_is_killed(launch: Launch) -> None:
    server = launch.start(SH, "-c", "trap '' INT TERM; echo ready; while :; do sleep 1; done")
    server.wait_until(lambda: "ready" in server.words(), timeout_seconds=30)
    server.stop(signal.SIGINT, signal.SIGTERM, timeout_seconds=0.1)
    assert not server.alive


def test_signals_reach_a_server_also_when_its_launcher_ignores_them(launch: Launch) -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        server = launch.start(SH, "-c", "echo ready; exec sleep 1000")
    finally:
        signal.signal(signal.SIGTERM, before)
    server.wait_until(lambda: "ready" in server.words(), timeout_seconds=30)
    server.stop(signal.SIGTERM)
    assert server.returncode == -signal.SIGTERM


def test_a_leash_does_not_start_a_server_for_a_launcher_that_has_gone() -> None:
    # Process 1 launches no server, and is never this one's parent.
    leash = [sys.executable, "-I", "-S", str(LEASH), "1", "-", "-", "/bin/echo", "started"]
    finished = subprocess.run(leash, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout) == (1, "")
    assert "gone" in finished.stderr


def test_an_orphaned_server_is_stopped_by_its_mark_and_other_processes_are_not(launch: Launch, tmp_path: Path) -> None:
    noted = tmp_path / "server.pid"
    server = launch.start(SH, "-c", "echo ready; exec sleep 1234.5")
    server.wait_until(lambda: command_line(server.pid).startswith("sleep"), timeout_seconds=30)
    try:
        noted.write_text(f"{server.pid}\n/some/folder\n")
        stop_left_behind(noted, mark="sleep 5432.1")
        assert server.alive
        assert not noted.exists()

        noted.write_text(f"{server.pid}\n/some/folder\n")
        stop_left_behind(noted, mark="sleep 1234.5")
        server.wait_until(lambda: not server.alive, timeout_seconds=30)
        assert server.returncode == -signal.SIGINT
        assert not noted.exists()
    finally:
        server.stop()


@pytest.mark.parametrize("text", ["", "no number", None])
def test_nothing_was_left_behind_where_no_file_names_it(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "server.pid").write_text(text)
    stop_left_behind(tmp_path / "server.pid", mark="")


def test_last_words_are_those_that_tell_of_failure() -> None:
    assert last_words("starting\nFATAL:  data is not mine\nshut down\n") == "FATAL:  data is not mine"
    assert last_words("one\n\ntwo\n") == "one / two"
    assert last_words("") == "it said nothing"


def test_a_long_log_makes_room_and_is_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wafa.backends.process.LOG_BYTES_MAX", 3)
    log = tmp_path / "server.log"
    log.write_text("old!")
    bound_log(log)
    assert (tmp_path / "server.log.old").read_text() == "old!"
    assert not log.exists()
