"""One Valkey (or Redis) on 127.0.0.1. It carries, it never remembers: nothing in it outlives a stop.

Events that were in it are sent again from the services' outboxes, and what is cached is read again.
"""

import signal
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from wafa.backends.accounts import ServerAccount
from wafa.backends.binaries import find_valkey
from wafa.backends.errors import BackendError
from wafa.backends.process import Launch, ServerProcess, require_free, stop_left_behind

START_TIMEOUT_SECONDS = 30.0
STOP_TIMEOUT_SECONDS = 10.0
PID_FILE = "server.pid"


@dataclass(frozen=True)
class ValkeySettings:
    """`folder` belongs to `account`. With `append_only` what is written survives a restart, except the last second.

    When `memory_max_mb` is reached, keys with a time to live make room; then writes are refused, which the services'
    outboxes bear. `databases` is how many numbered key spaces there are.
    """

    folder: Path
    log: Path
    account: ServerAccount
    port: int
    password: str
    append_only: bool = False
    memory_max_mb: int = 256
    databases: int = 16

    def configuration(self) -> str:
        """The text of a configuration file. It holds the password, so it goes through a pipe and never to a disk."""
        lines = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "protected-mode": "yes",
            "requirepass": self.password,
            "pidfile": f'"{self.folder / PID_FILE}"',
            "daemonize": "no",
            "set-proc-title": "no",
            "databases": str(self.databases),
            "save": '""',
            "appendonly": "yes" if self.append_only else "no",
            "maxmemory": f"{self.memory_max_mb}mb",
            "maxmemory-policy": "volatile-lru",
        }
        return "".join(f"{name} {value}\n" for name, value in lines.items())


class ValkeyServer:
    """A Valkey that may be started again after it was stopped or killed."""

    def __init__(self, settings: ValkeySettings) -> None:
        self.settings = settings
        self._launch = Launch(settings.account, settings.log)
        self._process: ServerProcess | None = None

    def start(self) -> None:
        """Starts the server and returns when it answers.

        Raises BackendError when the port is taken or the server gives up.
        """
        if self.alive:
            return
        program = find_valkey(self.settings.account)
        stop_orphan(self.settings.folder)
        require_free(self.settings.port, "Valkey")
        # "-" is for the pipe. The folder could stand in it too, but here it identifies the suite that the process
        # belongs to.
        arguments = ("-", "--dir", str(self.settings.folder), "--loglevel", "warning")
        process = self._launch.start(program, *arguments, stdin=self.settings.configuration().encode())
        try:
            process.wait_until(self._answers, START_TIMEOUT_SECONDS)
        except BaseException:
            process.stop()
            raise
        self._process = process

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end()

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.alive

    @property
    def pid(self) -> int:
        """The process id of the server. Raises BackendError when it was never started."""
        if self._process is None:
            raise BackendError("Valkey has not been started.")
        return self._process.pid

    def url(self, database: int = 0) -> str:
        # Generated passwords hold only characters that a URL may hold as they are.
        return f"redis://:{self.settings.password}@127.0.0.1:{self.settings.port}/{database}"

    def _end(self, *signals: signal.Signals) -> None:
        if self._process is not None:
            self._process.stop(*signals, timeout_seconds=STOP_TIMEOUT_SECONDS)

    def _answers(self) -> bool:
        # Its own retries would wait longer and longer, and not see that the server has given up.
        with redis.Redis.from_url(self.url(), socket_timeout=2, retry=Retry(NoBackoff(), 0)) as client:
            try:
                return bool(client.ping())
            except redis.AuthenticationError:
                raise BackendError(
                    f"Another server answers on port {self.settings.port}; choose another port."
                ) from None
            except redis.RedisError:
                return False


def stop_orphan(folder: Path) -> None:
    """Stops a server of a killed run that still runs in `folder`, if there is one."""
    stop_left_behind(folder / PID_FILE, mark=f"--dir {folder} ")
