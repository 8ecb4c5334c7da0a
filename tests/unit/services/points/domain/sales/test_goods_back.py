from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.points.domain.earning.earners import NOBODY
from services.points.domain.earning.evaluation import evaluate, evaluate_again, evaluate_loose
from services.points.domain.earning.limits import Limit, LimitScope, LimitSpan, LimitUnit
from services.points.domain.earning.rule_sets import rule_set
from services.points.domain.earning.rules import EarningRule
from services.points.domain.earning.sentences import Language, return_sentence
from services.points.domain.earning.terms import Effect, Rounding, Trigger
from services.points.domain.sales.goods_back import Found, loose_lines, origins, without_voids
from services.points.domain.sales.returns import Return
from services.points.domain.sales.sale import OriginalLine, PurchaseLine, Sale, add_returned
from tests.factories import points as make


def back(amount_minor: int, line_id: str = "back", *, quantity: int = 1, sku: str = "TEA") -> PurchaseLine:
    line = make.a_line(amount_minor, line_id=line_id, quantity=quantity, sku=sku)
    return replace(line, quantity_milli=-line.quantity_milli, amount_minor=-amount_minor)


def left(*lines: PurchaseLine) -> dict[str, tuple[int, int]]:
    return {line.line_id: (line.quantity_milli, line.amount_minor) for line in without_voids(lines)}


# ---- voids


def test_what_a_receipt_sells_and_takes_back_cancels_out_wherever_it_stands() -> None:
    lines = (make.a_line(900, quantity=3), back(300), back(400, "other"), make.a_line(300, line_id="2", sku="PEN"))
    for order in itertools.permutations(lines):
        assert left(*order) == {"1": (2000, 600), "back": (0, 0), "other": (-1000, -400), "2": (1000, 300)}


@pytest.mark.parametrize(
    "sold",
    [
        make.a_line(301),
        make.a_line(300, sku="PEN"),
        make.a_line(300, category="tea"),
        replace(make.a_line(300), brand="Acme"),
    ],
)
def test_other_goods_or_another_price_are_no_void(sold: PurchaseLine) -> None:
    assert left(sold, back(300)) == {"1": (1000, sold.amount_minor), "back": (-1000, -300)}


def test_goods_that_name_their_purchase_are_no_void() -> None:
    named = replace(back(300), original=OriginalLine(make.a_receipt(), "1"))
    assert left(make.a_line(300), named) == {"1": (1000, 300), "back": (-1000, -300)}


def test_a_discount_is_no_goods_that_come_back() -> None:
    sale = make.a_sale(make.a_line(300), make.a_discount(300))
    assert not sale.takes_back
    assert loose_lines(sale) == ()


# ---- where goods were bought


def test_goods_are_found_at_their_price_first_and_then_at_any() -> None:
    newest, older = (make.a_sale(make.a_line(amount, quantity=2)) for amount in (800, 600))
    found = origins(make.a_sale(back(900, quantity=3)), [Found(newest, {}), Found(older, {})])
    assert found.by_receipt == {older.receipt: {"1": 2000}, newest.receipt: {"1": 1000}}
    assert found.matched == {"back": 3000}


def test_goods_that_have_come_back_are_not_found_again() -> None:
    bought = make.a_sale(make.a_line(600, quantity=2), back(300, "2"))
    found = origins(make.a_sale(back(900, quantity=3)), [Found(bought, {})])
    assert found.by_receipt == {bought.receipt: {"1": 1000}}
    assert origins(make.a_sale(back(300)), [Found(bought, {"1": 1000})]).by_receipt == {}


def test_named_goods_are_not_sought_and_leave_the_rest_to_those_that_are() -> None:
    bought = make.a_sale(make.a_line(600, quantity=2))
    named = replace(back(300, "named"), original=OriginalLine(bought.receipt, "1"))
    found = origins(make.a_sale(named, back(600, quantity=2)), [Found(bought, {})])
    assert found.by_receipt == {bought.receipt: {"1": 2000}}
    assert found.matched == {"back": 1000}


# ---- what is given

