"""A spring campaign with a budget: every till in the country sells at once, and the budget is what was signed."""

from __future__ import annotations

import uuid
from typing import Any

from tests.fixtures.books import expect_books_to_agree
from tests.fixtures.suite import Program, sale
from tests.fixtures.tills import insist, return_of, together

MANY = 64
A_DAY = {"scope": "member", "span": "day", "unit": "points", "at_most": 150}
IN_ALL = {"scope": "program", "span": "ever", "unit": "points", "at_most": 1_000}


def sell(program: Program, member_id: str, amount_minor: int) -> dict[str, Any]:
    """The purchase, on one day whatever the clock says."""
    body = sale(amount_minor, member_id=member_id, occurred_at="2026-03-02T12:00:00Z")
    key = str(uuid.uuid4())
    answer = insist(lambda: program.till.post("/v1/purchases", body, key=key))
    purchase: dict[str, Any] = answer.expect(201)["purchase"]
    return purchase


def test_a_member_hears_why_there_are_no_more_points_today(program: Program) -> None:
    terms = program.rule(name="Spring", limits=[A_DAY, IN_ALL])["terms"]
    assert (terms["limits"], terms["limit_policy"]) == ([A_DAY, IN_ALL], "cut")
    member_id = program.member()["member_id"]

    whole, cut, none = (sell(program, member_id, 10_000) for _ in range(3))

    assert [each["points_earned"] for each in (whole, cut, none)] == [100, 50, 0]
    (earning,) = cut["earnings"]
    why = earning["explanation"]
    assert (why["reason"], why["unlimited_points"]) == ("cut_by_cap", 100)
    assert [(met["limit"], met["used"]) for met in why["limits"]] == [(A_DAY, 100), (IN_ALL, 100)]
    assert why["limits"][1]["starts_on"] is None
    # The no is kept and can be read out whenever somebody asks.
    read = program.till.get(f"/v1/purchases/{none['purchase_id']}").expect(200)
    (refused,) = read["earnings"]
    assert refused["explanation"]["reason"] == "cap_met"
    assert refused["explanation"]["sentence"] == (
        "Spring: no points, because the limit of 150 points a day for each member is used up."
    )

    back = return_of(whole["receipt"]["receipt_number"], ("1", 1_000))
    assert program.till.post("/v1/returns", back).expect(201)["return"]["points_returned"] == 100
    assert sell(program, member_id, 20_000)["points_earned"] == 100
    expect_books_to_agree(program.suite)


def test_a_budget_is_given_once_whoever_sells_at_the_same_moment(program: Program) -> None:
    program.rule(name="Spring", limits=[IN_ALL])
    members = [program.member()["member_id"] for _ in range(8)]

    purchases = together(MANY, lambda number: sell(program, members[number % 8], 7_000))

    assert sum(purchase["points_earned"] for purchase in purchases) == IN_ALL["at_most"]
    assert sum(program.account(member_id)["posted"] for member_id in members) == IN_ALL["at_most"]
    expect_books_to_agree(program.suite)
