"""A customer brings something back and takes something else: one call, one answer, and no points lost on the way."""

from __future__ import annotations

import uuid

import pytest

from tests.fixtures.books import expect_books_to_agree
from tests.fixtures.suite import Program, sale
from tests.fixtures.tills import exchange_of, return_of


@pytest.fixture
def buyer(program: Program) -> tuple[str, str]:
    """A member who has bought for 100 points and spent them all: their id and the receipt's number."""
    program.rule()
    member_id = program.member()["member_id"]
    body = sale(member_id=member_id)
    program.till.post("/v1/purchases", body).expect(201)
    hold = program.till.post(f"/v1/members/{member_id}/holds", {"amount": 100}).expect(201)["hold"]
    program.till.post(f"/v1/members/{member_id}/holds/{hold['hold_id']}/capture", {}).expect(200)
    return member_id, body["receipt"]["receipt_number"]


def test_an_even_exchange_costs_nothing_where_a_return_would_be_refused(
    program: Program, buyer: tuple[str, str]
) -> None:
    member_id, number = buyer
    program.admin.put("/v1/program-policy", {"shortfall": "refuse"}).expect(200)
    alone = program.till.post("/v1/returns", return_of(number))
    assert (alone.status, alone.reason) == (409, "INSUFFICIENT_BALANCE_FOR_RETURN")

    body, key = exchange_of(number), str(uuid.uuid4())
    cheaper = program.till.post("/v1/exchanges", exchange_of(number, amount_minor=9_900))
    assert (cheaper.status, cheaper.reason) == (409, "INSUFFICIENT_BALANCE_FOR_RETURN")
    assert cheaper.body["metadata"]["missing"] == "1"
    answer = program.till.post("/v1/exchanges", body, key=key)
    told = answer.expect(201)

    assert (told["return"]["return"]["points_returned"], told["return"]["return"]["shortfall"]) == (100, 0)
    assert (told["purchase"]["purchase"]["points_earned"], told["purchase"]["purchase"]["member_id"]) == (
        100,
        member_id,
    )
    assert told["return"]["account"] == told["purchase"]["account"] == program.account(member_id)
    assert program.account(member_id)["posted"] == 0
    assert answer.headers["location"] == f"/v1/purchases/{told['purchase']['purchase']['purchase_id']}"
    # The till has lost the answer, and its keys.
    for again in (program.till.post("/v1/exchanges", body, key=key), program.till.post("/v1/exchanges", body)):
        assert (again.status, again.replayed, again.body) == (201, True, told)
    expect_books_to_agree(program.suite)


def test_goods_of_the_exchange_can_be_brought_back_themselves(program: Program, buyer: tuple[str, str]) -> None:
    member_id, number = buyer
    body = exchange_of(number, ("1", 500), amount_minor=4_000)
    first = program.till.post("/v1/exchanges", body).expect(201)
    # Half of the goods came back, which had earned 50; what was taken instead gives 40 of them.
    assert first["return"]["return"]["shortfall"] == program.account(member_id)["owed"] == 10

    again = exchange_of(body["sale"]["receipt"]["receipt_number"], amount_minor=6_000)
    program.till.post("/v1/exchanges", again).expect(201)
    assert program.account(member_id)["owed"] == 0
    assert program.account(member_id)["available"] == 10
    expect_books_to_agree(program.suite)


def test_it_says_which_part_is_wrong(program: Program, buyer: tuple[str, str]) -> None:
    member_id, number = buyer
    body = exchange_of(number)
    del body["return"]["original_receipt"]
    refused = program.till.post("/v1/exchanges", body)
    assert (refused.status, [each["field"] for each in refused.body["errors"]]) == (422, ["return.original_receipt"])
    stranger = exchange_of(number, member={"member_id": program.member()["member_id"]})
    refused = program.till.post("/v1/exchanges", stranger)
    assert (refused.status, refused.reason) == (422, "INVALID_FIELD")
    refused = program.till.post("/v1/exchanges", exchange_of("R-404", member={"member_id": member_id}))
    assert (refused.status, refused.reason) == (404, "PURCHASE_NOT_FOUND")
    expect_books_to_agree(program.suite)


def test_what_is_wrong_is_named_where_it_stands_in_the_exchange(program: Program, buyer: tuple[str, str]) -> None:
    body = exchange_of(buyer[1])
    body["sale"]["lines"][0]["amount_minor"] += 100
    answer = program.till.post("/v1/exchanges", body)
    assert (answer.status, [each["field"] for each in answer.body["errors"]]) == (422, ["sale.lines[0].amount_minor"])
    other = program.member("+447911123457")["member_id"]
    answer = program.till.post("/v1/exchanges", exchange_of(buyer[1], member={"member_id": other}))
    assert (answer.status, [each["field"] for each in answer.body["errors"]]) == (422, ["member"])
