"""What Wafa consists of, brought up in order and taken down in reverse."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence

from kit.peers import OPERATOR
from wafa.backends import WORDS, Backends
from wafa.launcher.child import Child, ProcessProgram, lines_of_failure
from wafa.launcher.embedded import Embedded
from wafa.launcher.errors import LauncherError
from wafa.launcher.home import CHECKOUT, Home, Whereabouts, state_folder
from wafa.launcher.ports import GATEWAY, Ports, choose_ports
from wafa.launcher.readiness import grpc_serves, http_ready
from wafa.launcher.settings import Settings
from wafa.launcher.stopping import Stop
from wafa.launcher.supervisor import Supervisor
from wafa.launcher.tokens import new_tokens
from wafa.screen import Screen

MIGRATION_TIMEOUT_S = 300


@dataclasses.dataclass(frozen=True)
class RunningSuite:
    """A running suite."""

    whereabouts: Whereabouts
    home: Home
    supervisor: Supervisor


@contextlib.contextmanager
def running(
    environ: Mapping[str, str], stop: Stop, screen: Screen, *, host: str = "127.0.0.1", port: int | None = None
) -> Iterator[RunningSuite]:
    """The whole suite while the block runs. For the main thread: children live as long as the thread that made them.

    Raises LauncherError or BackendError with a sentence for the person, and StopAsked.
    """
    home = Home(state_folder(environ))
    with contextlib.ExitStack() as exits:
        home.lock()
        exits.callback(home.unlock)
        ports = choose_ports(environ, port)
        secrets = home.secrets(environ, make=True)
        backends = _start_backends(environ, home, screen, exits)
        stop.check()
        supervisor = Supervisor(stop, say=screen.say, show=screen.quote)
        exits.callback(supervisor.end_all)
        for server in (backends.postgres, backends.valkey):
            if server is not None:
                supervisor.adopt(Embedded(server), is_back_end=True)
        tokens = new_tokens()
        settings = Settings(environ, backends.addresses, secrets, tokens)
        with screen.step("databases"):
            migrate(settings, home)
        # Started in order and waited for in order; what each does on its way up, they do side by side.
        children = [Child(program) for program in programs(settings, ports, host, home)]
        for child in children:
            supervisor.adopt(child)
            child.spawn()
        for child in children:
            with screen.step(child.name):
                child.wait_ready(stop)
        services = {word: ports.address(word) for word in WORDS}
        where = Whereabouts(f"http://{_reachable(host)}:{ports.gateway}", services, tokens[OPERATOR])
        home.announce(where)
        yield RunningSuite(where, home, supervisor)


def _start_backends(environ: Mapping[str, str], home: Home, screen: Screen, exits: contextlib.ExitStack) -> Backends:
    said: list[str] = []
    with screen.step("PostgreSQL and Valkey") as step:
        backends = exits.enter_context(Backends(environ, home.folder, say=said.append))
        given = [
            name for name, server in (("PostgreSQL", backends.postgres), ("Redis", backends.valkey)) if server is None
        ]
        step.note = f"using your own {' and '.join(given)}" if given else ""
    for sentence in said:
        screen.say(sentence)
    return backends


# ---- what runs


def programs(settings: Settings, ports: Ports, host: str, home: Home) -> Iterator[ProcessProgram]:
    """The suite's processes in the order of their start."""
    for word in WORDS:
        yield ProcessProgram(
            name=word,
            command=(sys.executable, "-m", f"services.{word}", "serve"),
            environ=settings.of_service(word, ports),
            folder=CHECKOUT,
            log=home.log(word),
            is_ready=functools.partial(grpc_serves, ports.address(word)),
        )
    yield ProcessProgram(
        name=GATEWAY,
        command=(sys.executable, "-m", GATEWAY, "serve"),
        environ=settings.of_gateway(host, ports),
        folder=CHECKOUT,
        log=home.log(GATEWAY),
        is_ready=functools.partial(http_ready, ports.internal[GATEWAY]),
    )


def migrate(settings: Settings, home: Home, words: Sequence[str] = WORDS) -> None:
    """Brings the databases forward, in a process that knows the roles that own them. Raises LauncherError."""
    log = home.log("databases")
    with log.open("a+b") as out:
        start = out.tell()
        try:
            done = subprocess.run(
                [sys.executable, "-m", "services", *words],
                env=settings.of_migrations(words),
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=MIGRATION_TIMEOUT_S,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            raise LauncherError(f"The databases were not brought forward in time; the log is {log}.") from None
        out.seek(start)
        lines = lines_of_failure(out.read().decode(errors="replace").splitlines())
    if done.returncode != 0:
        raise LauncherError(
            f"The databases could not be brought forward (exit code {done.returncode}); the log is {log}.", lines
        )


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"", "0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
