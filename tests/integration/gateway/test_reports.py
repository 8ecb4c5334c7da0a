"""The auditor's view through the door: JSON and CSV, roles, and periods that cannot be."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from loyalty.points.v1 import points_pb2 as pb

from tests.fixtures.suite import Answer
from tests.integration.gateway.stage import MEMBER_ID, NOON, PROGRAM_ID, Door, Puppets, timestamp

PERIOD = "from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z"
STATEMENT = f"/v1/members/{MEMBER_ID}/statement?{PERIOD}"

EVIL = '=HYPERLINK("http://evil","win")'


def a_statement(next_page_token: str = "") -> pb.GetStatementResponse:
    day = timedelta(days=1)
    movements = [
        pb.Entry(
            version=2,
            member_id=MEMBER_ID,
            wallet="points",
            kind=pb.ENTRY_KIND_ADJUSTMENT,
            amount=-15,
            balance_after=25,
            reason=EVIL,
            actor="@b.khan",
            occurred_at=timestamp(),
            recorded_at=timestamp(),
            sentence=f"15 points taken by hand: {EVIL}.",
        )
    ]
    statement = pb.Statement(
        member_id=MEMBER_ID,
        wallet="points",
        recorded_from=timestamp(NOON - day / 2),
        recorded_until=timestamp(NOON + day / 2),
        opening_balance=40,
        totals=[pb.KindTotal(kind=pb.ENTRY_KIND_ADJUSTMENT, entries=1, taken=15)],
        closing_balance=25,
        read_at=timestamp(NOON + day),
    )
    return pb.GetStatementResponse(statement=statement, movements=movements, next_page_token=next_page_token)


def rows_of(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8"), newline="")))


def test_a_statement_is_told_as_json(door: Door, puppets: Puppets) -> None:
    puppets.says["GetStatement"] = a_statement("next")
    answer = door.caller("app").get(f"{STATEMENT}&wallet=miles&limit=7&cursor=older")
    (asked,) = puppets.requests("GetStatement")
    assert (asked.program_id, asked.member_id, asked.wallet) == (PROGRAM_ID, MEMBER_ID, "miles")
    assert (asked.page_size, asked.page_token) == (7, "older")
    assert asked.recorded_from == timestamp(NOON - timedelta(hours=12))
    assert asked.recorded_until == timestamp(NOON + timedelta(hours=12))
    told = answer.expect(200)
    assert (told["opening_balance"], told["closing_balance"]) == (40, 25)
    assert told["totals"] == [{"kind": "adjustment", "entries": 1, "given": 0, "taken": 15}]
    assert (told["recorded_from"], told["recorded_until"]) == ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
    assert [item["version"] for item in told["items"]] == [2]
    assert (told["next_cursor"], "cursor=next" in answer.headers["link"]) == ("next", True)


@pytest.mark.parametrize("accept", [True, False])
def test_a_statement_is_told_as_csv_that_no_spreadsheet_runs(door: Door, puppets: Puppets, accept: bool) -> None:
    puppets.says["GetStatement"] = a_statement()
    caller = door.caller("staff")
    answer = caller.get(STATEMENT, Accept="text/csv") if accept else caller.get(f"{STATEMENT}&format=csv")
    opening, movement, closing = rows_of(answer)
    assert (opening["kind"], opening["balance"], opening["recorded_at"]) == ("opening", "40", "2026-03-01T00:00:00Z")
    assert (movement["amount"], movement["balance"], movement["kind"]) == ("-15", "25", "adjustment")
    assert (movement["reason"], movement["actor"]) == (f"'{EVIL}", "'@b.khan")
    assert (closing["kind"], closing["balance"], closing["recorded_at"]) == ("closing", "25", "2026-03-02T00:00:00Z")
    assert answer.headers["content-disposition"] == 'attachment; filename="statement.csv"'


def test_pages_of_a_csv_put_together_are_the_whole(door: Door, puppets: Puppets) -> None:
    puppets.says["GetStatement"] = a_statement("next")
    first = door.caller("staff").get(f"{STATEMENT}&format=csv")
    assert [row["kind"] for row in rows_of(first)] == ["opening", "adjustment"]
    assert "format=csv" in first.headers["link"]
    assert "cursor=next" in first.headers["link"]
    puppets.says["GetStatement"] = a_statement()
    last = door.caller("staff").get(f"{STATEMENT}&format=csv&cursor=next")
    assert [row["kind"] for row in rows_of(last)] == ["adjustment", "closing"]


@pytest.mark.parametrize("role", ["app", "staff", "admin"])
def test_who_may_read_a_statement(door: Door, puppets: Puppets, role: str) -> None:
    puppets.says["GetStatement"] = a_statement()
    assert door.caller(role).get(STATEMENT).status == 200


def test_a_till_may_not_read_a_statement(door: Door) -> None:
    assert door.caller("till").get(STATEMENT).reason == "ROLE_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("to=2026-03-02T00:00:00Z", "from"),
        ("from=2026-03-02T00:00:00Z", "to"),
        ("from=yesterday&to=2026-03-02T00:00:00Z", "from"),
        ("from=2026-03-01&to=2026-03-02T00:00:00Z", "from"),
        ("from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00", "to"),
        ("from=2026-03-01T00:00:00Z&to=2026-03-01T00:00:00Z", "to"),
        ("from=2026-03-01T00:00:00Z&to=2026-03-01T01:00:00%2B02:00", "to"),
        (f"{PERIOD}&format=xml", "format"),
        (f"{PERIOD}&wallet=%00", "wallet"),
        (f"{PERIOD}&limit=201", "limit"),
        (f"{PERIOD}&start=1", "start"),
    ],
)
def test_a_period_that_cannot_be_is_named(door: Door, query: str, field: str) -> None:
    answer = door.caller("admin").get(f"/v1/members/{MEMBER_ID}/statement?{query}")
    assert (answer.status, answer.reason) == (422, "INVALID_FIELD")
    assert [each["field"] for each in answer.body["errors"]] == [field]
