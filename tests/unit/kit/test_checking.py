"""Findings on their way to the caller of a check."""

from __future__ import annotations

import io
import json

from kit.checking import Finding, bounded, report

ODD = Finding("jars_closed", "jar/7", "is open")


def test_no_finding_is_success() -> None:
    out = io.StringIO()
    assert report("pantry", [], out) == 0
    assert json.loads(out.getvalue()) == {"service": "pantry", "findings": 0}


def test_each_finding_is_a_line_and_the_last_line_counts_them() -> None:
    out = io.StringIO()
    assert report("pantry", [ODD, ODD], out) == 1
    *lines, last = map(json.loads, out.getvalue().splitlines())
    assert lines == [{"service": "pantry", "check": "jars_closed", "subject": "jar/7", "problem": "is open"}] * 2
    assert last == {"service": "pantry", "findings": 2}


def test_past_the_bound_it_says_that_there_are_more() -> None:
    assert list(bounded([ODD] * 3, findings_max=3)) == [ODD] * 3
    *first, last = bounded([ODD] * 5, findings_max=3)
    assert first == [ODD] * 3
    assert last.check == "findings_max"
