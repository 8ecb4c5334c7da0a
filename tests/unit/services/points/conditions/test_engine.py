"""Conditions in CEL: what compiles, what is refused and where, and what they answer."""

from __future__ import annotations

import pytest

from kit.errors import Invalid
from services.points.conditions import CelConditions
from services.points.domain.earning.conditions import (
    ACTIVITY_FACTS,
    LENGTH_MAX,
    LINE_FACTS,
    PURCHASE_FACTS,
    activity_facts,
    line_facts,
    purchase_facts,
)
from services.points.domain.earning.earners import Earner
from services.points.domain.earning.terms import Trigger
from services.points.domain.sales.sale import Tender, TenderKind
from tests.factories import points as make

CONDITIONS = CelConditions()
SALE = make.a_sale(
    make.a_line(1000, quantity=2, category="tea"),
    tenders=(Tender(TenderKind.CASH, 900), Tender(TenderKind.POINTS, 100)),
)
EARNER = Earner("active", "gold", ("old", "vip"), {"city": "Lahore"})
PURCHASE = purchase_facts(SALE, 1000, 900, make.NOON, EARNER)
LINE = line_facts(SALE.lines[0], 1000, 2000)
FACTS = PURCHASE | LINE


ACTIVITY = activity_facts(make.an_activity_report(attributes={"table": "7"}), make.NOON, EARNER)


def holds(condition: str) -> bool | None:
    """The answer for one line, which is the same among many."""
    prepared = CONDITIONS.prepare(PURCHASE, [LINE] * 5)
    [alone] = CONDITIONS.holds_for(condition, prepared, [0])
    together = CONDITIONS.holds_for(condition, prepared, range(5))
    assert together == [alone] * 5
    return alone


def happened(condition: str) -> bool | None:
    """The answer for the activity."""
    return CONDITIONS.holds(condition, CONDITIONS.prepare(ACTIVITY, ()))


def refusal(condition: str, trigger: Trigger = Trigger.LINE) -> str:
    with pytest.raises(Invalid) as refused:
        CONDITIONS.expect_valid(make.terms(condition=condition, trigger=trigger))
    assert refused.value.field == "terms.condition"
    return str(refused.value)


def test_every_fact_can_be_asked_for() -> None:
    assert set(FACTS) == {*PURCHASE_FACTS, *LINE_FACTS}
    assert all(isinstance(FACTS[name], kind) for name, kind in {**PURCHASE_FACTS, **LINE_FACTS}.items())
    for name, kind in {**PURCHASE_FACTS, **LINE_FACTS}.items():
        condition = f"size({name}) > 0" if kind in (list, dict) else f"{name} == {FACTS[name]!r}"
        CONDITIONS.expect_valid(make.terms(condition=condition, trigger=Trigger.LINE))
        assert holds(condition) is True


def test_every_fact_of_an_activity_can_be_asked_for() -> None:
    assert set(ACTIVITY) == set(ACTIVITY_FACTS)
    for name, kind in ACTIVITY_FACTS.items():
        assert isinstance(ACTIVITY[name], kind)
        condition = f"{name} == {ACTIVITY[name]!r}"
        CONDITIONS.expect_valid(make.terms(**make.activity_terms(condition=condition)))
        assert happened(condition) is True


