"""Explanations list every line for every rule as long as there is room, and count them where there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.points.domain.earning.earnings import Earning, LineCounts
from services.points.domain.earning.evaluation import evaluate, evaluate_again
from services.points.domain.earning.line_lists import LINES_LISTED_MAX
from services.points.domain.earning.rule_sets import rule_set
from services.points.domain.earning.sentences import earning_sentence
from services.points.domain.earning.sentences.languages import Language
from services.points.domain.earning.terms import Effect, Factor
from services.points.domain.sales.sale import Sale
from tests.factories import points as make


def long_sale(lines: int) -> Sale:
    """Every tenth line is a stamp."""
    sold = (make.a_line(100, line_id=str(number), sku="TEA" if number % 10 else "STAMP") for number in range(lines))
    return make.a_sale(*sold)


def listed(earnings: tuple[Earning, ...]) -> list[int]:
    return [len(earning.explanation.lines) for earning in earnings]


def test_rules_list_the_lines_for_which_there_is_room_in_their_order() -> None:
    lines = LINES_LISTED_MAX // 4
    rules = [make.a_rule(name=f"Rule {number}", excluded_skus=("STAMP",)) for number in range(6)]
    assert listed(evaluate(rule_set(*rules[:4]), long_sale(lines), {})) == [lines] * 4
    assert listed(evaluate(rule_set(*rules[:4]), long_sale(lines + 1), {})) == [lines + 1] * 3 + [0]
    assert listed(evaluate(rule_set(*rules), long_sale(lines), {})) == [lines] * 4 + [0, 0]


def test_a_rule_that_lists_nothing_leaves_its_room_to_others() -> None:
    sale = long_sale(LINES_LISTED_MAX // 2)
    bonus = make.a_rule(effect=Effect.MULTIPLIER, points=0, per_amount_minor=0, factor=Factor(2, 1))
    lines = len(sale.lines)
    assert listed(evaluate(rule_set(make.a_rule(), bonus, make.a_rule()), sale, {})) == [lines, 0, lines]


@pytest.mark.parametrize("language", list(Language))
def test_a_rule_that_only_counts_lines_says_and_gives_what_it_would_have(language: Language) -> None:
    sale = long_sale(LINES_LISTED_MAX // 2 + 1)
    rules = rule_set(*(make.a_rule(excluded_skus=("STAMP",)) for _ in range(2)))
    full, counted = evaluate(rules, sale, {})
    assert (len(full.explanation.lines), len(counted.explanation.lines)) == (len(sale.lines), 0)
    assert full.explanation.line_counts == counted.explanation.line_counts == counted.explanation.unlisted
    stamps = -(-len(sale.lines) // 10)
    assert counted.explanation.unlisted == LineCounts(len(sale.lines) - stamps, stamps)
    assert earning_sentence(full, language) == earning_sentence(counted, language)
    assert full.points == counted.points
    again = evaluate_again(rules, (full, counted), sale, {"1": 1000})
    assert again[full.rule_id] == again[counted.rule_id] == full.points - 1
    assert replace(full.explanation, lines=(), unlisted=full.explanation.line_counts) == counted.explanation
