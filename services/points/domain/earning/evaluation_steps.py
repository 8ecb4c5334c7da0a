"""What judging a receipt by rules may cost, in steps; see `services/points/conditions/cost.py` for what a step is.

It is known before anything is judged: of each rule, what it costs once and for each line. A receipt that may cost more
than the program's process allows is refused before it has touched anything, and rules that could make the greatest
receipt cost as much are not activated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.points.domain.earning.conditions import Conditions
from services.points.domain.earning.terms import EarningTerms, Trigger
from services.points.domain.errors import EvaluationTooCostly, RulesTooCostly

# The lines of the greatest receipt.
RECEIPT_LINES_MAX = 5_000
# What a rule costs beside its condition: by itself, and for each line that it selects or not.
RULE_STEPS = 50
LINE_STEPS = 10
# A sale that takes goods back is judged by as many readings.
READINGS_MAX = 3
# About five seconds at the worst, and a fraction of one in general.
STEPS_MAX_DEFAULT = 50_000_000


@dataclass(frozen=True)
class RuleSteps:
    """The most steps of a rule: once a receipt or activity, and once a line."""

    once: int
    a_line: int

    def of(self, lines: int) -> int:
        """The steps for so many lines."""
        return self.once + self.a_line * lines


def rule_steps(terms: EarningTerms, conditions: Conditions) -> RuleSteps:
    """What a rule costs at most."""
    asked = conditions.steps(terms.condition, terms.trigger) if terms.condition else 0
    if terms.effect.is_bonus or terms.trigger.is_activity:
        return RuleSteps(RULE_STEPS + asked, 0)
    if terms.trigger is Trigger.LINE:
        return RuleSteps(RULE_STEPS, LINE_STEPS + asked)
    return RuleSteps(RULE_STEPS + asked, LINE_STEPS)


def expect_affordable(steps: int, lines: int, steps_max: int | None) -> None:
    """Refuses a receipt or an activity that rules could make cost too much."""
    if steps_max is not None and steps > steps_max:
        raise EvaluationTooCostly(
            f"judging {lines} lines by the rules in force may cost {steps} steps, {steps_max} is the most",
            lines=lines,
            steps=steps,
            steps_max=steps_max,
        )


def expect_activatable(rules: Iterable[EarningTerms], conditions: Conditions, steps_max: int) -> None:
    """Refuses rules that together could make the greatest receipt cost too much."""
    steps = READINGS_MAX * sum(rule_steps(terms, conditions).of(RECEIPT_LINES_MAX) for terms in rules)
    if steps > steps_max:
        raise RulesTooCostly(
            f"with this version a receipt of {RECEIPT_LINES_MAX} lines may cost {steps} steps, {steps_max} is the most",
            lines=RECEIPT_LINES_MAX,
            steps=steps,
            steps_max=steps_max,
        )
