"""Every point can be explained: the rule's sentence by its numbers, the balance by its entries, each in words.

The numbers are worked out here anew, from what the explanation itself says.
"""

from __future__ import annotations

import time
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest

from tests.fixtures.books import expect_books_to_agree
from tests.fixtures.suite import Program, sale
from tests.fixtures.tills import return_of

ROUNDED = {
    "down": floor,
    "up": ceil,
    "half_up": lambda exact: floor(exact + Fraction(1, 2)),
}
# Of a sale at 1.00, 2.50 and 0.99, the last of them left out; and one whose half point shows the rounding.
AMOUNTS = ([100, 250, 99], [150, 100, 1], [1, 1, 1], [99_999, 7, 12_345])


def basket(member_id: str, amounts: list[int]) -> dict[str, Any]:
    """A line for each amount; the last is of a SKU that does not count."""
    lines = [
        {
            "line_id": str(number),
            "sku": "GIFT-CARD" if number == len(amounts) else f"S-{number}",
            "quantity_milli": 1_000,
            "unit_price_minor": amount,
            "amount_minor": amount,
        }
        for number, amount in enumerate(amounts, start=1)
    ]
    return sale(member_id=member_id, lines=lines)


def entries(program: Program, member_id: str) -> list[dict[str, Any]]:
    """All entries, oldest first, read page by page."""
    found: list[dict[str, Any]] = []
    path = f"/v1/members/{member_id}/entries?limit=2"
    cursor: str | None = ""
    while cursor is not None:
        page = program.app.get(f"{path}&cursor={cursor}" if cursor else path).expect(200)
        found += page["items"]
        cursor = page["next_cursor"]
    return found[::-1]


def expect_entries_to_add_up(program: Program, member_id: str) -> None:
    """Version by version, each balance follows from the last, and the last is the account's."""
    found, account, balance = entries(program, member_id), program.account(member_id), 0
    for version, entry in enumerate(found, start=1):
        balance += entry["amount"]
        assert (entry["version"], entry["balance_after"]) == (version, balance)
        assert entry["sentence"].endswith(".")
    assert (account["version"], account["posted"]) == (len(found), balance)


@pytest.mark.parametrize("rounding", ROUNDED)
@pytest.mark.parametrize(
    ("points", "per_amount_minor", "accrual"),
    [(1, 100, "whole_steps"), (3, 200, "whole_steps"), (3, 200, "proportional"), (7, 333, "proportional")],
)
def test_the_numbers_of_an_explanation_give_the_points(
    program: Program, rounding: str, points: int, per_amount_minor: int, accrual: str
) -> None:
    terms = {"points": points, "per_amount_minor": per_amount_minor, "rounding": rounding, "accrual": accrual}
    program.rule(**terms, excluded_skus=["GIFT-CARD"])
    member_id = program.member()["member_id"]
    for amounts in AMOUNTS:
        purchase = program.till.post("/v1/purchases", basket(member_id, amounts)).expect(201)["purchase"]
        (earning,) = purchase["earnings"]
        why = earning["explanation"]
        counted = [line["amount_minor"] for line in why["lines"] if line["verdict"] == "counted"]
        assert counted == amounts[:-1]
        assert [line["verdict"] for line in why["lines"]][-1] == "sku_excluded"
        assert why["eligible_amount_minor"] == sum(counted)
        assert {name: why[name] for name in terms} == terms
        steps, rounded = Fraction(why["eligible_amount_minor"], why["per_amount_minor"]), ROUNDED[rounding]
        expected = rounded(steps) * points if accrual == "whole_steps" else rounded(steps * points)
        assert purchase["points_earned"] == earning["points"] == expected
    expect_entries_to_add_up(program, member_id)
    expect_books_to_agree(program.suite)


def test_two_rules_explain_themselves_apart(program: Program) -> None:
    base, tea = program.rule(name="base"), program.rule(name="double", points=2, excluded_skus=["S-1"])
    member_id = program.member()["member_id"]
    purchase = program.till.post("/v1/purchases", basket(member_id, [1_000, 500, 300])).expect(201)["purchase"]
    earned = {each["rule_id"]: (each["points"], each["explanation"]["sentence"]) for each in purchase["earnings"]}
    assert earned == {
        base["rule_id"]: (
            18,
            "base: 1 point for every GBP 1.00; GBP 18.00 counted (3 lines), rounded down to 18 points.",
        ),
        tea["rule_id"]: (
            16,
            "double: 2 points for every GBP 1.00; GBP 8.00 counted (2 lines, 1 line left out), "
            "rounded down to 8 steps, 16 points.",
        ),
    }
    of_entries = {
        each["earning"]["rule_id"]: (each["amount"], each["sentence"]) for each in entries(program, member_id)
    }
    assert of_entries == earned
    expect_entries_to_add_up(program, member_id)
    expect_books_to_agree(program.suite)


