"""Which port each process of the suite listens on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from kit.suite import suite
from wafa.backends import WORDS
from wafa.backends.process import free_port, is_free
from wafa.launcher.errors import LauncherError

GATEWAY = "gateway"
GATEWAY_PORT = suite().gateway_port
WANTED = {word: each.port for word, each in suite().services.items()}
WANTED_INTERNAL = {word: each.internal_port for word, each in suite().services.items()} | {
    GATEWAY: suite().gateway_internal_port
}


@dataclasses.dataclass(frozen=True)
class Ports:
    """`services` by word; `internal` by word, with the gateway's."""

    gateway: int
    services: Mapping[str, int]
    internal: Mapping[str, int]

    def address(self, word: str) -> str:
        """Where a service listens."""
        return f"127.0.0.1:{self.services[word]}"


def choose_ports(environ: Mapping[str, str], gateway: int | None, *, free: Callable[[int], bool] = is_free) -> Ports:
    """The gateway's port as requested, the others as usual, or other free ones where those are taken.

    Raises LauncherError when the gateway's port is taken, or one that is named by `--port` or in the environment: the
    operator has to clear it. Only the suite itself uses the other ports, so they may move.
    """
    wanted = gateway if gateway is not None else _number(environ, "GATEWAY_PORT", GATEWAY_PORT)
    if not free(wanted):
        raise LauncherError(
            f"Port {wanted} is taken by another program: stop it (`ss -ltnp 'sport = :{wanted}'` names it), "
            "or choose another port with `make run ARGS='--port 8081'`."
        )

    def chosen(variable: str, usual: int) -> int:
        if variable not in environ:
            return usual if free(usual) and usual != wanted else free_port()
        named = _number(environ, variable, usual)
        if not free(named):
            raise LauncherError(f"Port {named}, which {variable} names, is taken by another program.")
        return named

    return Ports(
        gateway=wanted,
        services={word: chosen(f"{word.upper()}_PORT", WANTED[word]) for word in WORDS},
        internal={word: chosen(f"{word.upper()}_INTERNAL_PORT", usual) for word, usual in WANTED_INTERNAL.items()},
    )


def _number(environ: Mapping[str, str], variable: str, usual: int) -> int:
    text = environ.get(variable) or str(usual)
    if not (text.isdecimal() and 0 < int(text) < 65_536):
        raise LauncherError(f"{variable} is not a port: a whole number from 1 to 65535.")
    return int(text)
