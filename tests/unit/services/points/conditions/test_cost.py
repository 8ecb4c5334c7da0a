"""What conditions may cost: reckoned from their tree, never less than it is; and what is refused for it."""

from __future__ import annotations

from typing import Any

import cel_expr_python.cel as cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Invalid
from services.points.conditions.cost import ASK_STEPS, steps_of, walks_of
from services.points.conditions.engine import LINE_STEPS_MAX, STEPS_MAX, TOGETHER_MAX, CelConditions, Environments
from services.points.conditions.tree import read
from services.points.domain.earning.conditions import (
    ACTIVITY_FACTS,
    LENGTH_MAX,
    LINE_FACTS,
    MEMBER_FACTS,
    PURCHASE_FACTS,
    SIZES,
    Fact,
)
from services.points.domain.earning.terms import Trigger
from tests.factories import points as make

CONDITIONS, ENVIRONMENTS = CelConditions(), Environments()


def greatest(name: str, kind: type) -> Fact:
    """The longest that the fact may be."""
    if kind is int:
        return 10**12
    size = SIZES[name]
    if kind is str:
        return "s" * size.length
    assert size.item_length is not None
    if kind is list:
        return [f"{number:s>{size.item_length}}" for number in range(size.length)]
    return {f"{number:n>{size.name_length}}": "v" * size.item_length for number in range(size.length)}


GREATEST = {name: greatest(name, kind) for name, kind in {**PURCHASE_FACTS, **LINE_FACTS}.items()}
NUMBERS = "[" + ",".join("1" * 100) + "]"


def compiled(condition: str, trigger: Trigger = Trigger.LINE) -> cel.Expression:
    return ENVIRONMENTS.of(trigger).compile(condition)


def steps(condition: str, trigger: Trigger = Trigger.LINE) -> int:
    return steps_of(read(compiled(condition, trigger).serialize()))


def refusal(condition: str, trigger: Trigger = Trigger.LINE) -> str:
    assert len(condition) <= LENGTH_MAX
    more: dict[str, Any] = {"trigger": trigger}
    with pytest.raises(Invalid) as refused:
        CONDITIONS.expect_valid(make.terms(condition=condition, **more))
    assert refused.value.field == "terms.condition"
    return str(refused.value)


def test_every_fact_that_is_no_number_has_a_size() -> None:
    facts = {**MEMBER_FACTS, **PURCHASE_FACTS, **LINE_FACTS, **ACTIVITY_FACTS}
    assert set(SIZES) == {name for name, kind in facts.items() if kind is not int}
    assert all((SIZES[name].item_length is None) == (facts[name] is str) for name in SIZES)
    assert all((SIZES[name].name_length is not None) == (facts[name] is dict) for name in SIZES)


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("member.segments.exists(s, s.matches('(.{1,500}){1,2}b'))", "repeats too much"),
        ("line.sku.matches(line.brand)", "does not stand in it as a text"),
        ("matches(line.sku, 'a' + 'b')", "does not stand in it as a text"),
        ("member.segments.exists(s, line.sku.matches(s))", "does not stand in it as a text"),
        ("['(.{1,500}){1,2}b'].exists(p, line.sku.matches(p))", "does not stand in it as a text"),
        ("line.sku.matches(purchase.hour > 1 ? 'a' : 'b')", "does not stand in it as a text"),
        ("line.sku.matches('a)b')", "a bracket too many"),
        ("line.sku.matches('a(b')", "pattern that is not valid"),
        ("line.sku.matches('(a{30}){40}' )", "repeats too much"),
        ("line.sku.matches('[a')", "pattern that is not valid"),
        ("line.sku.matches('(?=a)')", "pattern that is not valid"),
        ("line.sku.matches('a**')", "pattern that is not valid"),
        ("[1].all(a, [1].all(b, a == b))", "may walk through at most 1 list"),
        ("[1].all(a, a == 1) && [1].all(b, b == 1)", "may walk through at most 1 list"),
        ("[1].all /* no */ (a, a == 1)", "Syntax error"),
        ("[1].all// a comment\n(a, [1].all// another\n(b, a == b))", "may walk through at most 1 list"),
        ("member.segments.exists(s, s.matches('^[a-z]{9}$'))", "may cost"),
        ("member.segments.map(s, member.segments) == [[]]", "may cost"),
        ("member.segments.filter(s, s in member.segments).size() == 1", "may cost"),
        (f"{NUMBERS}.map(n, [1]) == [[]]", "may cost"),
        ("member.attributes.all(k, member.attributes[k].contains(line.sku + line.sku))", "may cost"),
    ],
)
def test_what_may_freeze_a_process_is_refused(condition: str, problem: str) -> None:
    assert problem in refusal(condition)


@pytest.mark.parametrize("trigger", [Trigger.PURCHASE, Trigger.EVENT])
def test_what_is_asked_once_may_cost_more_and_not_anything(trigger: Trigger) -> None:
    more = make.activity_terms() if trigger.is_activity else {}
    once = "member.segments.exists(s, s.matches('^[a-z]{9}$'))"
    assert LINE_STEPS_MAX < steps(once, trigger) <= STEPS_MAX
    CONDITIONS.expect_valid(make.terms(**more, condition=once))
    assert "may cost" in refusal(f"{NUMBERS}.map(n, {NUMBERS}) == [[2]]", trigger)


