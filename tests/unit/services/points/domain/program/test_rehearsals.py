"""Where a rehearsal looks next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.points.domain.program.rehearsals import WINDOW_MAX, WINDOW_MIN, Position

LAST = datetime.max.replace(tzinfo=UTC)


def test_a_look_ends_with_its_window_or_with_the_period() -> None:
    at = LAST - timedelta(days=9)
    position = Position(at, window=timedelta(days=5))
    assert position.window_end(LAST) == at + timedelta(days=5)
    assert position.moved([], LAST, full=False) == Position(at + timedelta(days=5), window=WINDOW_MAX)
    assert position.moved([], LAST, full=False).window_end(LAST) == LAST


@pytest.mark.parametrize(("failures", "minutes"), [(0, 60), (1, 30), (2, 15), (5, 60 / 32), (7, 0.5), (60, 0.5)])
def test_a_look_that_failed_is_taken_up_with_less(failures: int, minutes: float) -> None:
    position = Position(LAST - timedelta(days=9), window=timedelta(hours=1))
    assert position.narrowed(failures).window == timedelta(minutes=minutes) >= WINDOW_MIN
    assert position.narrowed(failures).at == position.at
