"""Earning rules and policies against the real database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import MISSING, fields

import pytest
import sqlalchemy as sa

from kit.database import retrying
from kit.errors import Invalid
from kit.page import PageRequest
from services.points import tables
from services.points.domain.commands import (
    ActivateEarningRule,
    CallOffEarningRule,
    CreateEarningRule,
    EndEarningRule,
    ReviseEarningRule,
    SetProgramPolicy,
)
from services.points.domain.earning.rules import RuleState
from services.points.domain.earning.terms import Accrual, EarningTerms, Effect, Factor, Trigger, ValidHours
from services.points.domain.errors import (
    RuleKeyTaken,
    RuleNotActive,
    RuleNotDraft,
    RuleNotFound,
    RuleNotScheduled,
    VersionMismatch,
)
from services.points.domain.program.policy import ProgramPolicy, Shortfall
from services.points.domain.sales.purchases import PurchaseAnswer
from services.points.domain.sales.sale import Sale, Tender, TenderKind
from tests.factories import points as make
from tests.fixtures.digests import digest_anew
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.schedules import earned, scheduled, states


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


def test_a_scheduled_version_begins_when_its_time_comes_though_nobody_does_anything(points: Points) -> None:
    rule, second = scheduled(points)
    assert second.state is RuleState.SCHEDULED
    assert (states(points, rule), earned(points)) == (["scheduled", "active"], 10)
    points.clock.advance(days=5)
    assert (states(points, rule), earned(points)) == (["active", "ended"], 30)
    (listed,) = points.rules.list_earning_rules(make.PROGRAM, PageRequest(2)).items
    assert listed.state is RuleState.ACTIVE


def test_a_version_called_off_never_earns_and_the_one_before_it_earns_on(points: Points) -> None:
    rule, _ = scheduled(points)
    off = points.rules.call_off_earning_rule(TILL, CallOffEarningRule(make.PROGRAM, "c", rule.rule_id, 0)).unwrap()
    assert (off.version, off.state, off.ended_at) == (2, RuleState.ENDED, points.clock.now())
    points.clock.advance(days=6)
    assert (states(points, rule), earned(points)) == (["ended", "active"], 10)
    with pytest.raises(RuleNotScheduled):
        points.rules.call_off_earning_rule(TILL, CallOffEarningRule(make.PROGRAM, "d", rule.rule_id, 1)).unwrap()
    with pytest.raises(RuleNotFound):
        points.rules.call_off_earning_rule(TILL, CallOffEarningRule(make.PROGRAM, "e", rule.rule_id, 7)).unwrap()


def test_goods_earned_by_a_version_that_was_then_called_off_come_back(points: Points) -> None:
    """A till's clock may run ahead of ours, by less than a day."""
    rule, second = scheduled(points)
    points.clock.advance(days=4, hours=12)
    member_id, sale = points.member(), make.a_sale(occurred_at=second.terms.starts_at or make.NOON)
    recorded = points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    assert recorded.purchase.points_earned == 30
    points.rules.call_off_earning_rule(TILL, CallOffEarningRule(make.PROGRAM, "c", rule.rule_id, 2)).unwrap()
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    assert points.account(member_id).posted == 0


def test_a_rule_is_ended_with_what_was_to_follow(points: Points) -> None:
    rule, _ = scheduled(points)
    ended = points.rules.end_earning_rule(TILL, EndEarningRule(make.PROGRAM, "e", rule.rule_id)).unwrap()
    assert (ended.version, ended.state) == (1, RuleState.ENDED)
    points.clock.advance(days=6)
    assert (states(points, rule), earned(points)) == (["ended", "ended"], 0)


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


