"""Earning rules and policies against the real database."""

from __future__ import annotations

import pytest

from kit.page import PageRequest
from services.points.domain.commands import (
    ActivateEarningRule,
    CreateEarningRule,
    EndEarningRule,
    ReviseEarningRule,
    SetProgramPolicy,
)
from services.points.domain.errors import RuleNotActive, RuleNotDraft, RuleNotFound, VersionMismatch
from services.points.domain.policy import Shortfall
from services.points.domain.rules import RuleState
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points


def earned(points: Points) -> int:
    sale = make.a_sale(occurred_at=points.clock.now())
    command = make.record_purchase(points.member(), sale)
    return points.purchases.record_purchase(TILL, command).unwrap().purchase.points_earned


def test_a_draft_earns_nothing(points: Points) -> None:
    points.rules.create_earning_rule(TILL, CreateEarningRule(make.PROGRAM, "a", make.terms())).unwrap()
    assert earned(points) == 0


def test_a_new_version_takes_over_and_late_purchases_keep_the_old(points: Points) -> None:
    rule = points.rule(starts_at=None)
    points.clock.advance(days=1)
    late = make.a_sale(occurred_at=points.clock.now())
    points.clock.advance(days=1)
    revision = ReviseEarningRule(make.PROGRAM, "r", rule.rule_id, 1, make.terms(points=3, starts_at=None))
    points.rules.revise_earning_rule(TILL, revision).unwrap()
    points.rules.activate_earning_rule(TILL, ActivateEarningRule(make.PROGRAM, "a", rule.rule_id, 0)).unwrap()

    assert earned(points) == 30
    late_answer = points.purchases.record_purchase(TILL, make.record_purchase(points.member(), late)).unwrap()
    assert late_answer.purchase.points_earned == 10
    states = [version.state for version in points.rules.get_earning_rule(make.PROGRAM, rule.rule_id)]
    assert states == [RuleState.ACTIVE, RuleState.ENDED]


def test_an_ended_rule_earns_no_more(points: Points) -> None:
    rule = points.rule()
    points.clock.advance(hours=1)
    points.rules.end_earning_rule(TILL, EndEarningRule(make.PROGRAM, "e", rule.rule_id)).unwrap()
    assert earned(points) == 0
    with pytest.raises(RuleNotActive):
        points.rules.end_earning_rule(TILL, EndEarningRule(make.PROGRAM, "e2", rule.rule_id)).unwrap()


def test_an_active_version_is_not_activated_again(points: Points) -> None:
    rule = points.rule()
    with pytest.raises(RuleNotDraft):
        points.rules.activate_earning_rule(TILL, ActivateEarningRule(make.PROGRAM, "x", rule.rule_id, 0)).unwrap()


def test_a_revision_decided_on_an_older_version_is_refused(points: Points) -> None:
    rule = points.rule()
    points.rules.revise_earning_rule(TILL, ReviseEarningRule(make.PROGRAM, "r", rule.rule_id, 1, make.terms())).unwrap()
    with pytest.raises(VersionMismatch) as refused:
        again = ReviseEarningRule(make.PROGRAM, "r2", rule.rule_id, 1, make.terms())
        points.rules.revise_earning_rule(TILL, again).unwrap()
    assert refused.value.metadata == {"version": "2", "expected_version": "1"}


def test_a_rule_of_another_program_is_not_found(points: Points) -> None:
    rule = points.rule()
    with pytest.raises(RuleNotFound):
        points.rules.get_earning_rule(points.member(), rule.rule_id)


def test_rules_come_in_pages_by_name_in_their_latest_version(points: Points) -> None:
    for name in ("Bread", "Apples", "Cheese"):
        points.rule(name=name)

    first = points.rules.list_earning_rules(make.PROGRAM, PageRequest(2))
    last = first.items[-1]
    rest = points.rules.list_earning_rules(make.PROGRAM, PageRequest(2, (last.terms.name, str(last.rule_id))))

    assert [rule.terms.name for rule in first.items + rest.items] == ["Apples", "Bread", "Cheese"]


def test_a_program_that_chose_nothing_carries_shortfalls(points: Points) -> None:
    assert points.rules.get_program_policy(make.PROGRAM).shortfall is Shortfall.CARRY
    points.rules.set_program_policy(TILL, SetProgramPolicy(make.PROGRAM, "p", Shortfall.REFUSE)).unwrap()
    assert points.rules.get_program_policy(make.PROGRAM).shortfall is Shortfall.REFUSE
