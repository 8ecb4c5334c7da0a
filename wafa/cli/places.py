"""Where a command finds what it needs: in the environment, in the running suite, or at rest in the state folder."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping

from wafa.backends import WORDS, Addresses, Backends
from wafa.backends import running as running_backends
from wafa.backends.addresses import database_urls_in, owner_urls_in, redis_url_in
from wafa.launcher.errors import LauncherError
from wafa.launcher.home import Home, state_folder
from wafa.launcher.settings import Settings
from wafa.operator import operator_identity
from wafa.register import Register


def members_address(environ: Mapping[str, str]) -> str:
    """The address of `members`. Raises LauncherError when neither the environment nor the state folder has it."""
    if named := environ.get("MEMBERS_ADDRESS"):
        return named
    home = Home(state_folder(environ))
    where = home.running()
    if where is None:
        raise LauncherError(
            f"No Wafa is running from {home.folder}: start one with `make run`, "
            "or say with MEMBERS_ADDRESS where `members` of another one listens (host:port)."
        )
    return where.services["members"]


def register_of(environ: Mapping[str, str]) -> Register:
    """A connection to `members` as the operator."""
    return Register(members_address(environ), operator_identity(environ))


def service_addresses(environ: Mapping[str, str]) -> dict[str, str]:
    """Where each service listens, by its word: what the environment names, else the running suite.

    Raises LauncherError where neither says.
    """
    given = {word: environ.get(f"{word.upper()}_ADDRESS", "") for word in WORDS}
    home = Home(state_folder(environ))
    where = home.running()
    found = {word: address or (where.services[word] if where else "") for word, address in given.items()}
    if missing := [f"{word.upper()}_ADDRESS" for word, address in found.items() if not address]:
        raise LauncherError(
            f"No Wafa is running from {home.folder}: start one with `make run`, or say with {', '.join(missing)} "
            "where the services of another one listen (host:port)."
        )
    return found


@dataclasses.dataclass(frozen=True)
class Archive:
    """The databases, and whether the suite works on them at the moment."""

    settings: Settings
    is_running: bool


@contextlib.contextmanager
def archive(environ: Mapping[str, str]) -> Iterator[Archive]:
    """The databases while the block runs: the environment's, the running suite's, or those at rest, started for it.

    Raises LauncherError or BackendError when there are none.
    """
    home = Home(state_folder(environ))
    if given := database_urls_in(environ):
        addresses = Addresses(given, redis_url_in(environ), owner_urls_in(environ))
        yield Archive(Settings(environ, addresses, home.secrets(environ)), is_running=True)
    elif found := running_backends(home.folder):
        yield Archive(Settings(environ, found, home.secrets(environ)), is_running=home.running() is not None)
    elif not (home.folder / "passwords.json").exists():
        raise LauncherError(f"There is nothing in {home.folder} yet: start Wafa with `make run` first.")
    else:
        with contextlib.ExitStack() as exits:
            home.lock()
            exits.callback(home.unlock)
            backends = exits.enter_context(Backends(environ, home.folder))
            yield Archive(Settings(environ, backends.addresses, home.secrets(environ)), is_running=False)
