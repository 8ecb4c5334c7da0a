"""What judging may cost: known beforehand, refused beyond the bound, and reckoned from what rules say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kit.bounds import LINES_MAX
from services.points.conditions import CelConditions
from services.points.conditions.engine import LINE_STEPS_MAX
from services.points.domain.earning.activities import ActivityKind
from services.points.domain.earning.activity_evaluation import assess_activity
from services.points.domain.earning.earners import NOBODY
from services.points.domain.earning.evaluation import assess, evaluate_again
from services.points.domain.earning.evaluation_steps import (
    LINE_STEPS,
    READINGS_MAX,
    RECEIPT_LINES_MAX,
    RULE_STEPS,
    STEPS_MAX_DEFAULT,
    expect_activatable,
    rule_steps,
)
from services.points.domain.earning.rule_sets import RuleSet
from services.points.domain.earning.terms import Effect, Factor, Trigger
from services.points.domain.errors import EvaluationTooCostly, RulesTooCostly
from tests.factories import points as make

CONDITIONS = CelConditions()
DEAR = "member.segments.exists(each, each.startsWith(line.sku))"
LINES = tuple(make.a_line(100, line_id=str(number)) for number in range(200))
SALE = make.a_sale(*LINES)


def of_lines(**changes: Any) -> Any:
    return make.a_rule(trigger=Trigger.LINE, condition=DEAR, **changes)


def test_a_condition_of_lines_costs_for_each_and_one_of_the_purchase_once() -> None:
    asked = CONDITIONS.steps(DEAR, Trigger.LINE)
    steps = rule_steps(of_lines().terms, CONDITIONS)
    assert (steps.once, steps.a_line) == (RULE_STEPS, LINE_STEPS + asked)
    of_purchase = rule_steps(make.terms(condition="purchase.hour > 3"), CONDITIONS)
    assert (of_purchase.a_line, of_purchase.once > RULE_STEPS) == (LINE_STEPS, True)
    bonus = make.terms(effect=Effect.MULTIPLIER, factor=Factor(2, 1), points=0, per_amount_minor=0)
    assert rule_steps(bonus, CONDITIONS).of(9_999) == RULE_STEPS


def test_a_receipt_that_may_cost_too_much_is_refused_with_the_numbers() -> None:
    rule = of_lines()
    steps = RuleSet((rule,), CONDITIONS).steps([rule], len(LINES))
    assess(RuleSet((rule,), CONDITIONS, steps), SALE, {})
    with pytest.raises(EvaluationTooCostly) as refused:
        assess(RuleSet((rule,), CONDITIONS, steps - 1), SALE, {})
    assert refused.value.metadata == {"lines": "200", "steps": str(steps), "steps_max": str(steps - 1)}


def test_rules_that_are_not_in_force_for_the_receipt_cost_nothing() -> None:
    others = (
        of_lines(ends_at=make.NOON),
        of_lines(currency="PKR"),
        make.a_rule(**make.activity_terms(condition="activity.hour > 3")),
    )
    assess(RuleSet(others, CONDITIONS, 0), SALE, {})


def test_an_activity_has_the_same_bound() -> None:
    rule = make.a_rule(**make.activity_terms(condition="activity.hour > 3"))
    report = make.an_activity_report(ActivityKind.VISIT)
    with pytest.raises(EvaluationTooCostly):
        assess_activity(RuleSet((rule,), CONDITIONS, RULE_STEPS), report, NOBODY)


def test_what_has_earned_may_come_back_whatever_the_bound_is_by_now() -> None:
    rule = make.a_rule()
    earnings = assess(RuleSet((rule,), CONDITIONS), SALE, {}).earnings(lambda _: ())
    assert list(evaluate_again(RuleSet((rule,), CONDITIONS, 0), earnings, SALE, {"1": 1000}).values()) == [199]


def test_rules_are_activated_as_long_as_the_greatest_receipt_stays_within_the_bound() -> None:
    assert LINES_MAX <= RECEIPT_LINES_MAX
    expect_activatable([of_lines().terms] * 3, CONDITIONS, STEPS_MAX_DEFAULT)
    expect_activatable([make.terms(condition="purchase.hour > 3")] * 300, CONDITIONS, STEPS_MAX_DEFAULT)
    with pytest.raises(RulesTooCostly) as refused:
        expect_activatable([of_lines().terms] * 500, CONDITIONS, STEPS_MAX_DEFAULT)
    assert refused.value.metadata["lines"] == str(RECEIPT_LINES_MAX)


def test_no_single_rule_that_may_be_saved_reaches_the_bound() -> None:
    assert (LINE_STEPS + LINE_STEPS_MAX) * RECEIPT_LINES_MAX + RULE_STEPS < STEPS_MAX_DEFAULT / READINGS_MAX


def test_versions_of_a_rule_are_reckoned_apart() -> None:
    rule = make.a_rule()
    dear = replace(rule, version=2, terms=of_lines().terms)
    rules = RuleSet((rule, dear), CONDITIONS)
    assert rules.steps([dear], 10) > rules.steps([rule], 10)
