"""The eligible total in conditions: the goods that a rule counts, and not the gift card beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.points.conditions import CelConditions
from services.points.domain.earning.earnings import Reason
from services.points.domain.earning.evaluation import evaluate, evaluate_again
from services.points.domain.earning.rule_sets import RuleSet
from services.points.domain.earning.terms import Effect, Factor, Trigger
from services.points.domain.sales.sale import PurchaseLine, Sale, Tender, TenderKind
from tests.factories import points as make

CONDITIONS = CelConditions()
TEA = replace(make.a_line(4000, line_id="1", quantity=2, sku="TEA", category="tea"), tax_minor=600, brand="Vital")
GIFT_CARD = make.a_line(6000, line_id="2", sku="GIFT", category="gift-cards")
SALE = make.a_sale(TEA, GIFT_CARD)
WELCOME: dict[str, Any] = {"effect": Effect.FIXED, "points": 100, "per_amount_minor": 0}


def judged(sale: Sale = SALE, **terms: Any) -> tuple[int, Reason]:
    rules = RuleSet((make.a_rule(**WELCOME | terms),), CONDITIONS)
    CONDITIONS.expect_valid(rules.rules[0].terms)
    (earning,) = evaluate(rules, sale, {})
    return earning.points, earning.explanation.reason


def at_least(minor: int) -> str:
    return f"purchase.eligible_total_minor >= {minor}"


@pytest.mark.parametrize(
    ("terms", "eligible_minor"),
    [
        ({}, 10_000),
        ({"excluded_categories": ("gift-cards",)}, 4_000),
        ({"excluded_skus": ("GIFT",)}, 4_000),
        ({"included_brands": ("Vital",)}, 4_000),
        ({"included_skus": ("TEA",), "exclude_tax": True}, 3_400),
        ({"exclude_tax": True}, 9_400),
        ({"excluded_tenders": (TenderKind.POINTS,)}, 7_500),
        ({"excluded_tenders": (TenderKind.POINTS,), "included_skus": ("TEA",), "exclude_tax": True}, 2_550),
        ({"included_skus": ("CUP",)}, 0),
        ({"trigger": Trigger.LINE, "included_skus": ("TEA",)}, 4_000),
    ],
)
def test_the_eligible_total_is_what_the_rule_counts(terms: dict[str, Any], eligible_minor: int) -> None:
    paid = Tender(TenderKind.POINTS, 2_500), Tender(TenderKind.CASH, 7_500)
    sale = replace(SALE, tenders=paid)
    reason = Reason.NOTHING_COUNTED if not eligible_minor else Reason.APPLIED
    assert judged(sale, **terms, condition=at_least(eligible_minor))[1] is reason
    assert judged(sale, **terms, condition=at_least(eligible_minor + 1))[0] == 0


def test_rules_that_select_differently_each_ask_for_their_own() -> None:
    rules = RuleSet(
        (
            make.a_rule(**WELCOME, condition=at_least(4_001)),
            make.a_rule(**WELCOME, condition=at_least(4_001), excluded_skus=("GIFT",)),
            make.a_rule(**WELCOME, condition="purchase.total_minor == 10000", excluded_skus=("GIFT",)),
        ),
        CONDITIONS,
    )
    assert [each.points for each in evaluate(rules, SALE, {})] == [100, 0, 100]


def test_a_bonus_counts_all_goods() -> None:
    bonus = make.a_rule(
        effect=Effect.MULTIPLIER, factor=Factor(2, 1), points=0, per_amount_minor=0, condition=at_least(10_000)
    )
    rules = RuleSet((make.a_rule(excluded_skus=("GIFT",)), bonus), CONDITIONS)
    assert [each.points for each in evaluate(rules, SALE, {})] == [40, 40]


def test_what_is_kept_is_asked_again() -> None:
    rules = RuleSet((make.a_rule(**WELCOME, condition=at_least(4_000), excluded_skus=("GIFT",)),), CONDITIONS)
    earnings = evaluate(rules, SALE, {})
    assert list(evaluate_again(rules, earnings, SALE, {"2": 1000}).values()) == [100]
    assert list(evaluate_again(rules, earnings, SALE, {"1": 1000}).values()) == [0]


def test_an_order_discount_lowers_it_by_the_share_of_the_goods() -> None:
    off = PurchaseLine("3", "OFF", "", 1000, -1000, 0, -1000)
    sale = make.a_sale(TEA, GIFT_CARD, off)
    of_tea = {"excluded_skus": ("GIFT",)}
    assert judged(sale, **of_tea, condition=at_least(3_600))[0] == 100
    assert judged(sale, **of_tea, condition=at_least(3_601))[0] == 0