def test_a_rule_keeps_its_key_whatever_it_is_called(points: Points) -> None:
    first, second = points.rule(name="Café au lait, ×2!"), points.rule(name="Cafe au lait x2")
    assert (first.key, second.key) == ("cafe-au-lait-2", "cafe-au-lait-x2")
    assert [points.rule(name="چائے").key for _ in range(2)] == ["rule", "rule-2"]
    revision = ReviseEarningRule(make.PROGRAM, "r", first.rule_id, 1, make.terms(name="Tea"))
    assert points.rules.revise_earning_rule(TILL, revision).unwrap().key == first.key


def test_a_key_is_given_once_in_a_program_also_by_two_at_once(points: Points) -> None:
    def create(number: int) -> bool:
        command = CreateEarningRule(make.PROGRAM, f"k{number}", make.terms(), "base")
        return points.rules.create_earning_rule(TILL, command).refusal is None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(8))) == 1
    with pytest.raises(RuleKeyTaken):
        points.rules.create_earning_rule(TILL, CreateEarningRule(make.PROGRAM, "k", make.terms(), "base")).unwrap()
    elsewhere = CreateEarningRule(points.member(), "k", make.terms(), "base")
    assert points.rules.create_earning_rule(TILL, elsewhere).unwrap().key == "base"


def test_a_rule_of_before_there_were_keys_has_one_made_from_its_id(points: Points) -> None:
    rule = points.rule()
    with points.engine.begin() as connection:
        connection.execute(sa.text("UPDATE earning_rules SET key = NULL"))
        digest_anew(connection, tables.earning_rules)
    revision = ReviseEarningRule(make.PROGRAM, "r", rule.rule_id, 1, make.terms())
    assert points.rules.revise_earning_rule(TILL, revision).unwrap().key == f"rule-{rule.rule_id.hex[-12:]}"
    keys = {version.key for version in points.rules.get_earning_rule(make.PROGRAM, rule.rule_id)}
    assert keys == {f"rule-{rule.rule_id.hex[-12:]}"}


def test_rules_come_in_pages_by_name_in_their_latest_version(points: Points) -> None:
    for name in ("Bread", "Apples", "Cheese"):
        points.rule(name=name)

    first = points.rules.list_earning_rules(make.PROGRAM, PageRequest(2))
    last = first.items[-1]
    rest = points.rules.list_earning_rules(make.PROGRAM, PageRequest(2, (last.terms.name, str(last.rule_id))))

    assert [rule.terms.name for rule in first.items + rest.items] == ["Apples", "Bread", "Cheese"]


def test_a_program_that_chose_nothing_carries_shortfalls(points: Points) -> None:
    assert points.policies.get_program_policy(make.PROGRAM).shortfall is Shortfall.CARRY
    points.policies.set_program_policy(TILL, SetProgramPolicy(make.PROGRAM, "p", Shortfall.REFUSE)).unwrap()
    assert points.policies.get_program_policy(make.PROGRAM).shortfall is Shortfall.REFUSE


def test_a_policy_has_a_version_that_a_change_may_be_held_to(points: Points) -> None:
    def choose(expected_version: int) -> ProgramPolicy:
        key = f"key-{make.a_number()}"
        command = SetProgramPolicy(make.PROGRAM, key, Shortfall.REFUSE, expected_version=expected_version)
        return points.policies.set_program_policy(TILL, command).unwrap()

    assert points.policies.get_program_policy(make.PROGRAM).version == 1
    assert [choose(1).version, choose(2).version, choose(0).version] == [2, 3, 4]
    with pytest.raises(VersionMismatch) as refused:
        choose(3)
    assert refused.value.metadata == {"version": "4", "expected_version": "3"}
    points.rule()
    assert points.policies.get_program_policy(make.PROGRAM).version == 4


def test_of_changes_that_were_decided_on_one_version_one_wins(points: Points) -> None:
    def choose(number: int) -> object:
        command = SetProgramPolicy(make.PROGRAM, f"race-{number}", Shortfall.REFUSE, number, expected_version=1)
        try:
            return retrying(lambda: points.policies.set_program_policy(TILL, command).unwrap().adjustment_limit)
        except VersionMismatch:
            return "refused"

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(choose, range(4)))
    assert found.count("refused") == 3
    policy = points.policies.get_program_policy(make.PROGRAM)
    assert (policy.version, policy.adjustment_limit) == (2, next(each for each in found if each != "refused"))


