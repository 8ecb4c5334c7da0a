"""Reports on the wire: what is refused, by which path, and what comes through unchanged."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from google.protobuf.message import Message
from loyalty.points.v1 import accounts_pb2
from loyalty.points.v1 import ledger_pb2 as pb

from kit.convert import timestamp_of
from kit.page import Page
from services.points.convert.ledger import reports as convert
from services.points.domain.ledger.accounts import Cause, Entry, EntryKind
from services.points.domain.ledger.liability import (
    Breakage,
    DeferredRevenue,
    Flow,
    Liability,
    Outlook,
    Outstanding,
    Valuation,
)
from services.points.domain.ledger.statement import KindTotal, Period, Statement
from tests.unit.services.points import requests
from tests.unit.services.points.convert.refusals import NOT_A_UUID, cases, changed, expect_refused, length, outside
from tests.unit.services.points.domain.opened import KEY, NOW

HOUR = timedelta(hours=1)

REQUESTS: dict[str, tuple[Callable[[Any], object], Callable[[], Message], dict[str, list[Any]]]] = {
    "GetStatement": (
        convert.get_statement,
        requests.get_statement,
        {
            "program_id": NOT_A_UUID,
            "member_id": NOT_A_UUID,
            "wallet": ["   ", *length(50, least=0)],
            "page_size": outside(0, 200),
            "page_token": ["x", "ü", base64.urlsafe_b64encode(orjson.dumps(["-1"])).decode()],
        },
    ),
    "GetLiability": (
        convert.get_liability,
        requests.get_liability,
        {
            "program_id": NOT_A_UUID,
            "wallet": ["   ", *length(50, least=0)],
            "observed_days": outside(0, convert.OBSERVED_DAYS_MAX),
            "valuation.value_minor": outside(1, convert.VALUE_MAX),
            "valuation.per_points": outside(1, convert.VALUE_MAX),
            "valuation.revenue_minor": outside(0, convert.REVENUE_MINOR_MAX),
            "valuation.redemption_bp": outside(0, 10_000),
        },
    ),
}


@pytest.mark.parametrize(
    ("rpc", "path", "value"),
    [
        pytest.param(rpc, *case.values, id=f"{rpc}-{case.id}")
        for rpc, (_, _, bounds) in REQUESTS.items()
        for case in cases(bounds)
    ],
)
def test_a_request_names_what_is_wrong(rpc: str, path: str, value: Any) -> None:
    read, request, _ = REQUESTS[rpc]
    expect_refused(read, changed(request(), path, value), path)


@pytest.mark.parametrize("rpc", REQUESTS)
@pytest.mark.parametrize("field", ["recorded_from", "recorded_until"])
def test_a_period_has_both_ends(rpc: str, field: str) -> None:
    read, request, _ = REQUESTS[rpc]
    said = request()
    said.ClearField(field)
    expect_refused(read, said, field)


@pytest.mark.parametrize("rpc", REQUESTS)
def test_a_period_ends_after_it_begins(rpc: str) -> None:
    read, request, _ = REQUESTS[rpc]
    said: Any = request()
    said.recorded_until.CopyFrom(said.recorded_from)
    expect_refused(read, said, "recorded_until")


def test_what_is_not_said_has_a_default() -> None:
    request = requests.get_liability()
    request.ClearField("valuation")
    _, wallet, _, observed_days, valuation = convert.get_liability(request)
    assert (wallet, observed_days, valuation) == ("points", 365, None)


def test_a_valuation_comes_through() -> None:
    assert convert.get_liability(requests.get_liability())[4] == Valuation(1, 10, 1_000, 9_000)


def a_liability(deferred: DeferredRevenue | None = None, expired: int = 1) -> Liability:
    months = tuple((f"2026-{month:02}", month) for month in range(1, 13))
    return Liability(
        KEY.program_id,
        "stars",
        Period(NOW, NOW + HOUR),
        NOW + HOUR,
        NOW + 2 * HOUR,
        Flow(100, 20, 3, 30, 4, 5, 6, 7),
        Outstanding(1, (2, 3, 4, 5, 6), 7, 8),
        Outlook(9, months, 10, 11),
        Breakage(Period(NOW - HOUR, NOW + HOUR), expired, 2 * expired),
        deferred,
    )


def test_a_liability_has_all_its_numbers() -> None:
    deferred = DeferredRevenue(9_000, 10, 4, 50, 40, 15)
    told = convert.get_liability_response(a_liability(deferred)).liability
    assert (told.program_id, told.wallet) == (str(KEY.program_id), "stars")
    assert (told.recorded_from, told.recorded_until) == (timestamp_of(NOW), timestamp_of(NOW + HOUR))
    assert (told.measured_at, told.read_at) == (timestamp_of(NOW + HOUR), timestamp_of(NOW + 2 * HOUR))
    assert told.flow == pb.LiabilityFlow(
        opening=100, earned=20, returned=3, spent=30, restored=4, expired=5, given=6, taken=7, closing=85
    )
    assert told.outstanding == pb.Outstanding(
        pending=1,
        buckets=[
            pb.AgeBucket(days_from=0, days_to=30, points=2),
            pb.AgeBucket(days_from=31, days_to=90, points=3),
            pb.AgeBucket(days_from=91, days_to=180, points=4),
            pb.AgeBucket(days_from=181, days_to=365, points=5),
            pb.AgeBucket(days_from=366, points=6),
        ],
        below_zero=7,
        lapsed_unwritten=8,
    )
    assert (told.outlook.lapsed, told.outlook.later, told.outlook.never) == (9, 10, 11)
    assert [(each.month, each.points) for each in told.outlook.months][:2] == [("2026-01", 1), ("2026-02", 2)]
    assert (told.breakage.expired, told.breakage.spent) == (1, 2)
    assert (told.breakage.breakage_bp, told.breakage.redemption_bp) == (3333, 6667)
    assert told.deferred_revenue == pb.DeferredRevenue(
        redemption_bp=9_000,
        points_issued=10,
        points_redeemed=4,
        standalone_minor=50,
        allocated_minor=40,
        recognised_minor=15,
        deferred_minor=25,
    )


def test_what_was_not_observed_or_not_asked_is_absent() -> None:
    told = convert.get_liability_response(a_liability(expired=0)).liability
    assert not told.breakage.HasField("breakage_bp")
    assert not told.breakage.HasField("redemption_bp")
    assert not told.HasField("deferred_revenue")


def test_a_statement_has_all_its_numbers() -> None:
    totals = (KindTotal(EntryKind.EARN, 2, 30, 0), KindTotal(EntryKind.ADJUSTMENT, 3, 4, 9))
    statement = Statement(KEY, Period(NOW, NOW + HOUR), 7, totals, NOW + 2 * HOUR)
    entry = Entry(KEY, 3, EntryKind.SPEND, -5, 10, Cause(), None, NOW, NOW)

    told = convert.get_statement_response((statement, Page((entry,), "next")))

    assert told.statement == pb.Statement(
        member_id=str(KEY.member_id),
        wallet="points",
        recorded_from=timestamp_of(NOW),
        recorded_until=timestamp_of(NOW + HOUR),
        opening_balance=7,
        totals=[
            pb.KindTotal(kind=accounts_pb2.ENTRY_KIND_EARN, entries=2, given=30),
            pb.KindTotal(kind=accounts_pb2.ENTRY_KIND_ADJUSTMENT, entries=3, given=4, taken=9),
        ],
        closing_balance=32,
        read_at=timestamp_of(NOW + 2 * HOUR),
    )
    assert ([each.version for each in told.movements], told.next_page_token) == ([3], "next")