def test_it_is_told_in_the_language_of_whoever_asks(program: Program) -> None:
    """Also a stored answer: the same purchase is told again in another language."""
    program.rule()
    member_id = program.member()["member_id"]
    body, told = basket(member_id, [100, 250, 99]), {}
    for language in ("ur-PK, en;q=0.5", "de, en;q=0.5", ""):
        answer = program.till.post("/v1/purchases", body, key="told-twice", Accept_Language=language)
        sentence = answer.expect(201)["purchase"]["earnings"][0]["explanation"]["sentence"]
        told[language] = (answer.headers["content-language"], sentence.startswith("پیشکش «"))
        assert "Accept-Language" in answer.headers["vary"]
    assert list(told.values()) == [("ur", True), ("en", False), ("en", False)]

    path = f"/v1/members/{member_id}"
    entry = program.app.get(f"{path}/entries", Accept_Language="ur").expect(200)["items"][0]
    assert entry["sentence"].endswith("ملے۔")
    assert "content-language" not in program.app.get(f"{path}/account", Accept_Language="ur").headers


def test_a_revised_rule_explains_old_sales_as_they_were(program: Program) -> None:
    rule = program.rule()
    member_id = program.member()["member_id"]
    first = sale(member_id=member_id)
    program.till.post("/v1/purchases", first).expect(201)
    before = entries(program, member_id)

    path = f"/v1/earning-rules/{rule['rule_id']}"
    terms = {name: rule["terms"][name] for name in ("name", "per_amount_minor", "currency")} | {"points": 5}
    program.admin.ask("POST", f"{path}/versions", {"terms": terms}, headers={"If-Match": '"1"'}).expect(201)
    revised = program.admin.post(f"{path}/activate").expect(200)
    later = sale(member_id=member_id, occurred_at=revised["effective_from"])
    assert program.till.post("/v1/purchases", later).expect(201)["purchase"]["points_earned"] == 500
    # Its goods come back as the version counted them that had given for them.
    back = program.till.post("/v1/returns", return_of(first["receipt"]["receipt_number"], ("1", 500))).expect(201)
    assert back["return"]["points_returned"] == 50

    after = entries(program, member_id)
    assert after[:1] == before
    assert [(each["earning"] or {}).get("rule_version") for each in after] == [1, 2, None]
    expect_entries_to_add_up(program, member_id)
    expect_books_to_agree(program.suite)


def test_every_kind_of_movement_says_why(program: Program) -> None:
    program.rule(name="short", expiry_days=1)
    program.rule(name="long", wallet="points")
    member_id = program.member()["member_id"]
    path = f"/v1/members/{member_id}"

    # Earned twelve days ago, by one rule for a day and by the other for good, and told only now.
    long_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 12 * 86_400))
    bought = sale(member_id=member_id, occurred_at=long_ago)
    program.till.post("/v1/purchases", bought).expect(201)
    reward_id = program.reward(cost_points=60)["reward_id"]
    redeemed = program.till.post(f"{path}/redemptions", {"reward_id": reward_id}).expect(201)
    cancel = f"{path}/redemptions/{redeemed['redemption_id']}/cancel"
    program.till.post(cancel, {"reason": "the tea was cold"}).expect(200)
    program.till.post(f"{path}/redemptions", {"reward_id": reward_id}).expect(201)
    program.till.post("/v1/returns", return_of(bought["receipt"]["receipt_number"])).expect(201)
    for amount, reason in ((70, "delivery was late"), (-5, "counted twice")):
        body = {"amount": amount, "reason": reason, "actor": "b.khan"}
        program.staff.post(f"{path}/adjustments", body).expect(201)

    found = entries(program, member_id)
    said = [(each["kind"], each["amount"], each["sentence"]) for each in found if each["earning"] is None]
    assert said == [
        ("expiry", -100, "100 points expired."),
        ("spend", -60, "60 points spent."),
        ("reversal", 60, "60 points given back: the tea was cold."),
        ("spend", -60, "60 points spent."),
        ("return", -40, "40 points taken back for returned goods."),
        ("adjustment", 70, "70 points given by hand: delivery was late."),
        ("recovery", -60, "60 points taken for goods returned earlier."),
        ("adjustment", -5, "5 points taken by hand: counted twice."),
    ]
    assert {each["kind"] for each in found} == {
        "earn", "return", "spend", "reversal", "expiry", "adjustment", "recovery"
    }  # fmt: skip
    causes = [sum(each[name] is not None for name in ("purchase_id", "return_id", "hold_id")) for each in found]
    assert max(causes) == 1
    assert [each["actor"] for each in found if each["kind"] == "adjustment"] == ["b.khan", "b.khan"]
    expect_entries_to_add_up(program, member_id)
    expect_books_to_agree(program.suite)
