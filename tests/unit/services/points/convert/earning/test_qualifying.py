"""Qualifying units on the wire: what is refused, by which path, and what comes through unchanged."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.points.v1 import earning_pb2 as pb

from kit.convert import timestamp_of
from services.points.convert.earning import qualifying as convert
from services.points.domain.earning.qualifying import QualifyingSums, QualifyingWindow
from tests.unit.services.points import requests
from tests.unit.services.points.convert.refusals import NOT_A_UUID, cases, changed, expect_refused, length
from tests.unit.services.points.domain.opened import KEY, NOW

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("path", "value"),
    cases({"program_id": NOT_A_UUID, "member_id": NOT_A_UUID, "wallet": ["   ", *length(50, least=0)]}),
)
def test_a_request_names_what_is_wrong(path: str, value: Any) -> None:
    expect_refused(convert.get_qualifying_sums, changed(requests.get_qualifying_sums(), path, value), path)


@pytest.mark.parametrize("windows", [0, convert.WINDOWS_MAX + 1])
def test_there_is_a_window_and_not_too_many(windows: int) -> None:
    request = requests.get_qualifying_sums()
    del request.windows[:]
    request.windows.extend([pb.QualifyingWindow()] * windows)
    expect_refused(convert.get_qualifying_sums, request, "windows")


@pytest.mark.parametrize("end", [NOW, NOW - HOUR])
def test_a_window_ends_after_it_begins(end: Any) -> None:
    request = requests.get_qualifying_sums()
    request.windows.add(occurred_from=timestamp_of(NOW), occurred_until=timestamp_of(end))
    expect_refused(convert.get_qualifying_sums, request, "windows[2].occurred_until")


@pytest.mark.parametrize("end", ["occurred_from", "occurred_until"])
def test_an_instant_beyond_all_calendars_is_named(end: str) -> None:
    request = requests.get_qualifying_sums()
    getattr(request.windows[0], end).CopyFrom(Timestamp(seconds=253_402_300_800))
    expect_refused(convert.get_qualifying_sums, request, f"windows[0].{end}")


def test_windows_come_through_open_and_closed() -> None:
    request = requests.get_qualifying_sums(wallet="stars")
    request.windows.add(occurred_from=timestamp_of(NOW))
    request.windows.add(occurred_from=timestamp_of(NOW), occurred_until=timestamp_of(NOW + HOUR))
    key, windows = convert.get_qualifying_sums(request)
    assert (key.program_id, key.member_id) == (uuid.UUID(request.program_id), uuid.UUID(request.member_id))
    assert key.wallet == "stars"
    assert windows == (
        QualifyingWindow(None, None),
        QualifyingWindow(None, requests.BEGINNING),
        QualifyingWindow(NOW, None),
        QualifyingWindow(NOW, NOW + HOUR),
    )


def test_a_wallet_that_is_not_named_is_that_of_points() -> None:
    assert convert.get_qualifying_sums(requests.get_qualifying_sums())[0].wallet == "points"


def test_each_sum_is_told_with_its_window() -> None:
    windows = [QualifyingWindow(None, None), QualifyingWindow(NOW, NOW + HOUR)]
    told = convert.get_qualifying_sums_response(QualifyingSums(KEY, ((windows[0], 7), (windows[1], 0)), NOW + 2 * HOUR))
    assert (told.member_id, told.wallet, told.read_at) == (str(KEY.member_id), "points", timestamp_of(NOW + 2 * HOUR))
    assert list(told.sums) == [
        pb.QualifyingSum(window=pb.QualifyingWindow(), units=7),
        pb.QualifyingSum(
            window=pb.QualifyingWindow(occurred_from=timestamp_of(NOW), occurred_until=timestamp_of(NOW + HOUR))
        ),
    ]
