"""Reports on the wire: what is refused, by which path, and what comes through unchanged."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from google.protobuf.message import Message
from loyalty.points.v1 import points_pb2 as pb

from kit.convert import timestamp_of
from kit.page import Page
from services.points.convert import reports as convert
from services.points.domain.ledger import Cause, Entry, EntryKind
from services.points.domain.statement import KindTotal, Period, Statement
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
            pb.KindTotal(kind=pb.ENTRY_KIND_EARN, entries=2, given=30),
            pb.KindTotal(kind=pb.ENTRY_KIND_ADJUSTMENT, entries=3, given=4, taken=9),
        ],
        closing_balance=32,
        read_at=timestamp_of(NOW + 2 * HOUR),
    )
    assert ([each.version for each in told.movements], told.next_page_token) == ([3], "next")
