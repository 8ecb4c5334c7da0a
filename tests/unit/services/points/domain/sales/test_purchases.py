"""What may come back, what it takes back, and who may claim."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from services.points.domain.earning.evaluation import evaluate
from services.points.domain.earning.rule_sets import rule_set
from services.points.domain.earning.rules import EarningRule
from services.points.domain.errors import (
    PurchaseAlreadyClaimed,
    PurchaseNotAnonymous,
    ReturnExceedsPurchase,
    ReturnLineUnknown,
)
from services.points.domain.sales.clawbacks import Clawback, clawbacks_of, expect_returnable
from services.points.domain.sales.purchases import Purchase, expect_claimable
from services.points.domain.sales.returns import NOTHING_RETURNED, PurchaseReturns, ReturnLine
from services.points.domain.sales.sale import PurchaseLine, Sale
from tests.factories import points as make


def untold(**returned: int) -> PurchaseReturns:
    """Of line `l1` so much came back when nobody wrote down what that took."""
    return PurchaseReturns({name.removeprefix("l"): milli for name, milli in returned.items()}, 0, None)


def a_purchase(sale: Sale, *rules: EarningRule, member_id: uuid.UUID | None = None) -> Purchase:
    return Purchase(uuid.uuid4(), make.PROGRAM, member_id, sale, evaluate(rule_set(*rules), sale, {}), make.NOON)


# ---- expect_returnable

SALE = make.a_sale(make.a_line(1000, quantity=2), make.a_line(500, line_id="2"))


def test_what_has_come_back_grows_by_what_comes_back() -> None:
    assert expect_returnable(SALE, {}, [ReturnLine("1", 500)]) == {"1": 500}
    assert expect_returnable(SALE, {"1": 500}, [ReturnLine("1", 1500), ReturnLine("2", 1000)]) == {
        "1": 2000,
        "2": 1000,
    }


def test_a_line_that_is_not_on_the_receipt_is_named() -> None:
    with pytest.raises(ReturnLineUnknown) as refused:
        expect_returnable(SALE, {}, [ReturnLine("1", 1), ReturnLine("9", 1)])
    assert refused.value.metadata == {"line_id": "9"}


@pytest.mark.parametrize(
    ("returned", "lines", "returnable", "asked"),
    [
        ({}, [("1", 2001)], 2000, 2001),
        ({"1": 1500}, [("1", 501)], 500, 501),
        ({"1": 2000}, [("1", 1)], 0, 1),
        ({"1": 1000}, [("1", 600), ("1", 600)], 1000, 1200),  # the same line twice in one return
    ],
)
def test_no_more_comes_back_than_was_bought_and_is_not_back_yet(
    returned: dict[str, int], lines: list[tuple[str, int]], returnable: int, asked: int
) -> None:
    with pytest.raises(ReturnExceedsPurchase) as refused:
        expect_returnable(SALE, returned, [ReturnLine(*line) for line in lines])
    assert refused.value.metadata == {
        "line_id": "1",
        "returnable_milli": str(returnable),
        "asked_milli": str(asked),
    }


def test_nothing_of_a_line_that_took_goods_back_can_come_back() -> None:
    taken_back = PurchaseLine("1", "TEA", "", -1000, 250, 0, -250)
    with pytest.raises(ReturnExceedsPurchase) as refused:
        expect_returnable(make.a_sale(taken_back), {}, [ReturnLine("1", 1)])
    assert refused.value.metadata["returnable_milli"] == "0"


# ---- clawbacks


def test_each_rule_takes_back_what_it_gave_for_what_comes_back() -> None:
    all_lines, most = make.a_rule(), make.a_rule(points=2, excluded_skus=("STAMP",), wallet="stars")
    sale = make.a_sale(make.a_line(1000, quantity=4), make.a_line(300, line_id="2", sku="STAMP"))
    purchase = a_purchase(sale, all_lines, most)

    rules = rule_set(all_lines, most)
    assert clawbacks_of(purchase, rules, NOTHING_RETURNED, {"1": 1000}) == (
        Clawback(all_lines.rule_id, "points", 3, left=10),
        Clawback(most.rule_id, "stars", 6, left=14),
    )
    for before in (untold(l1=1000), PurchaseReturns({"1": 1000}, 8, {all_lines.rule_id: 3, most.rule_id: 6})):
        assert clawbacks_of(purchase, rules, before, {"1": 1000, "2": 1000}) == (
            Clawback(all_lines.rule_id, "points", 3, left=7),
        )


def test_what_earned_nothing_takes_nothing_back() -> None:
    assert clawbacks_of(a_purchase(SALE), rule_set(), NOTHING_RETURNED, {"1": 2000}) == ()
    mean = make.a_rule(per_amount_minor=1_000_000)
    assert clawbacks_of(a_purchase(SALE, mean), rule_set(mean), NOTHING_RETURNED, {"1": 2000}) == ()


def test_a_return_goes_by_the_versions_of_the_day() -> None:
    rule = make.a_rule()
    purchase = a_purchase(SALE, rule)
    # The rule has a new version since, and another rule reaches back to that day.
    rules = rule_set(rule, replace(rule, version=2, terms=make.terms(points=9)), make.a_rule(points=7))
    assert clawbacks_of(purchase, rules, NOTHING_RETURNED, {"1": 2000, "2": 1000}) == (
        Clawback(rule.rule_id, "points", 15, left=0),
    )


def test_points_earned_are_those_of_all_rules() -> None:
    assert a_purchase(SALE, make.a_rule(), make.a_rule(points=2)).points_earned == 45


# ---- expect_claimable


def test_an_anonymous_purchase_can_be_claimed() -> None:
    expect_claimable(a_purchase(SALE))


def test_a_purchase_is_claimed_once_and_a_known_member_keeps_theirs() -> None:
    with pytest.raises(PurchaseNotAnonymous):
        expect_claimable(a_purchase(SALE, member_id=uuid.uuid4()))
    with pytest.raises(PurchaseAlreadyClaimed):
        expect_claimable(replace(a_purchase(SALE, member_id=uuid.uuid4()), claimed_at=make.NOON))
