"""One PostgreSQL on 127.0.0.1: made when it is new, started, stopped, and killed where a test wants to see that."""

import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from wafa.backends.accounts import ServerAccount, own, user_name
from wafa.backends.binaries import PostgresPrograms, find_postgres
from wafa.backends.errors import BackendError
from wafa.backends.process import Launch, ServerProcess, require_free, stop_left_behind

SUPERUSER = "wafa"
# A server that was killed may have much to replay; one that starts at all starts within a second.
START_TIMEOUT_SECONDS = 300.0
SHUTDOWN_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class PostgresSettings:
    """`folder` belongs to `account` alone; data, and nothing but data, is in `folder/data`.

    Not `durable` means several times faster, worthless after a power cut, and with passwords that are quickly tried:
    for tests only.
    """

    folder: Path
    log: Path
    account: ServerAccount
    port: int
    password: str
    durable: bool = True
    connections_max: int = 200

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def options(self, major: int) -> dict[str, str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": str(self.connections_max),
            "timezone": "UTC",
            "log_timezone": "UTC",
            # All queries here are short; compiling one takes longer than running it.
            "jit": "off",
            "log_checkpoints": "off",
        }
        if not self.durable:
            options |= {
                "fsync": "off",
                "full_page_writes": "off",
                "synchronous_commit": "off",
                "wal_level": "minimal",
                "max_wal_senders": "0",
                "max_wal_size": "256MB",
                "autovacuum": "off",
            }
            if major >= 16:
                # A test logs in every few milliseconds; making passwords dear to guess is made for other places.
                options["scram_iterations"] = "1"
        return options


class PostgresServer:
    """A PostgreSQL that may be started again on the same data after it was stopped or killed."""

    def __init__(self, settings: PostgresSettings) -> None:
        self.settings = settings
        self._launch = Launch(settings.account, settings.log)
        self._process: ServerProcess | None = None

    # ---- life

    def start(self) -> None:
        """Starts the server, and makes its data folder first when there is none; returns when it accepts connections.

        Raises BackendError when the port is taken, the data is another version's or another user's, or the server
        gives up. A server of a killed run that still works on the data is stopped first.
        """
        if self.alive:
            return
        programs = find_postgres(self.settings.account, major=self._data_major())
        if self._data_major() is None:
            self._make_data(programs)
        else:
            stop_orphan(self.settings.folder)
        require_free(self.settings.port, "PostgreSQL")
        arguments = [f"-c{name}={value}" for name, value in self.settings.options(programs.major).items()]
        self._process = self._start_patiently(programs, ["-D", str(self.settings.data), *arguments])

    def stop(self) -> None:
        """Ends sessions and writes everything down ("fast" shutdown); the next start has nothing to replay."""
        self._end(signal.SIGINT, signal.SIGQUIT)

    def stop_immediately(self) -> None:
        """Ends all processes of the server without writing anything down; the next start replays the log."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """Kills the server's first process with SIGKILL; the others notice and end on their own."""
        self._end()

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.alive

    @property
    def pid(self) -> int:
        """The process id of the server's first process. Raises BackendError when it was never started."""
        if self._process is None:
            raise BackendError("PostgreSQL has not been started.")
        return self._process.pid

    # ---- ways in

    def url(self, user: str, password: str, database: str) -> str:
        """An address in SQLAlchemy's style."""
        return f"postgresql+psycopg://{user}:{quote(password, safe='')}@127.0.0.1:{self.settings.port}/{database}"

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """A connection of the superuser, each statement of which is its own transaction."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.settings.port,
            user=SUPERUSER,
            password=self.settings.password,
            dbname=database,
            # What PGSSLMODE and its like say in a person's shell is meant for other servers.
            sslmode="disable",
            gssencmode="disable",
            connect_timeout=5,
            autocommit=True,
        )

    # ---- how

    def _end(self, *signals: signal.Signals) -> None:
        if self._process is not None:
            self._process.stop(*signals, timeout_seconds=SHUTDOWN_TIMEOUT_SECONDS)

    def _data_major(self) -> int | None:
        """The major version that wrote the data, which PostgreSQL itself notes; None when there is no data yet."""
        data = self.settings.data
        try:
            if not data.exists():
                return None
            if (owner := data.stat().st_uid) != self.settings.account.uid:
                raise BackendError(
                    f"{data} belongs to {user_name(owner)}, and PostgreSQL would run as {self.settings.account.name}: "
                    "run make as the user that ran it first, or start empty with `make reset` (it deletes the data)."
                )
            return int((data / "PG_VERSION").read_text())
        except (OSError, ValueError) as error:
            raise BackendError(
                f"{data} does not look like the data of a PostgreSQL ({error}): restore it from a backup, "
                "or start empty with `make reset` (it deletes the data)."
            ) from error

    def _make_data(self, programs: PostgresPrograms) -> None:
        """Runs initdb in a draft folder, so that after an interrupted run nothing looks like data."""
        draft = self.settings.folder / "data.draft"
        password = self.settings.folder / "password.draft"
        try:
            if draft.exists():
                shutil.rmtree(draft)
            # initdb opens the file by name and as the server's user: neither a pipe nor a file of ours would do.
            password.unlink(missing_ok=True)
            password.touch(mode=0o600)
            own(self.settings.account, password)
            password.write_text(self.settings.password)
            self._launch.finish(
                programs.initdb,
                f"--pgdata={draft}",
                f"--username={SUPERUSER}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-instructions",
                *([] if self.settings.durable else ["--no-sync"]),
                *locale_options(programs.major),
            )
            draft.rename(self.settings.data)
        except OSError as error:
            raise BackendError(
                f"{self.settings.folder} cannot be used for the data of PostgreSQL ({error.strerror}): "
                f"give it to {self.settings.account.name} with chown, or free some space."
            ) from error
        finally:
            with suppress(OSError):
                password.unlink(missing_ok=True)

    def _start_patiently(self, programs: PostgresPrograms, arguments: list[str]) -> ServerProcess:
        """Starts the server, and again while sessions of a killed one still hold its shared memory."""
        deadline = time.monotonic() + SHUTDOWN_TIMEOUT_SECONDS
        while True:
            process = self._launch.start(programs.postgres, *arguments)
            try:
                process.wait_until(self._accepts, START_TIMEOUT_SECONDS)
            except BaseException as error:
                process.stop(signal.SIGQUIT)
                waiting = isinstance(error, BackendError) and "pre-existing shared memory" in process.words()
                if not waiting or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return process

    def _accepts(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise BackendError(
                    "PostgreSQL does not know the password that is noted for it: restore passwords.json beside its "
                    "data, or start empty with `make reset` (it deletes the data)."
                ) from None
            return False
        return True


def stop_orphan(folder: Path) -> None:
    """Stops a server of a killed run that still works on the data in `folder`, if there is one."""
    data = folder / "data"
    stop_left_behind(data / "postmaster.pid", mark=f"-D {data} ")


def locale_options(major: int) -> list[str]:
    """Sorting by code point and Unicode's upper and lower case, from PostgreSQL itself where it can (17 and newer)."""
    if major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C.UTF-8"]
