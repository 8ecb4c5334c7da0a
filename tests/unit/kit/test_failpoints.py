"""Where a process can be made to die."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from kit import failpoints


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, int]]]:
    """Whom this process would have killed, and how."""
    found: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, how: found.append((pid, how)))
    yield found
    failpoints.arm("")


def test_only_an_armed_failpoint_kills(killed: list[tuple[int, int]]) -> None:
    failpoints.arm("batch.written,batch.committed")
    failpoints.reach("batch.judged")
    assert killed == []
    failpoints.reach("batch.committed")
    assert killed == [(os.getpid(), signal.SIGKILL)]


def test_a_failpoint_may_let_some_pass(killed: list[tuple[int, int]]) -> None:
    failpoints.arm("batch.written:3")
    failpoints.reach("batch.written")
    failpoints.reach("batch.written")
    assert killed == []
    failpoints.reach("batch.written")
    assert len(killed) == 1
