"""What "5 points for every 2.50" gives: whole steps, or a share of a step; and that the sentence says the same."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.points.domain.earning.earnings import Earning
from services.points.domain.earning.evaluation import evaluate, evaluate_again
from services.points.domain.earning.rule_sets import rule_set
from services.points.domain.earning.sentences import Language, earning_sentence
from services.points.domain.earning.terms import Accrual, Effect, Rounding
from services.points.domain.sales.sale import Sale, Tender, TenderKind
from services.points.storage.documents import load, terms_document
from tests.factories import points as make

WHOLE, SHARE = Accrual.WHOLE_STEPS, Accrual.PROPORTIONAL
FIVE_FOR_250: dict[str, Any] = {"points": 5, "per_amount_minor": 250}


def earned(sale: Sale, **changes: Any) -> Earning:
    (earning,) = evaluate(rule_set(make.a_rule(**changes)), sale, {})
    return earning


def given_for(amount_minor: int, **changes: Any) -> int:
    return earned(make.a_sale(make.a_line(amount_minor)), **FIVE_FOR_250, **changes).points


@pytest.mark.parametrize(
    ("amount_minor", "whole", "share"), [(0, 0, 0), (249, 0, 4), (250, 5, 5), (300, 5, 6), (499, 5, 9), (500, 10, 10)]
)
def test_whole_steps_give_nothing_for_a_part_and_shares_do(amount_minor: int, whole: int, share: int) -> None:
    assert given_for(amount_minor, accrual=WHOLE) == whole
    assert given_for(amount_minor, accrual=SHARE) == share


@pytest.mark.parametrize(
    ("rounding", "for_300", "for_375"), [(Rounding.DOWN, 5, 5), (Rounding.HALF_UP, 5, 10), (Rounding.UP, 10, 10)]
)
def test_of_whole_steps_the_rounding_ends_the_steps(rounding: Rounding, for_300: int, for_375: int) -> None:
    assert given_for(300, accrual=WHOLE, rounding=rounding) == for_300
    assert given_for(375, accrual=WHOLE, rounding=rounding) == for_375


def test_weighed_goods_earn_their_share_or_whole_units() -> None:
    weighed = make.a_sale(replace(make.a_line(300), quantity_milli=1500))
    per_unit: dict[str, Any] = {"effect": Effect.PER_UNIT, "per_amount_minor": 0, "points": 10}
    assert earned(weighed, **per_unit, accrual=SHARE).points == 15
    assert earned(weighed, **per_unit, accrual=WHOLE).points == 10


def test_a_rule_that_was_stored_before_there_was_a_choice_counts_parts_as_it_did() -> None:
    stored = terms_document.dump_python(make.terms(**FIVE_FOR_250), mode="json")
    del stored["accrual"]
    assert load(terms_document, stored).accrual is SHARE


def test_what_comes_back_takes_the_steps_that_are_no_longer_whole() -> None:
    lines = make.a_line(300, line_id="1"), make.a_line(450, line_id="2")
    sale, rules = make.a_sale(*lines), rule_set(make.a_rule(**FIVE_FOR_250))
    earnings = evaluate(rules, sale, {})
    assert sum(each.points for each in earnings) == 15
    assert list(evaluate_again(rules, earnings, sale, {"1": 1000}).values()) == [5]
    assert list(evaluate_again(rules, earnings, sale, {"2": 1000}).values()) == [5]


# ---- the sentence


@pytest.mark.parametrize(
    ("changes", "english", "urdu"),
    [
        (
            {"accrual": WHOLE},
            "5 points for every GBP 2.50; GBP 8.00 counted (1 line), rounded down to 3 steps, 15 points.",
            "ہر 2.50 پاؤنڈ پر 5 پوائنٹس؛ 8.00 پاؤنڈ شمار ہوئے (1 چیز)، کسر چھوڑ کر 3 حصے، 15 پوائنٹس ملے۔",
        ),
        (
            {"accrual": SHARE},
            "5 points for every GBP 2.50, in proportion; GBP 8.00 counted (1 line), rounded down to 16 points.",
            "ہر 2.50 پاؤنڈ پر 5 پوائنٹس، اسی تناسب سے؛ 8.00 پاؤنڈ شمار ہوئے (1 چیز)، کسر چھوڑ کر 16 پوائنٹس ملے۔",
        ),
        (
            {"accrual": WHOLE, "per_amount_minor": 900},
            "no points, because what counts is too little for a step of GBP 9.00.",
            "پوائنٹس نہیں ملے، کیونکہ جو شمار ہوا وہ 9.00 پاؤنڈ کے ایک حصے کے لیے کم ہے۔",
        ),
        (
            {"accrual": WHOLE, "effect": Effect.PER_UNIT, "excluded_tenders": (TenderKind.POINTS,)},
            "5 points for every unit; 2 counted (1 line), less 0.5 paid in ways that do not earn, rounded down to "
            "1 step, 5 points.",
            "ہر عدد پر 5 پوائنٹس؛ 2 عدد شمار ہوئے (1 چیز)، جن میں سے 0.5 کی ادائیگی پر پوائنٹس نہیں ملتے، کسر چھوڑ کر "
            "1 حصہ، 5 پوائنٹس ملے۔",
        ),
    ],
)
def test_the_sentence_says_whether_parts_count(changes: dict[str, Any], english: str, urdu: str) -> None:
    paid = (Tender(TenderKind.POINTS, 200), Tender(TenderKind.CASH, 600))
    earning = earned(make.a_sale(make.a_line(800, quantity=2), tenders=paid), **FIVE_FOR_250 | changes)
    assert earning_sentence(earning) == f"Everyday: {english}"
    assert bare(earning_sentence(earning, Language.URDU)) == f"پیشکش «Everyday»: {urdu}"


@given(
    rate=st.tuples(st.integers(1, 20), st.integers(1, 500)),
    amount_minor=st.integers(1, 5_000),
    accrual=st.sampled_from(Accrual),
    rounding=st.sampled_from(Rounding),
    language=st.sampled_from(Language),
)
def test_reckoning_with_what_the_sentence_says_gives_the_points(
    rate: tuple[int, int], amount_minor: int, accrual: Accrual, rounding: Rounding, language: Language
) -> None:
    points, per_amount_minor = rate
    terms = {"name": "Tea", "points": points, "per_amount_minor": per_amount_minor}
    earning = earned(make.a_sale(make.a_line(amount_minor)), **terms, accrual=accrual, rounding=rounding)
    said = bare(earning_sentence(earning, language))
    steps = Fraction(amount_minor, per_amount_minor)
    if re.search("in proportion|تناسب", said):
        assert earning.points == ended(steps * points, rounding)
    else:
        assert earning.points == ended(steps, rounding) * points
    if earning.points:
        assert numbers(said)[-1] == earning.points
    if found := re.search(r"([\d,]+) (?:steps?|حص[ہے])،?,? ", said):
        assert int(found[1].replace(",", "")) * points == earning.points


def ended(exact: Fraction, rounding: Rounding) -> int:
    """The rounding once more, by other means."""
    whole, rest = divmod(exact, 1)
    up = {Rounding.DOWN: False, Rounding.HALF_UP: rest >= Fraction(1, 2), Rounding.UP: rest > 0}[rounding]
    return int(whole) + up


def numbers(said: str) -> list[int]:
    return [int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*", said)]


def bare(sentence: str) -> str:
    """Without isolates."""
    return sentence.replace("\u2068", "").replace("\u2069", "")
