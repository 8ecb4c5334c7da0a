"""Birthdays: one in each local year, by the calendar of the program, and what contradicts the recorded one says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.points import check, tables
from services.points.domain.commands import SetProgramPolicy
from services.points.domain.earning.activities import ActivityKind
from services.points.domain.errors import ActivityConflict
from services.points.domain.program.policy import Shortfall
from tests.factories import points as make
from tests.fixtures.digests import digest_anew
from tests.integration.points.conftest import TILL, Points

BIRTHDAY = ActivityKind.BIRTHDAY


@pytest.fixture(params=["policy", "rule"])
def karachi(request: pytest.FixtureRequest, points: Points) -> Points:
    """A program in Karachi, as its policy says or as its birthday rule does."""
    points.rule(**make.activity_terms(BIRTHDAY, time_zone="Asia/Karachi" if request.param == "rule" else "UTC"))
    if request.param == "policy":
        set_zone(points, "Asia/Karachi")
    points.clock.set(datetime(2027, 6, 1, tzinfo=UTC)) if hasattr(points.clock, "set") else None
    return points


def set_zone(points: Points, time_zone: str) -> None:
    command = SetProgramPolicy(make.PROGRAM, f"policy-{time_zone}", Shortfall.CARRY, time_zone=time_zone)
    points.policies.set_program_policy(TILL, command).unwrap()
    assert points.policies.get_program_policy(make.PROGRAM).time_zone == time_zone


def report(points: Points, member_id: UUID, instant: datetime, **parts: Any) -> bool:
    """Whether the birthday was known."""
    report = make.an_activity_report(BIRTHDAY, occurred_at=instant, **parts)
    outcome = points.activities.record_activity(TILL, make.record_activity(member_id, report))
    outcome.unwrap()
    return outcome.replayed


def new_year(year: int, hour: int) -> datetime:
    """That hour of the first of January in Karachi, which is five hours before Greenwich."""
    return datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=hour - 5)


def test_a_birthday_on_the_first_of_january_is_one_whenever_on_that_day_it_is_reported(karachi: Points) -> None:
    member_id = karachi.member()
    assert [report(karachi, member_id, new_year(2025, hour)) for hour in (1, 10, 23)] == [False, True, True]
    assert karachi.account(member_id).posted == 50


def test_the_birthday_of_the_next_year_is_not_answered_with_that_of_the_last(karachi: Points) -> None:
    member_id = karachi.member()
    # By UTC both lie in 2025.
    instants = new_year(2025, 10), new_year(2026, 1)
    assert [report(karachi, member_id, instant) for instant in instants] == [False, False]
    assert karachi.account(member_id).posted == 100


def test_one_at_the_end_of_the_year_is_one_as_well(karachi: Points) -> None:
    member_id = karachi.member()
    eve = new_year(2026, 0) - timedelta(hours=1)
    assert [report(karachi, member_id, eve - timedelta(hours=hours)) for hours in (0, 6, 20)] == [False, True, True]
    assert karachi.account(member_id).posted == 50


def test_a_birthday_recorded_by_utc_is_known_under_the_calendar_of_the_program(points: Points) -> None:
    points.rule(**make.activity_terms(BIRTHDAY))
    member_id = points.member()
    report(points, member_id, new_year(2026, 1))
    with points.engine.begin() as connection:
        connection.execute(sa.text("UPDATE activities SET local_year = NULL"))
        digest_anew(connection, tables.activities)
    set_zone(points, "Asia/Karachi")
    assert report(points, member_id, new_year(2026, 10)) is True
    assert points.account(member_id).posted == 50
    assert not list(check.check(points.engine))


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"occurred_at": make.NOON - timedelta(days=1)}, "occurred_at"),
        ({"store_id": "S2"}, "store_id"),
        ({"attributes": {"cake": "plum"}}, "attributes[cake]"),
    ],
)
def test_a_report_that_contradicts_the_recorded_birthday_names_the_field(
    points: Points, parts: dict[str, Any], field: str
) -> None:
    points.rule(**make.activity_terms(BIRTHDAY))
    member_id = points.member()
    report(points, member_id, make.NOON, attributes={"cake": "lemon"})
    parts = {"occurred_at": make.NOON} | parts
    with pytest.raises(ActivityConflict) as refused:
        report(points, member_id, parts.pop("occurred_at"), **parts)
    assert refused.value.metadata["fields"] == field
    assert field in str(refused.value)
    assert points.account(member_id).posted == 50


@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_all_calendars_are_no_accident(karachi: Points, year: int) -> None:
    member_id = karachi.member()
    ends = datetime(year, 1, 1, tzinfo=UTC) if year == 1 else datetime(year, 12, 31, 23, 59, tzinfo=UTC)
    if year == 1:
        assert report(karachi, member_id, ends) is False
    else:
        with pytest.raises(Exception, match="more than a day in the future"):
            report(karachi, member_id, ends)