@pytest.mark.parametrize(
    "condition",
    [
        "line.sku.matches('^SKU-[0-9]{4}$')",
        "line.category in ['tea', 'coffee'] || line.sku.startsWith('TEA-')",
        "member.segments.exists(each, each.startsWith('v'))",
        "'city' in member.attributes && member.attributes.city == 'Lahore'",
        "purchase.tenders.all(kind, kind in ['cash', 'payment_card'])",
        "line.brand.contains('all(exists(map(filter(')",
        "purchase.eligible_total_minor >= 5000 && member.tier != 'staff'",
    ],
)
def test_what_shops_ask_of_each_line_is_far_below_the_bound(condition: str) -> None:
    CONDITIONS.expect_valid(make.terms(condition=condition, trigger=Trigger.LINE))
    assert ASK_STEPS < steps(condition) < LINE_STEPS_MAX / 2


def test_a_stored_condition_that_would_not_be_saved_today_is_not_run() -> None:
    condition = "member.segments.exists(s, s.matches('(.{1,500}){1,2}b'))"
    prepared = CONDITIONS.prepare(GREATEST, [GREATEST] * 5)
    assert CONDITIONS.holds(condition, prepared) is None
    assert CONDITIONS.holds_for(condition, prepared, range(5)) == [None] * 5
    of_purchases = "member.segments.exists(s, s.matches('^[a-z]{9}$'))"
    assert CONDITIONS.holds(of_purchases, prepared) is False
    assert CONDITIONS.holds_for(of_purchases, prepared, [0]) == [None]
    for each in (condition, of_purchases):
        assert CONDITIONS.steps(each, Trigger.LINE) == ASK_STEPS


def test_many_lines_are_asked_in_shares_with_the_answers_of_each() -> None:
    lines = [{**GREATEST, "line.amount_minor": amount} for amount in range(TOGETHER_MAX * 3 + 1)]
    prepared = CONDITIONS.prepare(GREATEST, lines)
    wanted = [*range(0, len(lines), 3), 1]
    assert CONDITIONS.holds_for("line.amount_minor % 2 == 0", prepared, wanted) == [each % 2 == 0 for each in wanted]
    # An error of one leaves the others of its share their answers.
    answers = CONDITIONS.holds_for("100 / line.amount_minor > 0", prepared, range(len(lines)))
    assert answers == [None, *(100 // amount > 0 for amount in range(1, len(lines)))]


# ---- any condition

TEXTS = st.sampled_from([name for name, kind in {**PURCHASE_FACTS, **LINE_FACTS}.items() if kind is str] + ["'tea'"])
ATOMS = st.sampled_from(["purchase.hour > 3", "true", "member.tier == 'gold'"])


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Conditions made of smaller ones, and of texts, lists and patterns."""
    lists = st.sampled_from(["member.segments", "purchase.tenders", NUMBERS, "member.segments.map(s, s + s)"])
    maps = st.sampled_from(["member.attributes"])
    binary = st.sampled_from(["&&", "||"])
    longer = st.lists(TEXTS, min_size=1, max_size=8).map(" + ".join)
    pattern = st.sampled_from(["a{20}", "^s+$", "(a|b|s)*x", ".*s.*s.*s", "[^a]{40}", "s{90}", "(s|ss)+$"])
    return st.one_of(
        st.tuples(inner, binary, inner).map(lambda each: f"({each[0]} {each[1]} {each[2]})"),
        inner.map(lambda each: f"!({each})"),
        st.tuples(longer, longer).map(lambda each: f"{each[0]} == {each[1]}"),
        st.tuples(longer, longer).map(lambda each: f"({each[0]}).contains({each[1]})"),
        st.tuples(longer, pattern).map(lambda each: f"({each[0]}).matches('{each[1]}')"),
        st.tuples(lists, inner).map(lambda each: f"{each[0]}.all(one, {each[1]})"),
        st.tuples(lists, lists).map(lambda each: f"{each[0]}.filter(one, one in {each[1]}).size() > 1"),
        st.tuples(lists, lists).map(lambda each: f"{each[0]}.map(one, {each[1]}).size() > 1"),
        st.tuples(maps, inner).map(lambda each: f"{each[0]}.all(name, {each[0]}[name] != '' && {each[1]})"),
    )


SOME_CONDITIONS = st.recursive(ATOMS, grown, max_leaves=4)


@given(SOME_CONDITIONS)
def test_any_condition_is_refused_or_has_a_cost_within_the_bound(condition: str) -> None:
    try:
        CONDITIONS.expect_valid(make.terms(condition=condition[:LENGTH_MAX], trigger=Trigger.LINE))
    except Invalid:
        return
    assert ASK_STEPS < CONDITIONS.steps(condition[:LENGTH_MAX], Trigger.LINE) <= LINE_STEPS_MAX


@given(SOME_CONDITIONS, ATOMS)
def test_a_condition_costs_more_than_its_parts(condition: str, other: str) -> None:
    try:
        part, whole = compiled(condition), compiled(f"({condition}) && ({other})")
    except RuntimeError:
        return
    assert steps_of(read(whole.serialize())) > steps_of(read(part.serialize()))
    assert walks_of(read(whole.serialize())) == walks_of(read(part.serialize()))
