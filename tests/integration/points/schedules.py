"""Rules with a version to come, and what a purchase earns meanwhile."""

from __future__ import annotations

from datetime import timedelta

from services.points.domain.commands import (
    ActivateEarningRule,
    ReviseEarningRule,
)
from services.points.domain.earning.rules import EarningRule
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points


def earned(points: Points) -> int:
    sale = make.a_sale(occurred_at=points.clock.now())
    command = make.record_purchase(points.member(), sale)
    return points.purchases.record_purchase(TILL, command).unwrap().purchase.points_earned


def scheduled(points: Points, **terms: object) -> tuple[EarningRule, EarningRule]:
    """A rule that is active, and its second version, which begins in five days and gives three points."""
    rule = points.rule(starts_at=None)
    starts_at = points.clock.now() + timedelta(days=5)
    revision = ReviseEarningRule(make.PROGRAM, "r", rule.rule_id, 1, make.terms(points=3, starts_at=starts_at, **terms))
    points.rules.revise_earning_rule(TILL, revision).unwrap()
    activation = ActivateEarningRule(make.PROGRAM, "a", rule.rule_id, 0)
    return rule, points.rules.activate_earning_rule(TILL, activation).unwrap()


def states(points: Points, rule: EarningRule) -> list[str]:
    return [version.state.value for version in points.rules.get_earning_rule(make.PROGRAM, rule.rule_id)]
