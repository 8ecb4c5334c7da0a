"""The auditor's view through the gateway: JSON and CSV, roles, and periods that cannot be."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from loyalty.points.v1 import accounts_pb2
from loyalty.points.v1 import ledger_pb2 as pb

from tests.fixtures.suite import Answer
from tests.integration.gateway.stage import MEMBER_ID, NOON, OTHER_ID, PROGRAM_ID, Gateway, Puppets, timestamp

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
            kind=accounts_pb2.ENTRY_KIND_ADJUSTMENT,
            amount=-15,
            balance_after=25,
            reason=EVIL,
            actor="@b.khan",
            occurred_at=timestamp(),
            recorded_at=timestamp(),
            sentence=f"15 points taken by hand: {EVIL}.",
            adjustment_id=OTHER_ID,
            approved_by="a.malik",
            qualifying=True,
        )
    ]
    statement = pb.Statement(
        member_id=MEMBER_ID,
        wallet="points",
        recorded_from=timestamp(NOON - day / 2),
        recorded_until=timestamp(NOON + day / 2),
        opening_balance=40,
        totals=[pb.KindTotal(kind=accounts_pb2.ENTRY_KIND_ADJUSTMENT, entries=1, taken=15)],
        closing_balance=25,
        read_at=timestamp(NOON + day),
    )
    return pb.GetStatementResponse(statement=statement, movements=movements, next_page_token=next_page_token)


def rows_of(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"), newline="")))


def test_a_statement_is_told_as_json(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["GetStatement"] = a_statement("next")
    answer = gateway.caller("app").get(f"{STATEMENT}&wallet=miles&limit=7&cursor=older")
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
def test_a_statement_is_told_as_csv_that_no_spreadsheet_runs(gateway: Gateway, puppets: Puppets, accept: bool) -> None:
    puppets.says["GetStatement"] = a_statement()
    caller = gateway.caller("staff")
    answer = caller.get(STATEMENT, Accept="text/csv") if accept else caller.get(f"{STATEMENT}&format=csv")
    opening, movement, closing = rows_of(answer)
    assert (opening["kind"], opening["balance"], opening["recorded_at"]) == ("opening", "40", "2026-03-01T00:00:00Z")
    assert (movement["amount"], movement["balance"], movement["kind"]) == ("-15", "25", "adjustment")
    assert (movement["reason"], movement["actor"]) == (f"'{EVIL}", "'@b.khan")
    assert (movement["adjustment_id"], movement["approved_by"]) == (OTHER_ID, "a.malik")
    assert (movement["qualifying"], opening["qualifying"]) == ("true", "")
    assert (closing["kind"], closing["balance"], closing["recorded_at"]) == ("closing", "25", "2026-03-02T00:00:00Z")
    assert answer.headers["content-disposition"] == 'attachment; filename="statement.csv"'


def test_a_csv_has_all_that_the_json_tells_of_a_movement(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["GetStatement"] = a_statement()
    caller = gateway.caller("staff")
    told = caller.get(STATEMENT).expect(200)["items"][0]
    _, movement, _ = rows_of(caller.get(f"{STATEMENT}&format=csv"))
    # Whose account it is, they asked; and an earning is no cell.
    assert told.keys() - movement.keys() == {"member_id", "wallet", "balance_after", "earning"}


def test_pages_of_a_csv_put_together_are_the_whole(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["GetStatement"] = a_statement("next")
    first = gateway.caller("staff").get(f"{STATEMENT}&format=csv")
    assert [row["kind"] for row in rows_of(first)] == ["opening", "adjustment"]
    assert "format=csv" in first.headers["link"]
    assert "cursor=next" in first.headers["link"]
    puppets.says["GetStatement"] = a_statement()
    last = gateway.caller("staff").get(f"{STATEMENT}&format=csv&cursor=next")
    assert [row["kind"] for row in rows_of(last)] == ["adjustment", "closing"]


@pytest.mark.parametrize("role", ["app", "staff", "admin"])
def test_who_may_read_a_statement(gateway: Gateway, puppets: Puppets, role: str) -> None:
    puppets.says["GetStatement"] = a_statement()
    assert gateway.caller(role).get(STATEMENT).status == 200


def test_a_till_may_not_read_a_statement(gateway: Gateway) -> None:
    assert gateway.caller("till").get(STATEMENT).reason == "ROLE_NOT_ALLOWED"


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
def test_a_period_that_cannot_be_is_named(gateway: Gateway, query: str, field: str) -> None:
    answer = gateway.caller("admin").get(f"/v1/members/{MEMBER_ID}/statement?{query}")
    assert (answer.status, answer.reason) == (422, "INVALID_FIELD")
    assert [each["field"] for each in answer.body["errors"]] == [field]


# ---- liability

LIABILITY = f"/v1/liability?{PERIOD}"
WORTH = "value_minor=1&per_points=100&revenue_minor=500000&redemption_bp=9500"


def a_liability(*, valued: bool = False) -> pb.GetLiabilityResponse:
    day = timedelta(days=1)
    deferred = pb.DeferredRevenue(redemption_bp=9_500, points_issued=20, allocated_minor=9, deferred_minor=9)
    liability = pb.Liability(
        program_id=PROGRAM_ID,
        wallet="points",
        recorded_from=timestamp(NOON - day / 2),
        recorded_until=timestamp(NOON + day / 2),
        measured_at=timestamp(NOON + day / 2),
        read_at=timestamp(NOON + day),
        flow=pb.LiabilityFlow(
            opening=100, earned=20, returned=3, spent=30, restored=4, expired=5, given=6, taken=7, closing=85
        ),
        outstanding=pb.Outstanding(
            pending=1, buckets=[pb.AgeBucket(days_to=30, points=84), pb.AgeBucket(days_from=366)], lapsed_unwritten=2
        ),
        outlook=pb.ExpiryOutlook(lapsed=2, months=[pb.MonthOfExpiry(month="2026-03", points=3)], later=0, never=80),
        breakage=pb.Breakage(observed_from=timestamp(NOON - day), observed_until=timestamp(NOON + day / 2)),
        deferred_revenue=deferred if valued else None,
    )
    return pb.GetLiabilityResponse(liability=liability)


def test_a_liability_is_told_as_json(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["GetLiability"] = a_liability()
    told = gateway.caller("admin").get(f"{LIABILITY}&wallet=miles&observed_days=30").expect(200)
    (asked,) = puppets.requests("GetLiability")
    assert (asked.program_id, asked.wallet, asked.observed_days) == (PROGRAM_ID, "miles", 30)
    assert not asked.HasField("valuation")
    assert (told["flow"]["opening"], told["flow"]["closing"]) == (100, 85)
    assert told["outstanding"]["buckets"] == [
        {"days_from": 0, "days_to": 30, "points": 84},
        {"days_from": 366, "days_to": None, "points": 0},
    ]
    assert told["outlook"]["months"] == [{"month": "2026-03", "points": 3}]
    assert (told["breakage"]["breakage_bp"], told["deferred_revenue"]) == (None, None)


def test_what_points_are_worth_reaches_the_service(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["GetLiability"] = a_liability(valued=True)
    told = gateway.caller("admin").get(f"{LIABILITY}&{WORTH}").expect(200)
    (asked,) = puppets.requests("GetLiability")
    assert asked.valuation == pb.Valuation(value_minor=1, per_points=100, revenue_minor=500_000, redemption_bp=9_500)
    assert told["deferred_revenue"]["deferred_minor"] == 9


def test_a_liability_is_told_as_csv(gateway: Gateway, puppets: Puppets) -> None:
    puppets.says["GetLiability"] = a_liability(valued=True)
    rows = rows_of(gateway.caller("admin").get(f"{LIABILITY}&{WORTH}", Accept="text/csv"))
    found = {(row["section"], row["item"]): row["value"] for row in rows}
    assert len(found) == len(rows)
    assert (found["flow", "closing"], found["outstanding", "days 0 to 30"]) == ("85", "84")
    assert (found["outstanding", "days 366 to any"], found["expiry", "2026-03"]) == ("0", "3")
    assert (found["breakage", "breakage_bp"], found["deferred_revenue", "deferred_minor"]) == ("", "9")
    flow = [row["item"] for row in rows if row["section"] == "flow"]
    assert (flow[0], flow[-1]) == ("opening", "closing")
    assert found["report", "measured_at"] == "2026-03-02T00:00:00Z"


@pytest.mark.parametrize("role", ["till", "app", "staff"])
def test_the_programs_books_are_the_admins(gateway: Gateway, role: str) -> None:
    assert gateway.caller(role).get(LIABILITY).reason == "ROLE_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("to=2026-03-02T00:00:00Z", "from"),
        ("from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "to"),
        (f"{PERIOD}&observed_days=3661", "observed_days"),
        (f"{PERIOD}&value_minor=1", "revenue_minor"),
        (f"{PERIOD}&revenue_minor=1", "revenue_minor"),
        (f"{PERIOD}&value_minor=1&revenue_minor=1&per_points=0", "per_points"),
        (f"{PERIOD}&value_minor=1&revenue_minor=1&redemption_bp=10001", "redemption_bp"),
        (f"{PERIOD}&cursor=x", "cursor"),
    ],
)
def test_a_question_that_cannot_be_is_named(gateway: Gateway, query: str, field: str) -> None:
    answer = gateway.caller("admin").get(f"/v1/liability?{query}")
    assert (answer.status, answer.reason) == (422, "INVALID_FIELD")
    assert [each["field"] for each in answer.body["errors"]] == [field]
