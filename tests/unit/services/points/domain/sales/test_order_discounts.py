from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.points.domain.earning.earnings import LineExplanation
from services.points.domain.earning.evaluation import evaluate, evaluate_again
from services.points.domain.earning.rule_sets import rule_set
from services.points.domain.earning.rules import EarningRule
from services.points.domain.earning.terms import Effect, LineVerdict, Rounding, Trigger
from services.points.domain.sales.clawbacks import clawbacks_of
from services.points.domain.sales.order_discounts import is_order_discount, with_discounts_shared
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.returns import NOTHING_RETURNED, PurchaseReturns
from services.points.domain.sales.sale import PurchaseLine, Sale, add_returned
from tests.factories import points as make


def a_discount(amount_minor: int, line_id: str = "discount", **parts: Any) -> PurchaseLine:
    return replace(make.a_discount(-amount_minor, line_id=line_id), **parts)


def amounts(*lines: PurchaseLine) -> list[int]:
    return [line.amount_minor for line in with_discounts_shared(lines)]


# ---- how a discount is shared


def test_a_discount_is_shared_by_the_amounts_of_the_goods() -> None:
    assert amounts(make.a_line(15000), make.a_line(6000, line_id="2"), a_discount(-4200)) == [12000, 4800, 0]


def test_several_discounts_are_shared_together() -> None:
    first, second = a_discount(-1, "a"), a_discount(-1, "b")
    assert amounts(make.a_line(1), make.a_line(1, line_id="2"), first, second) == [0, 0, 0, 0]


def test_the_largest_remainders_take_what_does_not_divide_wherever_the_lines_stand() -> None:
    lines = [make.a_line(100, line_id="b"), make.a_line(100, line_id="a"), make.a_line(101, line_id="c")]
    shared = {line.line_id: line.amount_minor for line in with_discounts_shared([*lines, a_discount(-100)])}
    assert shared == {"a": 67, "b": 67, "c": 67, "discount": 0}
    for order in itertools.permutations([*lines, a_discount(-2)]):
        assert {line.line_id: line.amount_minor for line in with_discounts_shared(order)} == {
            "a": 99,
            "b": 100,
            "c": 100,
            "discount": 0,
        }


def test_goods_taken_back_and_gifts_bear_no_share() -> None:
    back, gift = PurchaseLine("b", "TEA", "", -1000, 500, 0, -500), make.a_line(0, line_id="gift")
    assert amounts(make.a_line(1000), back, gift, a_discount(-300)) == [700, -500, 0, 0]


@pytest.mark.parametrize("minor", [-1000, -1001, -9000])
def test_a_discount_takes_no_more_than_the_goods_cost(minor: int) -> None:
    assert amounts(make.a_line(700), make.a_line(300, line_id="2"), a_discount(minor)) == [0, 0, 0]


def test_a_discount_without_goods_stays_where_it_is() -> None:
    assert amounts(a_discount(-300)) == [-300]


def test_the_tax_within_a_discount_is_shared_by_the_taxes_of_the_goods() -> None:
    taxed, free = replace(make.a_line(12000), tax_minor=2000), make.a_line(6000, line_id="2")
    shared = with_discounts_shared([taxed, free, a_discount(-1800, tax_minor=-200)])
    assert [(line.amount_minor, line.tax_minor) for line in shared] == [(10800, 1800), (5400, 0), (0, 0)]
    # A discount larger than what is left beside the tax leaves no more tax than amount.
    shared = with_discounts_shared([taxed, free, a_discount(-17_100)])
    assert [(line.amount_minor, line.tax_minor) for line in shared] == [(600, 600), (300, 0), (0, 0)]


# ---- what rules make of it


def earned(rule: EarningRule, *lines: PurchaseLine) -> tuple[int, list[LineExplanation]]:
    (earning,) = evaluate(rule_set(rule), make.a_sale(*lines), {})
    return earning.points, list(earning.explanation.lines)


GIFT_CARD = make.a_line(10000, line_id="card", category="gift-card")


def test_goods_that_a_rule_excludes_bear_their_share() -> None:
    rule = make.a_rule(excluded_categories=("gift-card",))
    assert earned(rule, make.a_line(10000), GIFT_CARD, a_discount(-2000)) == (
        90,
        [
            LineExplanation("1", 9000, LineVerdict.COUNTED),
            LineExplanation("card", 9000, LineVerdict.CATEGORY_EXCLUDED),
            LineExplanation("discount", -2000, LineVerdict.SHARED),
        ],
    )


def test_a_rule_that_names_its_goods_counts_their_share_of_the_discount() -> None:
    rule = make.a_rule(included_categories=("gift-card",))
    assert earned(rule, make.a_line(10000), GIFT_CARD, a_discount(-2000))[0] == 90


def test_a_discount_that_a_rule_excludes_by_name_takes_nothing_off_for_it() -> None:
    rule = make.a_rule(excluded_categories=("coupon",))
    coupon = a_discount(-2000, category="coupon")
    points, lines = earned(rule, make.a_line(10000), coupon, a_discount(-1000, "order"))
    assert points == 90
    assert lines == [
        LineExplanation("1", 9000, LineVerdict.COUNTED),
        LineExplanation("discount", -2000, LineVerdict.CATEGORY_EXCLUDED),
        LineExplanation("order", -1000, LineVerdict.SHARED),
    ]


