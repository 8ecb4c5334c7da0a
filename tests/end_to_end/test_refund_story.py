"""Goods come back whose points are spent: what the program has decided for that is what happens."""

from __future__ import annotations

import uuid

import pytest

from tests.fixtures.books import expect_books_to_agree
from tests.fixtures.suite import Program, sale
from tests.fixtures.tills import return_of

EARNED, SPENT = 100, 80


@pytest.fixture
def spender(program: Program) -> tuple[str, str]:
    """A member who has bought for 100 points and spent 80 of them: their id and the receipt's number."""
    program.rule()
    member_id = program.member()["member_id"]
    body = sale(member_id=member_id)
    program.till.post("/v1/purchases", body).expect(201)
    reward_id = program.reward(cost_points=SPENT)["reward_id"]
    program.till.post(f"/v1/members/{member_id}/redemptions", {"reward_id": reward_id}).expect(201)
    return member_id, body["receipt"]["receipt_number"]


def entries(program: Program, member_id: str) -> list[tuple[str, int]]:
    """Kind and amount of each, oldest first."""
    items = program.app.get(f"/v1/members/{member_id}/entries").expect(200)["items"]
    return [(each["kind"], each["amount"]) for each in reversed(items)]


def test_what_is_missing_is_carried_to_the_next_purchase(program: Program, spender: tuple[str, str]) -> None:
    member_id, number = spender
    assert program.admin.get("/v1/program-policy").expect(200)["shortfall"] == "carry"

    back = program.till.post("/v1/returns", return_of(number)).expect(201)
    assert (back["return"]["points_returned"], back["return"]["shortfall"]) == (EARNED, SPENT)
    account = program.account(member_id)
    assert (account["posted"], account["available"], account["owed"]) == (0, 0, SPENT)

    after = program.till.post("/v1/purchases", sale(3_000, member_id=member_id)).expect(201)
    assert after["purchase"]["points_earned"] == 30
    assert (after["account"]["available"], after["account"]["owed"]) == (0, SPENT - 30)
    after = program.till.post("/v1/purchases", sale(member_id=member_id)).expect(201)
    assert (after["account"]["available"], after["account"]["owed"]) == (50, 0)
    assert entries(program, member_id) == [
        ("earn", 100),
        ("spend", -80),
        ("return", -20),
        ("earn", 30),
        ("recovery", -30),
        ("earn", 100),
        ("recovery", -50),
    ]
    expect_books_to_agree(program.suite)


def test_the_account_goes_below_zero(program: Program, spender: tuple[str, str]) -> None:
    member_id, number = spender
    program.admin.put("/v1/program-policy", {"shortfall": "negative"}).expect(200)

    back = program.till.post("/v1/returns", return_of(number)).expect(201)
    assert (back["return"]["points_returned"], back["return"]["shortfall"]) == (EARNED, SPENT)
    account = program.account(member_id)
    assert (account["posted"], account["available"], account["owed"]) == (-SPENT, -SPENT, 0)
    refused = program.till.post(f"/v1/members/{member_id}/holds", {"amount": 1})
    assert (refused.status, refused.reason) == (409, "INSUFFICIENT_BALANCE")

    after = program.till.post("/v1/purchases", sale(member_id=member_id)).expect(201)
    assert (after["account"]["posted"], after["account"]["available"]) == (20, 20)
    assert entries(program, member_id) == [("earn", 100), ("spend", -80), ("return", -100), ("earn", 100)]
    expect_books_to_agree(program.suite)


def test_the_return_is_refused_until_the_points_are_there(program: Program, spender: tuple[str, str]) -> None:
    member_id, number = spender
    program.admin.put("/v1/program-policy", {"shortfall": "refuse"}).expect(200)
    body, key = return_of(number), str(uuid.uuid4())

    refused = program.till.post("/v1/returns", body, key=key)
    assert (refused.status, refused.reason) == (409, "INSUFFICIENT_BALANCE_FOR_RETURN")
    assert refused.body["metadata"]["missing"] == str(SPENT)
    assert entries(program, member_id) == [("earn", 100), ("spend", -80)]

    program.gift(member_id, SPENT)
    # The key stands for a wish that was refused; the goods come back under a new one.
    again = program.till.post("/v1/returns", body, key=key)
    assert (again.status, again.reason, again.replayed) == (409, refused.reason, True)
    back = program.till.post("/v1/returns", body).expect(201)
    assert (back["return"]["points_returned"], back["return"]["shortfall"]) == (EARNED, 0)
    assert program.account(member_id)["posted"] == 0
    expect_books_to_agree(program.suite)


def test_goods_paid_with_points_bring_them_back(program: Program) -> None:
    program.rule()
    member_id = program.member()["member_id"]
    program.gift(member_id, 40)
    holds = f"/v1/members/{member_id}/holds"
    hold_id = program.till.post(holds, {"amount": 40}).expect(201)["hold"]["hold_id"]
    program.till.post(f"{holds}/{hold_id}/capture", {}).expect(200)
    body = sale(member_id=member_id)
    program.till.post("/v1/purchases", body).expect(201)
    number = body["receipt"]["receipt_number"]

    too_much = program.till.post("/v1/returns", return_of(number, refunds=[{"hold_id": hold_id, "amount": 41}]))
    assert (too_much.status, too_much.reason) == (409, "REVERSAL_EXCEEDS_CAPTURE")
    assert too_much.body["metadata"]["field"] == "refunds[0].amount"
    back = program.till.post("/v1/returns", return_of(number, refunds=[{"hold_id": hold_id}])).expect(201)

    assert back["return"]["refunds"] == [{"hold_id": hold_id, "amount": 40}]
    assert (back["return"]["points_restored"], back["return"]["points_returned"]) == (40, EARNED)
    assert back["account"] == program.account(member_id)
    assert back["account"]["available"] == 40
    told = [("adjustment", 40), ("spend", -40), ("earn", 100), ("reversal", 40), ("return", -100)]
    assert entries(program, member_id) == told
    expect_books_to_agree(program.suite)


def test_a_redemption_is_cancelled_and_not_brought_back(program: Program, spender: tuple[str, str]) -> None:
    member_id, number = spender
    (spent,) = (
        each
        for each in program.app.get(f"/v1/members/{member_id}/entries").expect(200)["items"]
        if each["kind"] == "spend"
    )

    refused = program.till.post("/v1/returns", return_of(number, refunds=[{"hold_id": spent["hold_id"]}]))

    assert (refused.status, refused.reason) == (409, "HOLD_OF_REDEMPTION")
    redemption_id = refused.body["metadata"]["redemption_id"]
    cancel = f"/v1/members/{member_id}/redemptions/{redemption_id}/cancel"
    program.till.post(cancel, {"reason": "goods brought back"}).expect(200)
    back = program.till.post("/v1/returns", return_of(number)).expect(201)
    assert (back["return"]["points_returned"], back["return"]["shortfall"]) == (EARNED, 0)
    expect_books_to_agree(program.suite)


def test_a_receipt_that_nobody_knows_takes_nothing(program: Program, spender: tuple[str, str]) -> None:
    member_id, _ = spender
    for body in (return_of("R-404"), return_of("R-404", original_receipt=None)):
        back = program.till.post("/v1/returns", body).expect(201)
        assert (back["return"]["matched"], back["return"]["points_returned"], back["account"]) == (False, 0, None)
    assert program.account(member_id)["posted"] == EARNED - SPENT
    expect_books_to_agree(program.suite)