CAP = (Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.POINTS, 14),)
RULES = st.builds(
    lambda rounding, terms: make.a_rule(rounding=rounding, **terms),
    st.sampled_from(Rounding),
    st.sampled_from(
        [
            {},
            {"limits": CAP},
            {"excluded_categories": ("service",)},
            {"effect": Effect.PER_UNIT},
            {"effect": Effect.FIXED, "trigger": Trigger.LINE},
            {"effect": Effect.FIXED, "points": 5},
        ]
    ),
)


@st.composite
def mixed_sales(draw: st.DrawFn) -> Sale:
    lines = [make.a_line(100, line_id="0")]
    for number in range(draw(st.integers(1, 4))):
        amount = draw(st.sampled_from([99, 250, 400, 1000, 2000]))
        category, sku = draw(st.sampled_from(["", "service"])), draw(st.sampled_from(["TEA", "PEN"]))
        line = make.a_line(amount, line_id=f"{number + 1}", category=category, sku=sku)
        taken = draw(st.booleans())
        lines.append(replace(line, quantity_milli=-1000, amount_minor=-amount) if taken else line)
    return make.a_sale(*draw(st.permutations(lines)))


def given_by_wallet(rules: list[EarningRule], sale: Sale) -> Counter[str]:
    total: Counter[str] = Counter()
    for earning in evaluate(rule_set(*rules), sale, {}):
        total[earning.wallet] += earning.points
    return total


@given(st.lists(RULES, min_size=1, max_size=3), mixed_sales())
def test_what_is_left_is_no_more_than_selling_and_taking_back_apart_would_leave(
    rules: list[EarningRule], sale: Sale
) -> None:
    loose = sum(each.points for each in evaluate_loose(rule_set(*rules), sale, {}, NOBODY))
    together = sum(given_by_wallet(rules, sale).values()) - loose
    sold = [line for line in without_voids(sale.lines) if line.quantity_milli > 0]
    alone = sum(given_by_wallet(rules, replace(sale, lines=tuple(sold))).values()) if sold else 0
    assert together <= alone - loose


@given(st.lists(RULES, min_size=1, max_size=3), mixed_sales(), st.data())
def test_returns_of_what_was_sold_never_leave_more_and_all_of_it_leaves_nothing(
    rules: list[EarningRule], sale: Sale, data: st.DataObject
) -> None:
    known = rule_set(*rules)
    earnings = evaluate(known, sale, {})
    assert evaluate_again(known, earnings, sale, {}) == {each.rule_id: each.points for each in earnings}
    returned: dict[str, int] = {}
    for line in data.draw(st.permutations(without_voids(sale.lines))):
        returned = add_returned(returned, [(line.line_id, max(0, line.quantity_milli))])
    assert sum(evaluate_again(known, earnings, sale, returned).values()) == 0


# ---- sentences

RETURN = Return(make.PROGRAM, make.PROGRAM, make.a_receipt(), None, None, make.PROGRAM, (), 20, 0, make.NOON, make.NOON)
ORIGINAL = make.a_receipt(receipt_number="R7")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"within_purchase_id": make.PROGRAM},
            "20 points taken back: no purchase of these goods was found, and they would earn as much now.",
        ),
        (
            {"original_receipt": ORIGINAL, "purchase_id": make.PROGRAM, "shortfall": 5},
            "20 points taken back for goods bought with receipt R7, of which 5 were no longer there.",
        ),
        (
            {"original_receipt": ORIGINAL, "purchase_id": make.PROGRAM, "points_returned": 0},
            "No points taken back for goods bought with receipt R7.",
        ),
        (
            {"original_receipt": ORIGINAL, "points_returned": 0},
            "No points taken back yet: receipt R7 is not recorded.",
        ),
        ({"points_returned": 0}, "No points taken back: the receipt of the purchase is not known."),
    ],
)
def test_a_return_says_what_was_taken_and_why(changes: dict[str, object], sentence: str) -> None:
    told = replace(RETURN, **changes)  # type: ignore[arg-type]  # fields of a return
    assert return_sentence(told) == sentence
    urdu = return_sentence(told, Language.URDU)
    assert urdu.endswith("۔")
    assert ("R7" in urdu) == ("R7" in sentence)
