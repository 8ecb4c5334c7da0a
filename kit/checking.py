"""Findings: what a service's checker says when its facts and what it derived from them disagree.

A service's `check.py` queries its own database and yields findings; none means that every invariant holds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TextIO

import orjson


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that must not be. `subject` names the row by its identity; neither part holds personal data."""

    check: str
    subject: str
    problem: str


# A broken rule can be broken a million times; a person needs to see some of them.
FINDINGS_MAX = 1_000


def bounded(findings: Iterable[Finding], findings_max: int = FINDINGS_MAX) -> Iterator[Finding]:
    """The first findings, and one more that says so when there are others."""
    for number, finding in enumerate(findings):
        if number == findings_max:
            yield Finding("findings_max", "", f"there are more than {findings_max} findings; these are the first")
            return
        yield finding


def report(word: str, findings: Iterable[Finding], out: TextIO) -> int:
    """Writes a line of JSON per finding and a last line with their number; gives the exit code: 1 if there was one."""
    count = 0
    for finding in bounded(findings):
        count += 1
        out.write(orjson.dumps({"service": word, **dataclasses.asdict(finding)}).decode() + "\n")
    out.write(orjson.dumps({"service": word, "findings": count}).decode() + "\n")
    return 1 if count else 0
