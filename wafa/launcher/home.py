"""What the launcher keeps in the state folder, beside what the back ends keep there.

launcher.lock   held as long as a suite runs from this folder
secrets.json    the keys that seal personal data; without them the members in the databases cannot be read
keys.json       API keys of the demo programme
suite.json      where the running suite is to be found, and the operator's token, there only while it runs
logs/           what each process said
"""

from __future__ import annotations

import base64
import dataclasses
import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from wafa.backends.state import write_private
from wafa.launcher.errors import LauncherError

CHECKOUT = Path(__file__).resolve().parent.parent.parent
STATE_VARIABLE = "WAFA_STATE_DIR"
SECRET_VARIABLES = ("MEMBERS_MASTER_KEY", "MEMBERS_LOOKUP_PEPPER")
SECRET_BYTES = 32


@dataclasses.dataclass(frozen=True)
class Whereabouts:
    """Where a running suite answers: the gateway's URL, and the address of each service by its word.

    By `operator_token` services know the command line.
    """

    gateway_url: str
    services: Mapping[str, str]
    operator_token: str = dataclasses.field(default="", repr=False)


def state_folder(environ: Mapping[str, str]) -> Path:
    """The state folder of this checkout, or the one that WAFA_STATE_DIR names."""
    return Path(environ.get(STATE_VARIABLE) or CHECKOUT / ".state").resolve()


class Home:
    """One state folder. Reading needs nothing; `lock` comes before the rest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: IO[bytes] | None = None

    # ---- one suite at a time

    def lock(self) -> None:
        """Makes the folder and takes it for this process. Raises LauncherError when it is in use or unusable."""
        try:
            # Others may walk through where root starts us: the servers run as another user and live further below.
            self.folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
            (self.folder / "logs").mkdir(mode=0o700, exist_ok=True)
            lock = (self.folder / "launcher.lock").open("ab")
        except OSError as error:
            raise self._unusable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise LauncherError(
                f"Wafa is running already from {self.folder}: stop it first (Ctrl-C where it runs), "
                f"or name another folder with {STATE_VARIABLE}."
            ) from None
        self._lock = lock
        self._suite.unlink(missing_ok=True)

    def unlock(self) -> None:
        """Gives the folder back."""
        if self._lock is not None:
            self._suite.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def log(self, name: str) -> Path:
        """The log of one process."""
        return self.folder / "logs" / f"{name}.log"

    # ---- where the suite is

    @property
    def _suite(self) -> Path:
        return self.folder / "suite.json"

    def announce(self, whereabouts: Whereabouts) -> None:
        """Lets other programs of this user find the suite."""
        write_private(self._suite, json.dumps(dataclasses.asdict(whereabouts), indent=1))

    def running(self) -> Whereabouts | None:
        """Where the suite is that runs from this folder at this moment, if one does."""
        try:
            noted = json.loads(self._suite.read_text())
            with (self.folder / "launcher.lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return Whereabouts(noted["gateway_url"], noted["services"], noted["operator_token"])
        except (OSError, ValueError):
            return None
        return None  # the lock was free: a killed run left the file

    # ---- secrets

    def secrets(self, environ: Mapping[str, str], *, make: bool = False) -> dict[str, str]:
        """The secrets that `members` needs: the environment's, else the folder's. With `make`, new ones if need be.

        Raises LauncherError when they are gone and the databases are not: new ones would make the members unreadable.
        """
        given = {name: environ[name] for name in SECRET_VARIABLES if environ.get(name)}
        if len(given) == len(SECRET_VARIABLES):
            return given
        file = self.folder / "secrets.json"
        kept = self._read(file)
        if kept is None and not make:
            raise LauncherError(f"{' and '.join(SECRET_VARIABLES)} are not set, and {file} does not exist.")
        if kept is None:
            # Written before the first database is made; so there is none yet, or the file was lost.
            if (self.folder / "passwords.json").exists():
                raise LauncherError(
                    f"{file} is missing, and without it the members in the databases cannot be read: restore it from "
                    "a backup, or start empty with `make reset` (it deletes the data)."
                )
            kept = {name: base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode() for name in SECRET_VARIABLES}
            self._write(file, kept)
        return kept | given

    def keys(self) -> dict[str, str]:
        """The demo programme's API keys by role, as far as there are any."""
        return self._read(self.folder / "keys.json") or {}

    def keep_keys(self, keys: Mapping[str, str]) -> None:
        """Keeps API keys for the next start, readable by the operator only."""
        self._write(self.folder / "keys.json", keys)

    def _read(self, file: Path) -> dict[str, str] | None:
        try:
            read: dict[str, str] = json.loads(file.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise LauncherError(
                f"{file} cannot be read ({error}): restore it from a backup, "
                "or start empty with `make reset` (it deletes the data)."
            ) from error
        return read

    def _write(self, file: Path, content: Mapping[str, str]) -> None:
        try:
            write_private(file, json.dumps(dict(content), indent=1))
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> LauncherError:
        return LauncherError(
            f"The state folder {self.folder} cannot be used ({error.strerror}): make room or give it to yourself with "
            f"chown, or name another with {STATE_VARIABLE}."
        )
