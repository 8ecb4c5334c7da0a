"""A member climbs by what they buy: spending everything costs them nothing of it, and bringing goods back does."""

from __future__ import annotations

from tests.fixtures.books import expect_books_to_agree
from tests.fixtures.suite import Program, sale
from tests.fixtures.tills import return_of


def units(program: Program, member_id: str, query: str = "") -> int:
    """What counts in the window."""
    told = program.app.get(f"/v1/members/{member_id}/qualifying-sums{query}").expect(200)
    assert (told["member_id"], told["wallet"]) == (member_id, "stars" if "stars" in query else "points")
    counted: int = told["units"]
    return counted


def test_spending_costs_no_status_and_a_return_does(program: Program) -> None:
    assert program.rule(name="Base", qualifying=True)["terms"]["qualifying"]
    program.rule(name="Spring", points=3)
    member_id = program.member()["member_id"]
    bought = sale(20_000, member_id=member_id, occurred_at="2026-03-02T12:00:00Z")
    earnings = program.till.post("/v1/purchases", bought).expect(201)["purchase"]["earnings"]
    assert [(each["points"], each["qualifying"]) for each in earnings] == [(200, True), (600, False)]

    reward = program.reward(cost_points=800)
    redeemed = program.till.post(f"/v1/members/{member_id}/redemptions", {"reward_id": reward["reward_id"]})
    assert redeemed.expect(201)["state"] == "confirmed"
    assert (program.account(member_id)["available"], units(program, member_id)) == (0, 200)

    back = return_of(bought["receipt"]["receipt_number"], ("1", bought["lines"][0]["quantity_milli"] // 2))
    assert program.till.post("/v1/returns", back).expect(201)["return"]["shortfall"] == 400
    march = "?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z"
    assert (units(program, member_id, march), units(program, member_id, "?from=2026-04-01T00:00:00Z")) == (100, 0)
    expect_books_to_agree(program.suite)


def test_status_points_buy_nothing(program: Program) -> None:
    program.rule(name="Status", wallet="stars", qualifying=True)
    choices = {"shortfall": "carry", "unspendable_wallets": ["stars"], "transfers": {}}
    assert program.admin.put("/v1/program-policy", choices).expect(200)["unspendable_wallets"] == ["stars"]
    member_id, friend_id = (program.member()["member_id"] for _ in range(2))
    program.till.post("/v1/purchases", sale(5_000, member_id=member_id)).expect(201)

    held = program.till.post(f"/v1/members/{member_id}/holds", {"amount": 1, "wallet": "stars"})
    assert (held.status, held.reason, held.body["metadata"]) == (409, "WALLET_NOT_SPENDABLE", {"wallet": "stars"})
    gift = {"member_id": member_id, "recipient_id": friend_id, "amount": 1, "wallet": "stars"}
    assert program.app.post("/v1/transfers", gift).reason == "WALLET_NOT_SPENDABLE"
    reward = program.reward(cost_points=1, wallet="stars")
    redeemed = program.till.post(f"/v1/members/{member_id}/redemptions", {"reward_id": reward["reward_id"]})
    assert (redeemed.status, redeemed.reason) == (409, "WALLET_NOT_SPENDABLE")

    assert units(program, member_id, "?wallet=stars") == 50
    expect_books_to_agree(program.suite)