@pytest.mark.parametrize("trigger", Trigger)
def test_a_rule_asks_of_what_triggers_it_alone(trigger: Trigger) -> None:
    activity, purchase = "activity.kind == 'visit'", "purchase.hour == 1"
    wrong, right = (purchase, activity) if trigger.is_activity else (activity, purchase)
    assert "undeclared reference" in refusal(wrong, trigger)
    of_member = "member.tier == 'gold' && member.status != '' && 'vip' in member.segments && 'a' in member.attributes"
    for condition in (right, of_member):
        CONDITIONS.expect_valid(make.terms(condition=condition, trigger=trigger))
    # Saved anyway, it comes to no answer.
    assert (happened(wrong) if trigger.is_activity else holds(wrong)) is None


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ("purchase.total_minor >= 1000 && purchase.weekday == 1", True),
        ("purchase.hour < 12", False),
        ("'points' in purchase.tenders", True),
        ("purchase.tenders.exists(kind, kind == 'voucher')", False),
        ("line.category in ['tea', 'coffee'] || line.sku.startsWith('TEA-')", True),
        ("line.quantity_milli / 7000 > 0", False),  # whole numbers are divided without a rest
        ("member.status == 'earn_only'", False),
        ("member.tier == 'gold'", True),
        ("'vip' in member.segments", True),
        ("'new' in member.segments || size(member.segments) > 2", False),
        ("member.segments.exists(each, each.startsWith('v'))", True),
        ("member.attributes['city'] == 'Lahore' && member.attributes.city != ''", True),
        ("'town' in member.attributes && member.attributes.town == 'Lahore'", False),
        ("has(member.attributes.town)", False),
        ("'vip' in member.segments && 'points' in purchase.tenders && line.category == 'tea'", True),
    ],
)
def test_a_condition_holds_or_does_not(condition: str, answer: bool) -> None:
    CONDITIONS.expect_valid(make.terms(condition=condition, trigger=Trigger.LINE))
    assert holds(condition) is answer


@pytest.mark.parametrize(
    "condition",
    [
        "member.attributes['town'] == 'Lahore'",
        "member.attributes.town != 'Lahore'",
        "line.amount_minor / (purchase.hour - 12) > 1",
        "line.amount_minor * 9223372036854775807 > 0",
        "[1][line.quantity_milli] == 1",
        "int(line.sku) == 1",
        "dyn(line.sku)",
        "dyn('x') && true",
        "nonsense ==",
    ],
)
def test_an_error_is_no_answer(condition: str) -> None:
    assert holds(condition) is None


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("purchase.total_minor > 'a'", "line 1, column 22: found no matching overload"),
        ("purchase.totl > 1", "line 1, column 9: undeclared reference to 'purchase.totl'"),
        ("true && ", "line 1, column 9: Syntax error"),
        ("purchase.total_minor", "gives int, not bool"),
        ("dyn(true)", "gives dyn, not bool"),
        ("(" * 100 + "true" + ")" * 100, "nested too deeply"),
        ("[1].all(a, [1].all(b, a == b))", "may walk through at most 1 list"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_with_its_place(condition: str, problem: str) -> None:
    assert problem in refusal(condition)


def test_only_a_rule_that_lines_trigger_asks_of_lines() -> None:
    CONDITIONS.expect_valid(make.terms(condition="line.sku == 'TEA'", trigger=Trigger.LINE))
    assert "undeclared reference to 'line.sku'" in refusal("line.sku == 'TEA'", Trigger.PURCHASE)


def test_the_costliest_condition_that_is_allowed_stays_within_its_budget() -> None:
    items = ",".join("1" for _ in range((LENGTH_MAX - 30) // 2))
    condition = f"[{items}].all(one, one == 1)"
    assert len(condition) <= LENGTH_MAX
    CONDITIONS.expect_valid(make.terms(condition=condition))
    assert holds(condition) is True


def test_each_line_has_its_own_answer_and_its_own_error() -> None:
    lines = [line_facts(make.a_line(amount), amount, 1000) for amount in (100, 0, 300, 400)]
    prepared = CONDITIONS.prepare(PURCHASE, lines)
    assert CONDITIONS.holds_for("line.amount_minor > 100", prepared, [3, 0, 2]) == [True, False, True]
    condition = "1200 / line.amount_minor > 3 // an end\n"
    assert CONDITIONS.holds_for(condition, prepared, range(4)) == [True, None, True, False]
    assert CONDITIONS.holds_for(condition, prepared, [1, 2]) == [None, True]


def test_what_is_asked_of_the_purchase_does_not_see_lines() -> None:
    prepared = CONDITIONS.prepare(PURCHASE, [LINE])
    assert CONDITIONS.holds("purchase.total_minor == 1000", prepared) is True
    assert CONDITIONS.holds("line.amount_minor == 1000", prepared) is None
