"""Make the environment in `.venv` equal to a lock: `bootstrap.py run` or `bootstrap.py dev`.

Needs Python with its venv module and a package index that pip can reach; nothing else, not even a shell. The order:
a virtual environment, a pinned uv checked by hash, then `uv pip sync` of the hashed lock. uv takes seconds where pip
takes a minute; where uv cannot work, pip installs the same lock with the same hashes.

A stamp in the environment remembers what it was made from, so that a second call costs milliseconds. The dev lock
holds the run lock, so an environment for development also serves `run`.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / "wafa-stamp.json"
UV_LOCK = ROOT / "requirements-uv.lock"
LOCKS = {"run": ROOT / "requirements-run.lock", "dev": ROOT / "requirements-dev.lock"}
PYTHON_MIN = (3, 11)


def main(arguments: list[str]) -> None:
    if len(arguments) != 1 or arguments[0] not in LOCKS:
        refuse(f"usage: {Path(__file__).name} {'|'.join(LOCKS)}")
    if sys.version_info < PYTHON_MIN:
        found, needed = ".".join(map(str, sys.version_info[:2])), ".".join(map(str, PYTHON_MIN))
        refuse(f"Wafa needs Python {needed} or newer and this is {found}: install one, or name it with PYTHON=….")
    kind = arguments[0]
    if is_ready(kind):
        return
    with only_one():
        if not is_ready(kind):
            prepare("dev" if stamp().get("kind") == "dev" else kind)


def prepare(kind: str) -> None:
    """Makes or mends the environment and stamps it; the stamp is gone while the environment is half made."""
    if not interpreter_works():
        make_venv()
    STAMP.unlink(missing_ok=True)
    say(f"installing what {LOCKS[kind].name} names into .venv")
    if not install_with_uv(LOCKS[kind]):
        say("uv could not do it; pip does the same, which takes about a minute")
        install_with_pip(LOCKS[kind])
    STAMP.write_text(json.dumps({"kind": kind, "digest": digest(kind)}))


def is_ready(kind: str) -> bool:
    noted = stamp()
    kinds = ("dev",) if noted.get("kind") == "dev" else (kind,)
    return VENV_PYTHON.exists() and any(noted == {"kind": each, "digest": digest(each)} for each in kinds)


def stamp() -> dict[str, str]:
    try:
        noted = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def digest(kind: str) -> str:
    return hashlib.sha256(UV_LOCK.read_bytes() + LOCKS[kind].read_bytes()).hexdigest()


# ---- the environment


def interpreter_works() -> bool:
    """Says whether .venv holds a living Python of the floor or newer; one that was moved or upgraded away does not."""
    check = f"import sys, pip; sys.exit(sys.version_info < {PYTHON_MIN})"
    try:
        return run([str(VENV_PYTHON), "-I", "-c", check], quiet=True) == 0
    except OSError:
        return False


def make_venv() -> None:
    say(f"making .venv with Python {'.'.join(map(str, sys.version_info[:3]))}")
    if VENV.exists():
        shutil.rmtree(VENV)
    finished = run_quietly([sys.executable, "-I", "-m", "venv", str(VENV)])
    if finished.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        version = ".".join(map(str, sys.version_info[:2]))
        said = (finished.stdout + finished.stderr).strip()
        refuse(
            f"{said}\n\nThis Python cannot make a virtual environment, most likely because its venv or ensurepip "
            f"module is packaged apart: `apt install python{version}-venv`, or name another Python with PYTHON=…."
        )


def install_with_uv(lock: Path) -> bool:
    settings = pip_settings()
    if run(pip_install(UV_LOCK)) != 0:
        return False
    uv = [str(VENV / "bin" / "uv"), "--quiet", "pip", "sync", "--python", str(VENV_PYTHON)]
    # Compiled once here, as pip does: otherwise each process of the suite would wait for it, and with
    # PYTHONDONTWRITEBYTECODE set, as containers often have it, at every start.
    options = ["--compile-bytecode", "--require-hashes"]
    try:
        return run([*uv, *options, str(lock)], environ=clean_environ() | uv_environ(settings)) == 0
    except OSError:
        return False


def install_with_pip(lock: Path) -> None:
    if run(pip_install(lock)) != 0:
        refuse(
            "The packages could not be installed. Look above for pip's reason; behind a mirror or a proxy, set "
            "`pip config set global.index-url …` or PIP_INDEX_URL, which this script uses, too."
        )


def pip_install(lock: Path) -> list[str]:
    # --no-deps: a lock is whole, and what it does not name must not slip in.
    pip = [str(VENV_PYTHON), "-I", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    return [*pip, "install", "--no-deps", "--require-hashes", "--requirement", str(lock)]


# ---- pip's settings, passed to uv


def pip_settings() -> dict[str, str]:
    """What pip's files and environment say, without section names; what counts more comes later and wins."""
    listing = run_quietly([str(VENV_PYTHON), "-I", "-m", "pip", "config", "list"])
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listing.stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, setting = name.rpartition(".")
        if section in sections:
            sections[section][setting] = str(ast.literal_eval(value))
    return {**sections["global"], **sections["install"], **sections[":env:"]}


