"""The state folder: who uses it, the passwords in it, and where the servers' own folders are.

lock             held as long as back ends run from this folder
passwords.json   generated once, readable by its owner only
addresses.json   URLs of what is running, there only while it runs
logs/            what the servers said
postgres/, valkey/   theirs; for root and a folder that the servers' account cannot enter they are in /var/lib/wafa
instead
"""

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from wafa.backends.accounts import ServerAccount, can_enter, own, user_name
from wafa.backends.addresses import Addresses
from wafa.backends.errors import BackendError

# For root only, whose checkout may be closed to the user that runs the servers. Data must outlive a reboot: not /tmp.
OUTSIDE = Path("/var/lib/wafa")


class State:
    """One state folder, locked. Raises BackendError when it cannot be used or is in use."""

    def __init__(self, folder: Path, account: ServerAccount) -> None:
        self.folder = folder.resolve()
        self.account = account
        self._lock = self._open()
        self._addresses = self.folder / "addresses.json"
        self._addresses.unlink(missing_ok=True)

    def close(self) -> None:
        self._addresses.unlink(missing_ok=True)
        self._lock.close()

    @property
    def servers_home(self) -> Path:
        return servers_home(self.folder, self.account)

    def server_folder(self, name: str) -> Path:
        """A folder that belongs to the account of the servers alone, made when it is missing."""
        try:
            self.servers_home.mkdir(mode=0o711, parents=True, exist_ok=True)
            folder = self.servers_home / name
            if not folder.exists():
                folder.mkdir(mode=0o700)
                own(self.account, folder)
        except OSError as error:
            raise unusable(self.folder, error) from error
        if (owner := folder.stat().st_uid) != self.account.uid:
            raise BackendError(
                f"{folder} belongs to {user_name(owner)}, and the servers would run as {self.account.name}: "
                "run make as the user that ran it first, or start empty with `make reset` (it deletes the data)."
            )
        return folder

    def log(self, name: str) -> Path:
        logs = self.folder / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        return logs / f"{name}.log"

    def passwords(self, names: Iterable[str]) -> dict[str, str]:
        """A password of 192 random bits for each name, generated on first use and the same ever after."""
        file = self.folder / "passwords.json"
        try:
            known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        except (OSError, ValueError) as error:
            raise BackendError(
                f"The passwords in {file} cannot be read ({error}): restore the file, "
                "or start empty with `make reset` (it deletes the data)."
            ) from error
        fresh = {name: secrets.token_urlsafe(24) for name in names if name not in known}
        if fresh:
            known |= fresh
            write_private(file, json.dumps(known, indent=1))
        return known

    def announce(self, addresses: Addresses) -> None:
        """Lets other programs of this user find what is running; see `running`."""
        text = {
            "database_urls": dict(addresses.database_urls),
            "redis_url": addresses.redis_url,
            "owner_urls": dict(addresses.owner_urls),
        }
        write_private(self._addresses, json.dumps(text, indent=1))

    def _open(self) -> IO[bytes]:
        # Others may walk through, not look around: the servers' user has to reach its own folder.
        try:
            self.folder.mkdir(mode=0o711 if self.account.switch else 0o700, parents=True, exist_ok=True)
            if (owner := self.folder.stat().st_uid) != os.geteuid():
                raise BackendError(
                    f"The state folder {self.folder} belongs to {user_name(owner)}: run make as that user, "
                    "or use a checkout of your own."
                )
            lock = (self.folder / "lock").open("ab")
        except OSError as error:
            raise unusable(self.folder, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise BackendError(
                f"Wafa is running already from {self.folder}: stop it first (Ctrl-C where it runs), "
                "or use another checkout."
            ) from None
        return lock


def running(folder: Path) -> Addresses | None:
    """The addresses of what runs from a state folder at this moment, or None."""
    file = folder / "addresses.json"
    try:
        with (folder / "lock").open("ab") as lock:
            noted = json.loads(file.read_text())
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return Addresses(noted["database_urls"], noted["redis_url"], noted.get("owner_urls", {}))
    except (OSError, ValueError):
        return None
    return None  # the lock was free: the file is what a killed run left behind


def servers_home(folder: Path, account: ServerAccount) -> Path:
    """Where the servers' own folders are: in the state folder, or outside when their user cannot enter it."""
    if not account.switch or can_enter(account, folder):
        return folder
    return OUTSIDE / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]


def write_private(file: Path, text: str) -> None:
    """Writes a file that only we can read, in one step: a reader sees the old text or the new one."""
    draft = file.with_name(f"{file.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
    draft.replace(file)


def unusable(folder: Path, error: OSError) -> BackendError:
    where = error.filename or folder
    return BackendError(
        f"The state folder {folder} cannot be used ({error.strerror}: {where}): give it to {user_name(os.geteuid())} "
        "with chown, or put the checkout where you may write."
    )
