"""The whole check, and its report."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from kit.checking import Finding
from wafa.checker import facts, redemptions, services, standings
from wafa.checker.heads import Head
from wafa.checker.snapshot import DatabaseSnapshot, lasting

READINGS = 3
PAUSE_S = 0.5
# How long the consumers of members' events may be behind.
PATIENCE_S = 20.0

REDEMPTIONS = "redemptions against points"
STANDINGS = "members as others know them"


@dataclasses.dataclass(frozen=True)
class CheckReport:
    """What the check read and found.

    `findings` by area; `behind` counts changes that no process was running to consume; `heads` of chains that were
    sealed first.
    """

    facts: Mapping[str, int]
    findings: Mapping[str, tuple[Finding, ...]]
    behind: int
    heads: tuple[Head, ...] = ()

    @property
    def count(self) -> int:
        """How many findings there are."""
        return sum(map(len, self.findings.values()))

    @property
    def read_nothing(self) -> bool:
        """Whether there was nothing to check, which proves nothing."""
        return not any(self.facts.values())

    @property
    def holds(self) -> bool:
        """Whether something was read and all of it is as it must be."""
        return not self.read_nothing and self.count == 0

    def with_findings(self, area: str, findings: Iterable[Finding]) -> CheckReport:
        """The proof with another area."""
        return dataclasses.replace(self, findings={**self.findings, area: tuple(findings)})

    def to_json(self) -> dict[str, Any]:
        """The proof for machines."""
        findings = [
            {"area": area, **dataclasses.asdict(each)} for area, found in self.findings.items() for each in found
        ]
        return {
            "holds": self.holds,
            "facts": dict(self.facts),
            "findings": findings,
            "not_yet_heard": self.behind,
        }


def prove(
    urls: Mapping[str, str],
    environ_of: Callable[[str], Mapping[str, str]],
    *,
    is_running: bool,
    seal: bool = False,
    patience_s: float = PATIENCE_S,
    pause: Callable[[float], object] = time.sleep,
) -> CheckReport:
    """Checks everything, after sealing what can be sealed if asked to. Raises SnapshotError.

    `is_running` says whether the suite works meanwhile.
    """
    reports = services.check(environ_of, seal=seal)
    found = {word: tuple(report.findings) for word, report in reports.items()}
    heads = tuple(report.head for report in reports.values() if report.head)
    paid = lasting(_redemption_readings(urls, READINGS if is_running else 1), lambda: pause(PAUSE_S))
    known, behind = _standings(urls, is_running=is_running, patience_s=patience_s, pause=pause)
    with DatabaseSnapshot(urls) as snapshot:
        counted = facts.count(snapshot)
    return CheckReport(counted, {**found, REDEMPTIONS: _sorted(paid), STANDINGS: _sorted(known)}, behind, heads)


def _redemption_readings(urls: Mapping[str, str], readings: int) -> Iterator[frozenset[Finding]]:
    for _ in range(readings):
        with DatabaseSnapshot(urls) as snapshot:
            yield frozenset(redemptions.check(snapshot))


def _standings(
    urls: Mapping[str, str], *, is_running: bool, patience_s: float, pause: Callable[[float], object]
) -> tuple[frozenset[Finding], int]:
    """Findings that last, and how many differences are only unconsumed events while the suite does not run."""
    rounds = max(1, round(patience_s / PAUSE_S)) if is_running else 1
    stayed = lasting(_standing_readings(urls, rounds), lambda: pause(PAUSE_S))
    counted = {each.finding for each in stayed if is_running or not each.is_behind}
    return frozenset(counted), 0 if is_running else sum(each.is_behind for each in stayed)


def _standing_readings(urls: Mapping[str, str], readings: int) -> Iterator[frozenset[standings.ProjectionDifference]]:
    for _ in range(readings):
        with DatabaseSnapshot(urls) as snapshot:
            yield frozenset(standings.differences(snapshot))


def _sorted(findings: frozenset[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda each: (each.check, each.subject, each.problem)))
