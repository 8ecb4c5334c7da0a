"""The checks that the services bring themselves, run as they run everywhere: `python -m services.<word> check`."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from kit.checking import Finding
from wafa.backends import WORDS
from wafa.checker.heads import Head
from wafa.checker.snapshot import SnapshotError
from wafa.launcher.home import CHECKOUT

TIMEOUT_S = 3_600
ENDED_WITH_A_VERDICT = (0, 1)


@dataclasses.dataclass(frozen=True)
class ServiceReport:
    """What a service's own check found, and the head of its chain of seals if it was sealed first and has one."""

    findings: Sequence[Finding]
    head: Head | None = None


def check(environ_of: Callable[[str], Mapping[str, str]], *, seal: bool = False) -> dict[str, ServiceReport]:
    """The report of each service's own check, all at once, after sealing what can be sealed if asked to.

    Raises SnapshotError where one could not be run.
    """
    command = "check-sealed" if seal else "check"
    with ThreadPoolExecutor(len(WORDS)) as pool:
        found = pool.map(lambda word: _check(word, command, environ_of(word)), WORDS)
        return dict(zip(WORDS, found, strict=True))


def _check(word: str, command: str, environ: Mapping[str, str]) -> ServiceReport:
    return _report(word, run(word, command, environ, may_end_with=ENDED_WITH_A_VERDICT))


def run(
    word: str, command: str, environ: Mapping[str, str], *, may_end_with: Sequence[int]
) -> subprocess.CompletedProcess[str]:
    """Runs a command of a service to its end. Raises SnapshotError where it ends in another way than it may."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", f"services.{word}", command],
            env=environ,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SnapshotError(f"The {command} of {word} did not end within {TIMEOUT_S} s.") from None
    if done.returncode not in may_end_with:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise SnapshotError(f"The {command} of {word} could not be run (exit code {done.returncode}): {said}")
    return done


def _report(word: str, done: subprocess.CompletedProcess[str]) -> ServiceReport:
    """Reads the report: a line a finding, and a last one with their number, without which it was cut off."""
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    findings = [Finding(line["check"], line["subject"], line["problem"]) for line in lines if "check" in line]
    if not lines or lines[-1].get("findings") != len(findings):
        said = (done.stderr.strip().splitlines() or ["its report is cut off"])[-1]
        raise SnapshotError(f"The check of {word} broke off: {said}")
    return ServiceReport(findings, lines[0].get("head"))
