"""A till's day, from a stranger to a used voucher: what the customer is told at each step, and why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.books import expect_books_to_agree
from tests.fixtures.suite import Program, Suite, sale
from tests.fixtures.tills import return_of

PHONE = {"identifier": {"kind": "phone", "value": "0300 1234567"}}
WHY = (
    "ten a hundred: 10 points for every PKR 100.00, in proportion; PKR 1,175.00 counted (2 lines, 1 line left out), "
    "rounded down to 117 points."
)
BASKET = [
    ("1", "TEA-250", "tea", 2_000, 45_000, 90_000),
    ("2", "BREAD", "bakery", 1_000, 27_500, 27_500),
    ("3", "CIGARETTES", "tobacco", 1_000, 100_000, 100_000),
]


def basket() -> dict[str, Any]:
    """Two teas, a bread, and cigarettes that earn nothing, sold to whoever has this phone number."""
    names = ("line_id", "sku", "category", "quantity_milli", "unit_price_minor", "amount_minor")
    lines = [dict(zip(names, line, strict=True)) for line in BASKET]
    tenders = [{"kind": "cash", "amount_minor": 217_500}]
    return sale(currency="PKR", lines=lines, tenders=tenders, cashier_id="17", member=PHONE)


@pytest.fixture
def bazaar(suite: Suite) -> Program:
    """A programme in Pakistan that gives ten points for every hundred rupees, in proportion, and none for tobacco."""
    program = suite.new_program(currency="PKR", region="PK")
    program.rule(
        name="ten a hundred",
        points=10,
        per_amount_minor=10_000,
        accrual="proportional",
        currency="PKR",
        excluded_categories=["tobacco"],
    )
    return program


def test_a_day_at_the_till(bazaar: Program) -> None:
    till = bazaar.till

    # She joins by saying her phone number, as people write it.
    body = {"identifiers": [PHONE["identifier"]], "profile": {"given_name": "Amna", "family_name": "Siddiqui"}}
    amna = till.post("/v1/members", body).expect(201)
    assert (amna["status"], amna["profile"]["given_name"], amna["profile"]["family_name"]) == ("active", "Amna", None)
    assert [each["value"] for each in amna["identifiers"]] == [None]

    # She buys and says her number. What she will get is known before.
    bought = basket()
    preview = till.post("/v1/purchases/preview", bought, key="").expect(200)
    assert bazaar.account(amna["member_id"])["version"] == 0
    posted = till.post("/v1/purchases", bought)
    answer = posted.expect(201)
    recorded_at = answer["purchase"]["recorded_at"]
    assert (preview["purchase"] | {"recorded_at": recorded_at}, preview["account"]) == (
        answer["purchase"],
        answer["account"],
    )
    assert answer["purchase"]["member_id"] == amna["member_id"]
    assert answer["purchase"]["points_earned"] == 117
    (earning,) = answer["purchase"]["earnings"]
    assert earning["explanation"]["sentence"] == WHY
    assert [line["verdict"] for line in earning["explanation"]["lines"]] == ["counted", "counted", "category_excluded"]
    assert (answer["account"]["posted"], answer["account"]["available"]) == (117, 117)
    assert till.get(posted.headers["location"]).expect(200) == answer["purchase"]

    # The bread goes back: what she keeps would have earned 90.
    returned = till.post("/v1/returns", of_basket(bought, ("2", 1_000))).expect(201)
    assert (returned["return"]["points_returned"], returned["return"]["shortfall"]) == (27, 0)
    assert returned["account"]["available"] == 90
    purchase = till.get(posted.headers["location"]).expect(200)
    assert (purchase["points_returned"], purchase["returned_lines"]) == (
        27,
        [{"line_id": "2", "quantity_milli": 1_000}],
    )

    # She sees what she can have, and takes it.
    reward = bazaar.reward(stock=5, cost_points=80, limit_per_member=1)
    assert [each["available"] for each in wares(bazaar, amna["member_id"])] == [True]
    redeemed = till.post(f"/v1/members/{amna['member_id']}/redemptions", {"reward_id": reward["reward_id"]}).expect(201)
    assert (redeemed["state"], redeemed["cost_points"]) == ("confirmed", 80)
    assert bazaar.till.get(f"/v1/rewards/{reward['reward_id']}").expect(200)["stock"] == 4
    assert {why["reason"] for why in wares(bazaar, amna["member_id"])[0]["unavailabilities"]} == {
        "limit_reached",
        "insufficient_balance",
    }

    # She shows the voucher, read aloud and typed in small letters; a second till is told that it has been used.
    code = redeemed["voucher"]["code"]
    typed = code.replace("-", " ").lower().replace(" ", "%20")
    assert till.get(f"/v1/vouchers/{typed}").expect(200)["benefit"]["sku"] == "TEA-250"
    used = till.post(f"/v1/vouchers/{typed}/use", {"store_id": "S1", "receipt_number": "R-9"}).expect(200)
    assert (used["state"], used["code"]) == ("used", code)
    again = till.post(f"/v1/vouchers/{code}/use", {"store_id": "S2"})
    assert (again.status, again.reason) == (409, "VOUCHER_USED")

    # Every movement says why, and all of them are the balance.
    entries = bazaar.app.get(f"/v1/members/{amna['member_id']}/entries").expect(200)["items"]
    assert [(each["kind"], each["amount"], each["balance_after"], each["sentence"]) for each in entries] == [
        ("spend", -80, 10, "80 points spent."),
        ("return", -27, 90, "27 points taken back for returned goods."),
        ("earn", 117, 117, WHY),
    ]
    account = bazaar.account(amna["member_id"])
    assert sum(each["amount"] for each in entries) == account["posted"] == account["available"] == 10
    expect_books_to_agree(bazaar.suite)


def of_basket(bought: dict[str, Any], *lines: tuple[str, int]) -> dict[str, Any]:
    return return_of(bought["receipt"]["receipt_number"], *lines, currency="PKR")


def wares(program: Program, member_id: str) -> list[dict[str, Any]]:
    """The catalogue as it stands for a member."""
    found: list[dict[str, Any]] = program.till.get(f"/v1/members/{member_id}/rewards").expect(200)["items"]
    return found
