"""Rehearsals on the wire: which periods may be rehearsed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kit.convert import timestamp_of
from services.points.convert.program import rehearsals as convert
from tests.unit.services.points import requests
from tests.unit.services.points.convert.refusals import expect_refused

LAST = datetime.max.replace(microsecond=999_000, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize("end", [requests.BEGINNING, datetime(2026, 1, 2, tzinfo=UTC), LAST])
@pytest.mark.parametrize("length", [timedelta(microseconds=1), DAY, convert.PERIOD_MAX])
def test_a_period_of_up_to_two_years_comes_through_unchanged(end: datetime, length: timedelta) -> None:
    request = requests.rehearse_earning_rules()
    request.occurred_from.CopyFrom(timestamp_of(end - length))
    request.occurred_until.CopyFrom(timestamp_of(end))
    command = convert.rehearse_earning_rules(request)
    assert (command.start, command.end) == (end - length, end)


@pytest.mark.parametrize("length", [timedelta(0), -DAY, convert.PERIOD_MAX + timedelta(microseconds=1)])
@pytest.mark.parametrize("end", [requests.BEGINNING, LAST - DAY])
def test_other_periods_are_refused(end: datetime, length: timedelta) -> None:
    request = requests.rehearse_earning_rules()
    request.occurred_from.CopyFrom(timestamp_of(end - length))
    request.occurred_until.CopyFrom(timestamp_of(end))
    expect_refused(convert.rehearse_earning_rules, request, "occurred_until")
