"""How much of what a rule would give its limits let through, and what counters remember of it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.points.domain.earning.counters import Counter, CounterKey, LimitContext, LimitCounters, limit_context_of
from services.points.domain.earning.earnings import Earning, Reason
from services.points.domain.earning.evaluation import assess, evaluate, evaluate_again
from services.points.domain.earning.limits import Limit, LimitPolicy, LimitScope, LimitSpan, LimitUnit, LimitUsage
from services.points.domain.earning.rule_sets import rule_set
from services.points.domain.earning.rules import EarningRule
from services.points.domain.earning.terms import Effect, Factor
from services.points.domain.ledger.accounts import Cause
from tests.factories import points as make

MEMBER = uuid.uuid4()
SALE = make.a_sale(make.a_line(1000, quantity=10))


def limit(
    at_most: int,
    scope: LimitScope = LimitScope.MEMBER,
    span: LimitSpan = LimitSpan.DAY,
    unit: LimitUnit = LimitUnit.POINTS,
) -> Limit:
    return Limit(scope, span, unit, at_most)


def given(*rules: EarningRule, used: dict[uuid.UUID, int] | None = None) -> list[tuple[int, Reason]]:
    earnings = earned(*rules, used=used)
    return [(earning.points, earning.explanation.reason) for earning in earnings]


def earned(*rules: EarningRule, used: dict[uuid.UUID, int] | None = None) -> tuple[Earning, ...]:
    """What rules give for ten pounds when so much of each rule's limits is used."""
    before = used or {}
    return evaluate(
        rule_set(*rules),
        SALE,
        {},
        usage_of=lambda rule: tuple(LimitUsage(each, None, before.get(rule.rule_id, 0)) for each in rule.terms.limits),
    )


# ---- windows


@pytest.mark.parametrize(
    ("span", "starts_on"),
    [
        (LimitSpan.DAY, date(2026, 1, 1)),
        (LimitSpan.WEEK, date(2025, 12, 29)),
        (LimitSpan.MONTH, date(2026, 1, 1)),
        (LimitSpan.YEAR, date(2026, 1, 1)),
        (LimitSpan.EVER, None),
        (LimitSpan.PURCHASE, None),
    ],
)
def test_windows_are_of_the_calendar_where_the_rule_is(span: LimitSpan, starts_on: date | None) -> None:
    # Still New Year's Eve in London.
    assert span.starts_on(datetime(2025, 12, 31, 20, tzinfo=UTC), ZoneInfo("Asia/Karachi")) == starts_on


# ---- what is let through


@pytest.mark.parametrize(
    ("rule", "used", "expected"),
    [
        (make.a_rule(limits=(limit(10),)), 0, (10, Reason.APPLIED)),
        (make.a_rule(limits=(limit(100),)), 91, (9, Reason.CUT_BY_CAP)),
        (make.a_rule(limits=(limit(100),)), 100, (0, Reason.CAP_MET)),
        (make.a_rule(limits=(limit(50),)), 80, (0, Reason.CAP_MET)),  # an earlier version allowed more
        (make.a_rule(limits=(limit(100, LimitScope.STORE),)), 91, (9, Reason.CUT_BY_BUDGET)),
        (make.a_rule(limits=(limit(100, LimitScope.PROGRAM),)), 100, (0, Reason.BUDGET_MET)),
        (make.a_rule(limits=(limit(100),), limit_policy=LimitPolicy.REFUSE), 91, (0, Reason.CAP_MET)),
        (make.a_rule(limits=(limit(100),), limit_policy=LimitPolicy.REFUSE), 90, (10, Reason.APPLIED)),
        (make.a_rule(limits=(limit(3, unit=LimitUnit.PURCHASES),)), 2, (10, Reason.APPLIED)),
        (make.a_rule(limits=(limit(3, unit=LimitUnit.PURCHASES),)), 3, (0, Reason.CAP_MET)),
        (make.a_rule(limits=(limit(7, span=LimitSpan.PURCHASE),)), 0, (7, Reason.CUT_BY_CAP)),
        # The tightest decides, the first of equal ones is named.
        (make.a_rule(limits=(limit(99), limit(95, LimitScope.PROGRAM))), 90, (5, Reason.CUT_BY_BUDGET)),
        (make.a_rule(limits=(limit(95), limit(95, LimitScope.PROGRAM))), 90, (5, Reason.CUT_BY_CAP)),
        (make.a_rule(limits=(limit(5),), per_amount_minor=9_999), 5, (0, Reason.TOO_LITTLE)),
    ],
)
def test_a_limit_lets_through_what_is_left_of_it(rule: EarningRule, used: int, expected: tuple[int, Reason]) -> None:
    assert given(rule, used={rule.rule_id: used}) == [expected]


def test_every_limit_is_told_with_what_was_used_whether_it_was_in_the_way_or_not() -> None:
    rule = make.a_rule(limits=(limit(100), limit(9, span=LimitSpan.PURCHASE)))
    (earning,) = earned(rule, used={rule.rule_id: 5})
    assert earning.explanation.limits == tuple(LimitUsage(each, None, 5) for each in rule.terms.limits)
    assert earning.explanation.unlimited_points == 10


# ---- beside other rules


def test_a_rule_that_a_limit_keeps_from_giving_wins_no_group() -> None:
    first = make.a_rule(stacking_group="g", priority=1, exclusive=True, limits=(limit(5),))
    second = make.a_rule(stacking_group="g")
    assert given(first, second) == [(5, Reason.CUT_BY_CAP), (0, Reason.BEATEN)]
    assert given(first, second, used={first.rule_id: 5}) == [(0, Reason.CAP_MET), (10, Reason.APPLIED)]