def bought(points: Points, sale: Sale) -> PurchaseAnswer:
    return points.purchases.record_purchase(TILL, make.record_purchase(points.member(), sale)).unwrap()


def test_a_condition_that_cannot_be_evaluated_is_not_saved(points: Points) -> None:
    wrong = make.terms(condition="purchase.total > 5")
    with pytest.raises(Invalid) as refused:
        points.rules.create_earning_rule(TILL, CreateEarningRule(make.PROGRAM, "a", wrong))
    assert refused.value.field == "terms.condition"
    rule = points.rule()
    with pytest.raises(Invalid):
        points.rules.revise_earning_rule(TILL, ReviseEarningRule(make.PROGRAM, "r", rule.rule_id, 1, wrong))


def test_rules_are_stored_with_all_that_they_say(points: Points) -> None:
    rule = points.rule(
        effect=Effect.PER_UNIT,
        trigger=Trigger.LINE,
        condition="line.sku == 'TEA'",
        time_zone="Asia/Karachi",
        valid_hours=(ValidHours((1, 5), 60, 120),),
        included_categories=("tea",),
        excluded_tenders=(TenderKind.POINTS,),
        stacking_group="spring",
        priority=3,
        exclusive=True,
    )
    assert points.rules.get_earning_rule(make.PROGRAM, rule.rule_id) == [rule]


def test_a_rule_stored_before_there_was_more_means_what_it_meant(points: Points) -> None:
    rule = points.rule(accrual=Accrual.PROPORTIONAL)
    with points.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE earning_rules SET terms = (SELECT jsonb_object_agg(key, value) FROM jsonb_each(terms)"
                " WHERE key = ANY(:kept))"
            ),
            {"kept": [field.name for field in fields(EarningTerms) if field.default is MISSING]},
        )
        digest_anew(connection, tables.earning_rules)
    assert points.rules.get_earning_rule(make.PROGRAM, rule.rule_id) == [rule]
    gift = make.a_sale(tenders=(Tender(TenderKind.GIFT_CARD, 1000),), occurred_at=points.clock.now())
    assert bought(points, gift).purchase.points_earned == 10


def test_returns_in_parts_take_back_a_bonus_once_and_in_the_end_everything(points: Points) -> None:
    points.rule()
    points.rule(effect=Effect.FIXED, points=50, per_amount_minor=0, condition="purchase.total_minor >= 800")
    points.rule(effect=Effect.MULTIPLIER, points=0, per_amount_minor=0, factor=Factor(3, 2))
    # For less it gives more: a return never does.
    points.rule(effect=Effect.FIXED, points=7, per_amount_minor=0, condition="purchase.total_minor < 500")
    member_id = points.member()
    sale = make.a_sale(make.a_line(1000, quantity=4), occurred_at=points.clock.now())
    recorded = points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    assert [earning.points for earning in recorded.purchase.earnings if earning.points] == [10, 50, 30]

    balances = []
    for _ in range(4):
        points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
        balances.append(points.account(member_id).available)

    # 7 and 3; 5 and 2; then 2, 7 and 4 would be more than is left.
    assert balances == [10, 7, 7, 0]


def test_a_return_goes_by_what_was_written_down_of_those_before_or_else_by_the_goods(points: Points) -> None:
    points.rule()
    member_id = points.member()
    sale = make.a_sale(make.a_line(1000, quantity=4), occurred_at=points.clock.now())
    points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    with points.engine.begin() as connection:
        connection.execute(sa.text("UPDATE returns SET taken_by_rule = NULL"))
        digest_anew(connection, tables.returns)
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 2000))).unwrap()
    assert points.account(member_id).posted == 0
