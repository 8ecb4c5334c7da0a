"""No more connections than the process may open files for."""

from __future__ import annotations

import resource

import pytest

from gateway.front.bounds import FILES_BESIDE, connections_within

UNBOUNDED = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "raised"),
    [
        (1_024, 1_024, 1_024 - FILES_BESIDE, 1_024),
        (1_024, 1_000_000, 4_096, 4_096 + FILES_BESIDE),
        (1_024, UNBOUNDED, 4_096, 4_096 + FILES_BESIDE),
        (1_000_000, 1_000_000, 4_096, None),
        (UNBOUNDED, UNBOUNDED, 4_096, None),
        (100, 100, 1, 100),
    ],
)
def test_connections_fit_into_the_files_of_the_process(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, connections: int, raised: int | None
) -> None:
    set_: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: set_.append(limits))
    assert connections_within(4_096) == connections
    assert set_ == ([] if raised is None else [(raised, hard)])
