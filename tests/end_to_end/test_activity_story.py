"""What members do besides buying: they join, visit, bring a friend along, and are given points for it, once."""

from __future__ import annotations

from typing import Any

from tests.fixtures.books import expect_books_to_agree
from tests.fixtures.suite import Program
from tests.fixtures.waiting import wait_until

OF_ACTIVITY = {"effect": "fixed", "per_amount_minor": 0, "currency": ""}


def test_a_member_earns_besides_buying(program: Program) -> None:
    program.rule(name="Welcome", trigger="enrolment", points=100, **OF_ACTIVITY)
    once_a_day = {"scope": "member", "span": "day", "unit": "purchases", "at_most": 1}
    program.rule(name="Visit", trigger="visit", points=5, limits=[once_a_day], **OF_ACTIVITY)
    for role, points in (("advocate", 200), ("friend", 50)):
        condition = f"activity.attributes['role'] == '{role}'"
        program.rule(name=role, trigger="referral", points=points, condition=condition, **OF_ACTIVITY)

    # Nobody tells of an enrolment: `points` hears of it.
    amina, bilal = program.member()["member_id"], program.member()["member_id"]
    for member_id in (amina, bilal):
        expect_welcomed(program, member_id)

    told = tell(program, amina, kind="visit", activity_key="1")
    assert told["activity"]["earnings"][0]["explanation"]["sentence"] == "Visit: 5 points for this visit."
    again = tell(program, amina, kind="visit", activity_key="2")["activity"]["earnings"][0]["explanation"]
    assert again["sentence"] == ("Visit: no points, because the limit of 1 time a day for each member is used up.")
    for member_id, other_id, role in ((amina, bilal, "advocate"), (bilal, amina, "friend")):
        attributes = {"role": role, "counterpart_member_id": other_id}
        for _ in range(2):
            tell(program, member_id, kind="referral", activity_key=f"7-{role}", attributes=attributes)

    assert (program.account(amina)["posted"], program.account(bilal)["posted"]) == (305, 150)
    entries = program.app.get(f"/v1/members/{amina}/entries").expect(200)["items"]
    assert [entry["amount"] for entry in entries] == [200, 5, 100]
    assert entries[1]["activity_id"] == told["activity"]["activity_id"]
    expect_books_to_agree(program.suite)


def expect_welcomed(program: Program, member_id: str) -> None:
    wait_until(lambda: program.account(member_id)["posted"] == 100, what="the welcome points are there")


def tell(program: Program, member_id: str, **said: Any) -> Any:
    at = {"occurred_at": "2026-01-02T12:00:00Z", "source": "app"}
    answer = program.app.post("/v1/activities", {"member": {"member_id": member_id}} | at | said)
    return answer.expect(201)
