"""The checks that the services bring themselves, run as they run everywhere: `python -m services.<word> check`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from kit.checking import Finding
from wafa.backends import WORDS
from wafa.checker.books import BooksError
from wafa.launcher.home import CHECKOUT

TIMEOUT_S = 3_600
ENDED_WITH_A_VERDICT = (0, 1)


def check(environ_of: Callable[[str], Mapping[str, str]]) -> dict[str, list[Finding]]:
    """The findings of each service's own check, all at once. Raises BooksError where one could not be run."""
    with ThreadPoolExecutor(len(WORDS)) as pool:
        found = pool.map(lambda word: _check(word, environ_of(word)), WORDS)
        return dict(zip(WORDS, found, strict=True))


def _check(word: str, environ: Mapping[str, str]) -> list[Finding]:
    command = [sys.executable, "-m", f"services.{word}", "check"]
    try:
        done = subprocess.run(
            command, env=environ, cwd=CHECKOUT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise BooksError(f"The check of {word} did not end within {TIMEOUT_S} s.") from None
    if done.returncode not in ENDED_WITH_A_VERDICT:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BooksError(f"The check of {word} could not be run (exit code {done.returncode}): {said}")
    return _findings(word, done)


def _findings(word: str, done: subprocess.CompletedProcess[str]) -> list[Finding]:
    """Reads the report: a line a finding, and a last one with their number, without which it was cut off."""
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    findings = [Finding(line["check"], line["subject"], line["problem"]) for line in lines if "check" in line]
    if not lines or lines[-1].get("findings") != len(findings):
        said = (done.stderr.strip().splitlines() or ["its report is cut off"])[-1]
        raise BooksError(f"The check of {word} broke off: {said}")
    return findings