def left_after(rule: EarningRule, sale: Sale, *parts: tuple[str, int]) -> list[int]:
    """What is left of the points after each part came back."""
    rules, taken = rule_set(rule), 0
    purchase = Purchase(make.PROGRAM, make.PROGRAM, make.PROGRAM, sale, evaluate(rules, sale, {}), make.NOON)
    left, back = [purchase.points_earned], dict(NOTHING_RETURNED.returned)
    for part in parts:
        after = add_returned(back, [part])
        clawback = clawbacks_of(purchase, rules, PurchaseReturns(back, taken, {rule.rule_id: taken}), after)
        taken, back = taken + sum(each.points for each in clawback), after
        left.append(purchase.points_earned - taken)
    return left


def test_goods_that_come_back_take_their_share_of_the_discount_along() -> None:
    sale = make.a_sale(make.a_line(15000), make.a_line(6000, line_id="2"), a_discount(-4200))
    assert left_after(make.a_rule(), sale, ("1", 1000)) == [168, 48]
    assert left_after(make.a_rule(), sale, ("2", 1000)) == [168, 120]
    assert left_after(make.a_rule(), sale, ("2", 1000), ("1", 500), ("1", 500)) == [168, 120, 60, 0]


def test_bringing_back_the_line_of_the_discount_changes_nothing() -> None:
    sale = make.a_sale(make.a_line(15000), make.a_line(6000, line_id="2"), a_discount(-4200))
    assert left_after(make.a_rule(), sale, ("discount", 1000), ("1", 1000), ("2", 1000)) == [168, 168, 48, 0]


RULES = st.builds(
    lambda points, per, rounding, terms: make.a_rule(points=points, per_amount_minor=per, rounding=rounding, **terms),
    st.integers(1, 7),
    st.sampled_from([1, 3, 50, 100, 999]),
    st.sampled_from(Rounding),
    st.sampled_from(
        [
            {},
            {"excluded_categories": ("service",)},
            {"included_categories": ("service",)},
            {"exclude_tax": True},
            {"effect": Effect.PER_UNIT},
            {"effect": Effect.FIXED, "trigger": Trigger.LINE},
        ]
    ),
)


@st.composite
def discounted_sales(draw: st.DrawFn) -> Sale:
    lines = []
    for number in range(draw(st.integers(1, 4))):
        amount, category = draw(st.integers(0, 2000)), draw(st.sampled_from(["", "service"]))
        line = PurchaseLine(f"g{number}", "TEA", category, draw(st.integers(1, 4000)), 0, 0, amount)
        lines.append(replace(line, tax_minor=draw(st.integers(0, amount))))
    for number in range(draw(st.integers(1, 3))):
        minor = draw(st.integers(-900, -1))
        lines.append(a_discount(minor, f"d{number}", tax_minor=draw(st.integers(minor, 0))))
    return make.a_sale(*draw(st.permutations(lines)))


def told_by_line(sale: Sale) -> Sale:
    """The same receipt with each discount told in the lines of the goods, as largest remainders share it."""
    kept = [line for line in with_discounts_shared(sale.lines) if not line.line_id.startswith("d")]
    return replace(sale, lines=tuple(kept))


@given(RULES, discounted_sales(), st.data())
def test_any_returns_leave_what_the_same_sale_with_line_discounts_would_leave(
    rule: EarningRule, sale: Sale, data: st.DataObject
) -> None:
    goods = [line for line in sale.lines if not is_order_discount(line)]
    parts: list[tuple[str, int]] = []
    for line in data.draw(st.permutations(goods)):
        cut = data.draw(st.integers(0, line.quantity_milli))
        parts += [(line.line_id, cut), (line.line_id, line.quantity_milli - cut)]
    left = left_after(rule, sale, *parts)
    if any(line.amount_minor for line in goods):
        assert left == left_after(rule, told_by_line(sale), *parts)
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0


@given(discounted_sales())
def test_a_shared_discount_keeps_the_sum_and_makes_no_line_negative(sale: Sale) -> None:
    shared = with_discounts_shared(sale.lines)
    goods = [line for line in shared if line.quantity_milli and not line.line_id.startswith("d")]
    if any(line.amount_minor for line in sale.lines if not is_order_discount(line)):
        assert sum(line.amount_minor for line in shared) == max(0, sale.total_minor)
    off, whole = (
        -sum(min(line.amount_minor, 0) for line in sale.lines),
        sum(max(line.amount_minor, 0) for line in sale.lines),
    )
    for line, before in zip(shared, sale.lines, strict=True):
        if not is_order_discount(before):
            assert (
                abs(
                    before.amount_minor
                    - line.amount_minor
                    - Fraction(min(off, whole) * before.amount_minor, whole or 1)
                )
                < 1
            )
    for line in goods:
        assert 0 <= line.tax_minor <= line.amount_minor


@given(discounted_sales(), RULES)
def test_what_is_kept_is_judged_again_as_it_was(sale: Sale, rule: EarningRule) -> None:
    earnings = evaluate(rule_set(rule), sale, {})
    assert evaluate_again(rule_set(rule), earnings, sale, {}) == {rule.rule_id: earnings[0].points}