def test_a_bonus_raises_what_was_really_given_and_has_limits_of_its_own() -> None:
    base = make.a_rule(limits=(limit(4),))
    double = make.a_rule(effect=Effect.MULTIPLIER, factor=Factor(3, 1), points=0, limits=(limit(100),))
    assert given(base, double) == [(4, Reason.CUT_BY_CAP), (8, Reason.APPLIED)]
    assert given(base, double, used={double.rule_id: 95})[1] == (5, Reason.CUT_BY_CAP)
    assert given(base, double, used={base.rule_id: 4})[1] == (0, Reason.NOTHING_TO_RAISE)


def test_who_may_give_are_those_that_would_and_bonuses_on_them() -> None:
    gives, too_little = make.a_rule(), make.a_rule(per_amount_minor=9_999)
    bonus, elsewhere = (make.a_rule(effect=Effect.ADDITION, wallet=wallet) for wallet in ("points", "stars"))
    asleep = make.a_rule(effect=Effect.ADDITION, condition="nobody can tell")
    assessment = assess(rule_set(gives, too_little, bonus, elsewhere, asleep), SALE, {})
    assert assessment.may_give == [gives, bonus]


# ---- returns


def test_kept_goods_have_the_room_that_the_purchase_had() -> None:
    rule = make.a_rule(limits=(limit(100),))
    earnings = earned(rule, used={rule.rule_id: 94})
    kept = {milli: evaluate_again(rule_set(rule), earnings, SALE, {"1": milli}) for milli in (0, 4000, 7000)}
    assert [points[rule.rule_id] for points in kept.values()] == [6, 6, 3]


# ---- counters


def tally_for(limit_context: LimitContext, rule: EarningRule, used: int = 0) -> LimitCounters:
    return LimitCounters(
        dict.fromkeys(limit_context.counters(rule.rule_id, limit_context.usages(rule)), Counter(used, used))
    )


def read(limits: LimitCounters) -> dict[CounterKey, int]:
    return {key: counter.used for key, counter in limits.changes()[0].items()}


def test_a_counter_is_of_whom_the_limit_holds_for() -> None:
    scopes = (LimitScope.MEMBER, LimitScope.MEMBER_AND_CASHIER, LimitScope.PROGRAM, LimitScope.STORE)
    rule = make.a_rule(limits=tuple(limit(9, scope) for scope in scopes))
    limit_context = limit_context_of(make.PROGRAM, MEMBER, replace(SALE, cashier_id="Amina"))
    keys = limit_context.counters(rule.rule_id, limit_context.usages(rule))
    assert [(key.scope, key.member_id, key.of) for key in keys] == [
        (LimitScope.MEMBER, MEMBER, ""),
        (LimitScope.MEMBER_AND_CASHIER, MEMBER, "Amina"),
        (LimitScope.PROGRAM, None, ""),
        (LimitScope.STORE, None, "S1"),
    ]


def test_a_purchase_uses_what_it_was_given_and_a_return_gives_back_what_is_taken() -> None:
    points, purchases = limit(100), limit(5, unit=LimitUnit.PURCHASES)
    rule = make.a_rule(limits=(points, purchases, limit(50, span=LimitSpan.PURCHASE)))
    limit_context, purchase_id = limit_context_of(make.PROGRAM, MEMBER, SALE), uuid.uuid4()
    of_points, of_purchases = limit_context.counters(rule.rule_id, limit_context.usages(rule))
    limits = tally_for(limit_context, rule, used=2)
    (earning,) = evaluate(rule_set(rule), SALE, {}, usage_of=lambda each: limits.usage_of(limit_context, each))

    limits.use(limit_context, Cause(purchase_id=purchase_id), [earning])
    assert read(limits) == {of_points: 12, of_purchases: 3}
    limits.give_back(limit_context, purchase_id, uuid.uuid4(), earning, points=4, left=6)
    assert read(limits) == {of_points: 8, of_purchases: 3}
    limits.give_back(limit_context, purchase_id, uuid.uuid4(), earning, points=6, left=0)
    assert read(limits) == {of_points: 2, of_purchases: 2}
    assert [movement.units for movement in limits.changes()[1]] == [10, 1, -4, -6, -1]
    assert {counter.allowed for counter in limits.changes()[0].values()} == {100, 5}


def test_what_gave_nothing_uses_nothing() -> None:
    rule = make.a_rule(limits=(limit(5),))
    limit_context = limit_context_of(make.PROGRAM, MEMBER, SALE)
    limits = tally_for(limit_context, rule, used=5)
    earnings = evaluate(rule_set(rule), SALE, {}, usage_of=lambda each: limits.usage_of(limit_context, each))
    limits.use(limit_context, Cause(purchase_id=uuid.uuid4()), earnings)
    assert limits.changes() == ({}, ())


def test_purchases_on_one_desk_see_what_those_before_them_used() -> None:
    rule = make.a_rule(limits=(limit(25),))
    limit_context = limit_context_of(make.PROGRAM, MEMBER, SALE)
    limits, found = tally_for(limit_context, rule), []
    for _ in range(4):
        earnings = evaluate(rule_set(rule), SALE, {}, usage_of=lambda each: limits.usage_of(limit_context, each))
        limits.use(limit_context, Cause(purchase_id=uuid.uuid4()), earnings)
        found.append(earnings[0].points)
    assert found == [10, 10, 5, 0]