def uv_environ(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings of pip in uv's words; a variable that the person has set for uv is left alone.

    They travel as variables and not as options because an index address may carry a password, and a command line can
    be read by every user of the machine.
    """

    def words(setting: str, joint: str = " ") -> str:
        return joint.join(settings.get(setting, "").split())

    spoken = {
        "UV_DEFAULT_INDEX": words("index-url"),
        "UV_INDEX": words("extra-index-url"),
        "UV_FIND_LINKS": words("find-links", ","),
        "UV_NO_INDEX": "1" if settings.get("no-index", "").lower() in {"1", "true", "yes", "on"} else "",
        "UV_INSECURE_HOST": words("trusted-host"),
        "UV_HTTP_TIMEOUT": settings.get("timeout", settings.get("default-timeout", "")),
        "SSL_CERT_FILE": settings.get("cert", ""),
        "SSL_CLIENT_CERT": settings.get("client-cert", ""),
        "ALL_PROXY": settings.get("proxy", ""),
        # pip looks in every index for a version, and the hashes of the lock decide what is taken.
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        # A cache on another file system than the checkout is ordinary; uv need not warn of it.
        "UV_LINK_MODE": "copy" if not same_device(cache_folder(), ROOT) else "",
    }
    return {name: value for name, value in spoken.items() if value and not os.environ.get(name)}


def cache_folder() -> Path:
    fallback = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    return Path(os.environ.get("UV_CACHE_DIR") or fallback)


def same_device(one: Path, other: Path) -> bool:
    """Compares the file systems of two folders, of which the first need not exist yet."""
    while not one.exists() and one != one.parent:
        one = one.parent
    return one.stat().st_dev == other.stat().st_dev


# ---- plumbing


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Lets one bootstrap of this checkout work at a time; a second one waits and then finds the work done."""
    import fcntl  # here, so that the sentence about Python's version comes before a missing module

    with Path(__file__).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def clean_environ() -> dict[str, str]:
    """The environment without what would make a child look at other packages than those of its own interpreter."""
    foreign = {"PYTHONPATH", "PYTHONHOME", "PIP_REQUIRE_VIRTUALENV", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    return {name: value for name, value in os.environ.items() if name not in foreign}


def run(command: list[str], environ: dict[str, str] | None = None, *, quiet: bool = False) -> int:
    sink = subprocess.DEVNULL if quiet else None
    finished = subprocess.run(command, env=environ or clean_environ(), stdout=sink, stderr=sink, check=False)
    return finished.returncode


def run_quietly(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=clean_environ(), capture_output=True, text=True, check=False)


def say(sentence: str) -> None:
    sys.stderr.write(f"bootstrap: {sentence}\n")


def refuse(sentence: str) -> NoReturn:
    sys.exit(f"bootstrap: {sentence}")


if __name__ == "__main__":
    main(sys.argv[1:])
