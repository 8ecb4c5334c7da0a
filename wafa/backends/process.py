"""One server process on a leash: start, watch, signal, and what it said last.

The death signal of a leash belongs to the *thread* that started the server: when that thread ends, the server stops.
Start servers from a thread that lives as long as they should, which is usually the main one.
"""

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wafa.backends.accounts import ServerAccount
from wafa.backends.errors import BackendError

LEASH = Path(__file__).with_name("leash.py")
POLL_SECONDS = 0.02
LOG_BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True)
class Launch:
    """How a program is started: as whom, writing its output where.

    `environ` is the whole environment of the program. It is small on purpose: PGPORT, LD_LIBRARY_PATH and their like
    in a person's shell are meant for other servers.
    """

    account: ServerAccount
    log: Path

    @property
    def environ(self) -> Mapping[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def command(self, program: Path, *arguments: str) -> list[str]:
        user = (str(self.account.uid), str(self.account.gid)) if self.account.switch else ("-", "-")
        leash = (sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *user)
        return [*leash, str(program), *arguments]

    def finish(self, program: Path, *arguments: str, timeout_seconds: float = 120) -> None:
        """Runs a program to its end. Raises BackendError with what it said last when it fails."""
        with self.log.open("ab") as log:
            log_start = log.tell()
            try:
                finished = subprocess.run(
                    self.command(program, *arguments),
                    env=self.environ,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    timeout=timeout_seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise BackendError(
                    f"{program.name} did not finish within {timeout_seconds:.0f} s: {self.log}"
                ) from None
        if finished.returncode != 0:
            said = last_words(read_from(self.log, log_start))
            raise BackendError(f"{program.name} failed: {said} (all of it: {self.log})")

    def start(self, program: Path, *arguments: str, stdin: bytes = b"") -> "ServerProcess":
        """Starts a server and returns at once. `stdin` is for secrets: every user can read a command line."""
        bound_log(self.log)
        with self.log.open("ab") as log:
            log_start = log.tell()
            process = subprocess.Popen(
                self.command(program, *arguments),
                env=self.environ,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in a terminal goes to its foreground group. The launcher stops the servers last, when the
                # services have finished what they were doing.
                start_new_session=True,
            )
        assert process.stdin is not None  # noqa: S101  for mypy: it is a pipe
        try:
            process.stdin.write(stdin)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it has died already; `wait_until` says why
        return ServerProcess(program.name, process, self.log, log_start)


class ServerProcess:
    """A running server. Every method may be called again after the process has ended."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: Path, log_start: int) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._log_start = log_start

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def returncode(self) -> int | None:
        """How it ended: an exit code, a negative signal number, or None while it runs."""
        return self._process.poll()

    def words(self) -> str:
        """What this process has written so far."""
        return read_from(self.log, self._log_start)

    def wait_until(self, ready: Callable[[], bool], timeout_seconds: float) -> None:
        """Waits until `ready` says so. Raises BackendError when the process ends before that, or the time is over."""
        deadline = time.monotonic() + timeout_seconds
        while not ready():
            if not self.alive:
                raise BackendError(f"{self.name} ended at once: {last_words(self.words())} (all of it: {self.log})")
            if time.monotonic() > deadline:
                raise BackendError(f"{self.name} was not ready within {timeout_seconds:.0f} s: {self.log}")
            time.sleep(POLL_SECONDS)

    def stop(self, *signals: signal.Signals, timeout_seconds: float = 30) -> None:
        """Sends each signal in turn until one ends the process; the last resort is always SIGKILL."""
        for each in (*signals, signal.SIGKILL):
            if not self.alive:
                return
            self._process.send_signal(each)
            try:
                self._process.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                continue


# ---- ports


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago, below the ports that systems lend to outgoing connections.

    One of those could be lent to another process between this test and the server's start.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        if is_free(port):
            return port


def is_free(port: int) -> bool:
    """Says whether a server could listen on the port now; a connection that lingers from before does not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def require_free(port: int, server: str) -> None:
    if not is_free(port):
        raise BackendError(
            f"Port {port} of 127.0.0.1, which {server} should have, is taken by another program: "
            f"stop that program (`ss -ltnp 'sport = :{port}'` names it) or choose another port."
        )


# ---- what was said, and by whom


def read_from(log: Path, start: int) -> str:
    with log.open("rb") as file:
        file.seek(start)
        return file.read().decode(errors="replace")


def last_words(said: str, lines_max: int = 3) -> str:
    """The last lines in one, only those that report a failure if there are any."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    failures = [line for line in lines if re.search(r"fatal|error|panic|cannot|could not|denied", line, re.IGNORECASE)]
    return " / ".join((failures or lines or ["it said nothing"])[-lines_max:])


def bound_log(log: Path) -> None:
    """Keeps one older log beside the current one, so that a server that runs for months cannot fill the disk."""
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.old"))


def stop_left_behind(pid_file: Path, mark: str, timeout_seconds: float = 60) -> None:
    """Stops the server of a killed run that a file names, if it still runs, and removes the file.

    That is ordinary where there is no leash, and possible where there is one: a server takes its time to stop. `mark`
    is a text that only that server's command line holds, because by now the number may be another process's; in
    containers numbers repeat at every start.
    """
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return
    deadline = time.monotonic() + timeout_seconds
    is_ours = mark in command_line(pid)
    while is_ours and not has_ended(pid):
        if time.monotonic() > deadline:
            raise BackendError(f"A server of an earlier run does not stop: end process {pid} by hand.")
        if mark in command_line(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
        time.sleep(POLL_SECONDS)
    pid_file.unlink(missing_ok=True)


def has_ended(pid: int) -> bool:
    """Whether a process of this machine is over, with its files and ports closed; its parent need not know yet.

    The command line would say so too early: Linux takes it away before it closes what the process had open.
    """
    stat = Path("/proc") / str(pid) / "stat"
    if Path("/proc/self/stat").exists():
        try:
            return stat.read_text(errors="replace").rpartition(")")[2].split()[0] in {"Z", "X"}
        except OSError:
            return True
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return not shown.stdout.strip() or shown.stdout.startswith("Z")


def command_line(pid: int) -> str:
    """The command line of a process of this machine; empty when there is no such process."""
    proc = Path("/proc")
    if (proc / "self" / "cmdline").exists():
        try:
            return (proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout
