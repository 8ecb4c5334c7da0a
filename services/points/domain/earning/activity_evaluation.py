"""What rules make of an activity.

An activity has no goods, so that a rule gives a fixed number of points or nothing. Hours, conditions, limits and
stacking groups are those of purchases. Bonuses raise what was given for goods, and pass an activity by.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.points.domain.earning.activities import ActivityKind, ActivityReport
from services.points.domain.earning.conditions import Conditions, activity_facts
from services.points.domain.earning.earners import Earner
from services.points.domain.earning.earnings import Earning, Explanation, Reason, told_once
from services.points.domain.earning.evaluation import Judged, UsageOf, earning_of, stacked, within_limits
from services.points.domain.earning.evaluation_steps import expect_affordable
from services.points.domain.earning.rule_sets import Question, RuleSet, evaluated, names_of
from services.points.domain.earning.rules import EarningRule
from services.points.domain.earning.terms import EarningTerms


def assess_activity(rules: RuleSet, report: ActivityReport, earner: Earner) -> ActivityAssessment:
    """What can be told of an activity before anybody knows what is left of limits."""
    concerned = [rule for rule in rules.rules if _concerned(rule, report)]
    steps = rules.steps(concerned, 0)
    expect_affordable(steps, 0, rules.steps_max)

    def work() -> ActivityAssessment:
        asked = _Asked(report, earner, rules.conditions)
        return ActivityAssessment([_judged(rule, asked) for rule in concerned], report.occurred_at, earner)

    return evaluated(rules, steps, Question(names_of(concerned), report, {}, earner), work)


@dataclass(frozen=True)
class ActivityAssessment:
    """What the rules would give for an activity, each by itself. Limits and groups are still to come."""

    judged: Sequence[Judged]
    occurred_at: datetime
    earner: Earner

    @functools.cached_property
    def limited(self) -> list[EarningRule]:
        """The rules that have limits, whether they would give anything or not."""
        return [judged.rule for judged in self.judged if judged.rule.terms.limits]

    @functools.cached_property
    def may_give(self) -> list[EarningRule]:
        """The rules that give something if their limits, and those of others, let them."""
        return [judged.rule for judged in self.judged if judged.points]

    def earnings(self, usage_of: UsageOf) -> tuple[Earning, ...]:
        """What each rule gives beside the others, within what is left of its limits."""
        beside = stacked([within_limits(judged, usage_of) for judged in self.judged], ())
        return told_once(tuple(earning_of(judged, self.occurred_at) for judged in beside), self.earner)


@dataclass(frozen=True)
class _Asked:
    report: ActivityReport
    earner: Earner
    conditions: Conditions

    def holds(self, terms: EarningTerms) -> bool | None:
        """Whether the rule's condition holds; None: no answer, such as for an attribute that is not there."""
        local = self.report.occurred_at.astimezone(terms.zone)
        facts = activity_facts(self.report, local, self.earner)
        return self.conditions.holds(terms.condition, self.conditions.prepare(facts, ()))


def _concerned(rule: EarningRule, report: ActivityReport) -> bool:
    terms = rule.terms
    if terms.trigger.value != report.kind.value or not rule.in_force(report.occurred_at):
        return False
    return report.kind is not ActivityKind.EVENT or terms.activity_name == report.name


def _judged(rule: EarningRule, asked: _Asked) -> Judged:
    terms = rule.terms
    reason = _shut(terms, asked) or Reason.APPLIED
    why = Explanation(
        eligible_amount_minor=0,
        currency="",
        points=terms.points,
        per_amount_minor=0,
        rounding=terms.rounding,
        lines=(),
        reason=reason,
        effect=terms.effect,
        trigger=terms.trigger,
        activity_name=terms.activity_name,
        member_status=asked.earner.status,
        member_tier=asked.earner.tier,
    )
    return Judged(rule, terms.points if reason is Reason.APPLIED else 0, why)


def _shut(terms: EarningTerms, asked: _Asked) -> Reason | None:
    if not terms.open_at(asked.report.occurred_at):
        return Reason.OUTSIDE_HOURS
    holds = asked.holds(terms) if terms.condition else True
    if holds is None:
        return Reason.CONDITION_FAILED
    return None if holds else Reason.CONDITION_NOT_MET
