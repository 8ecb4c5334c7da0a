"""A process dies after it has recorded an enrolment and before it has forgotten that it waits: it is paid once.

The process is killed as by kill -9 where a failpoint stands in the source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from kit import failpoints
from services.points import check, jobs
from services.points.domain.earning.activities import ActivityKind
from services.points.handlers.earning.enrolments import LEASE
from tests.factories import points as make
from tests.fixtures.dying import expect_killed
from tests.integration.points.busy import started
from tests.integration.points.conftest import Points
from tests.integration.points.enrolling import enrolled, hear, record, recorded, waiting


@pytest.fixture
def url(databases: Callable[[str], str]) -> str:
    return databases("points")


@pytest.fixture
def points(url: str) -> Iterator[Points]:
    with started(url) as found:
        yield found


def _record(url: str) -> None:
    failpoints.arm("points.pending.before_delete")
    with started(url) as points:
        jobs.record_pending_activities(points.storage, points.committer, limit=10)


def test_an_enrolment_whose_recorder_dies_is_paid_once(points: Points, url: str) -> None:
    points.rule(**make.activity_terms(ActivityKind.ENROLMENT))
    events = [enrolled(points) for _ in range(3)]
    hear(points, *events)
    members = {each.aggregate_id for each in events}
    expect_killed(_record, url)
    # Recorded, and still waiting.
    assert (recorded(points), waiting(points)) == (dict.fromkeys(members, 50), members)
    assert list(check.check(points.engine)) == []

    # The clock of the one that died had stood an instant later.
    points.clock.advance(seconds=(LEASE + timedelta(hours=1)).total_seconds())
    record(points)

    assert (recorded(points), waiting(points)) == (dict.fromkeys(members, 50), set())
    assert all(points.account(member_id).posted == 50 for member_id in members)
    assert list(check.check(points.engine)) == []
