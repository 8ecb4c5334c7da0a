"""Who runs the servers, and where that account may go.

PostgreSQL refuses to run as root. When root starts the suite, the servers run as the user `nobody`, which owns the
folders they write and nothing else.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from wafa.backends.errors import BackendError


@dataclass(frozen=True)
class ServerAccount:
    """A user and its group on this machine. `switch` says whether a process must change to it (only root can)."""

    name: str
    uid: int
    gid: int
    switch: bool


def account_for_servers() -> ServerAccount:
    """The unprivileged system account when this process runs as root, otherwise the process's own.

    Raises BackendError for root on a machine that has no such account.
    """
    if os.geteuid() != 0:
        return ServerAccount(user_name(os.geteuid()), os.geteuid(), os.getegid(), switch=False)
    try:
        unprivileged = pwd.getpwnam("nobody")
    except KeyError:
        raise BackendError(
            "PostgreSQL does not run as root and this machine has no user `nobody` to run it: "
            "run make as an ordinary user, or add one with `useradd --system nobody`."
        ) from None
    return ServerAccount(unprivileged.pw_name, unprivileged.pw_uid, unprivileged.pw_gid, switch=True)


def user_name(uid: int) -> str:
    """The name of a user, or its number where the machine has no name for it (ordinary in containers)."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def can_enter(account: ServerAccount, folder: Path) -> bool:
    """Says whether the account may walk into an existing folder, judged by the mode bits of every folder above it."""
    return all(_may(account, each, stat.S_IXUSR) for each in (folder, *folder.parents))


def can_execute(account: ServerAccount, program: Path) -> bool:
    """Says whether the account may reach and execute a program, following links to where it really is."""
    real = program.resolve()
    return can_enter(account, real.parent) and _may(account, real, stat.S_IXUSR) and _may(account, real, stat.S_IRUSR)


def _may(account: ServerAccount, path: Path, owner_bit: int) -> bool:
    found = path.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & owner_bit)
    if found.st_gid == account.gid:
        return bool(found.st_mode & (owner_bit >> 3))
    return bool(found.st_mode & (owner_bit >> 6))


def own(account: ServerAccount, path: Path) -> None:
    """Gives a file or folder to the account, where that is not already so."""
    if account.switch:
        os.chown(path, account.uid, account.gid)
