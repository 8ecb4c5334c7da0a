"""Somebody buys as a stranger and says later who they are: the receipt finds its member, once."""

from __future__ import annotations

from typing import Any

from tests.fixtures.books import expect_books_to_agree
from tests.fixtures.suite import Answer, Program, sale
from tests.fixtures.tills import return_of

PHONE = {"identifier": {"kind": "phone", "value": "+447911123456"}}
LINES = [
    {"line_id": "1", "sku": "A", "quantity_milli": 2_000, "unit_price_minor": 5_000, "amount_minor": 10_000},
    {"line_id": "2", "sku": "B", "quantity_milli": 1_000, "unit_price_minor": 3_000, "amount_minor": 3_000},
]


def claim(program: Program, body: dict[str, Any], member: dict[str, Any]) -> Answer:
    return program.app.post("/v1/purchases/claim", {"receipt": body["receipt"], "member": member})


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.reason


def test_an_anonymous_sale_is_claimed_later(program: Program) -> None:
    program.rule()
    body = sale(lines=LINES)

    sold = program.till.post("/v1/purchases", body).expect(201)
    assert (sold["purchase"]["member_id"], sold["purchase"]["points_earned"], sold["account"]) == (None, 0, None)
    # Part of it comes back before anybody is known.
    number = body["receipt"]["receipt_number"]
    back = program.till.post("/v1/returns", return_of(number, ("1", 1_000))).expect(201)
    assert (back["return"]["matched"], back["return"]["points_returned"], back["account"]) == (True, 0, None)

    member_id = program.member("+447911123456")["member_id"]
    claimed = claim(program, body, PHONE).expect(200)
    assert (claimed["purchase"]["member_id"], claimed["purchase"]["points_earned"]) == (member_id, 80)
    assert claimed["purchase"]["purchase_id"] == sold["purchase"]["purchase_id"]
    assert claimed["account"]["available"] == 80

    # Once, whoever asks.
    other_id = program.member()["member_id"]
    assert refusal(claim(program, body, PHONE)) == (409, "PURCHASE_ALREADY_CLAIMED")
    assert refusal(claim(program, body, {"member_id": other_id})) == (409, "PURCHASE_ALREADY_CLAIMED")
    assert program.account(other_id)["posted"] == 0

    # What comes back now is the member's, and no more than was kept.
    back = program.till.post("/v1/returns", return_of(number, ("2", 1_000))).expect(201)
    assert (back["return"]["member_id"], back["return"]["points_returned"]) == (member_id, 30)
    too_much = program.till.post("/v1/returns", return_of(number, ("1", 2_000)))
    assert refusal(too_much) == (409, "RETURN_EXCEEDS_PURCHASE")
    back = program.till.post("/v1/returns", return_of(number, ("1", 1_000))).expect(201)
    assert back["return"]["points_returned"] == 50
    assert program.account(member_id)["posted"] == 0

    # The till sends the sale once more, as it was then: it is the same sale, and still gives what it gave.
    again = program.till.post("/v1/purchases", body)
    assert (again.status, again.replayed, again.body) == (201, True, sold)
    assert program.account(member_id)["posted"] == 0
    expect_books_to_agree(program.suite)


def test_only_a_known_anonymous_receipt_can_be_claimed(program: Program) -> None:
    program.rule()
    member_id, other_id = program.member()["member_id"], program.member()["member_id"]
    owned = sale(member_id=member_id)
    program.till.post("/v1/purchases", owned).expect(201)

    assert refusal(claim(program, owned, {"member_id": other_id})) == (409, "PURCHASE_NOT_ANONYMOUS")
    assert refusal(claim(program, sale(), {"member_id": other_id})) == (404, "PURCHASE_NOT_FOUND")
    assert refusal(claim(program, sale(), PHONE)) == (404, "MEMBER_NOT_FOUND")
    assert program.account(other_id)["version"] == 0
    expect_books_to_agree(program.suite)
