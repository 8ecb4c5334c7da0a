"""A program's rules as a document: what stands in it, and how two differ."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.points.domain.earning.expiry import Expiry, ExpiryDate, ExpiryKind, TierExpiry
from services.points.domain.earning.rules import EarningRule, RuleState, activate, call_off
from services.points.domain.earning.terms import Effect, Factor, ValidHours
from services.points.domain.program.documents import (
    FieldChange,
    RuleChange,
    RuleChangeKind,
    RuleDefinition,
    compare,
    present,
)
from services.points.domain.sales.sale import TenderKind
from tests.factories import points as make

NOW = make.NOON
DAY = timedelta(days=1)


def said(key: str = "base", **terms: object) -> RuleDefinition:
    return RuleDefinition(key, make.terms(**terms))


def test_the_same_rules_in_another_order_do_not_differ() -> None:
    one, other = said("a", excluded_skus=("X", "Y")), said("b")
    assert compare([one, other], [other, said("a", excluded_skus=("Y", "X"))]) == ()


def test_what_differs_is_told_rule_by_rule_and_field_by_field() -> None:
    before = [said("kept"), said("gone"), said("changed")]
    after = [said("new"), said("kept"), said("changed", points=2, name="چائے", ends_at=NOW)]
    assert compare(before, after) == (
        RuleChange(
            "changed",
            RuleChangeKind.CHANGED,
            (
                FieldChange("name", '"Everyday"', '"چائے"'),
                FieldChange("points", "1", "2"),
                FieldChange("ends_at", "null", f'"{NOW:%Y-%m-%dT%H:%M:%S}Z"'),
            ),
        ),
        RuleChange("gone", RuleChangeKind.REMOVED),
        RuleChange("new", RuleChangeKind.ADDED),
    )


def test_whatever_a_rule_says_can_be_told() -> None:
    rich: dict[str, Any] = {
        "effect": Effect.MULTIPLIER,
        "factor": Factor(3, 2),
        "valid_hours": (ValidHours((1, 5), 60, 120),),
        "excluded_tenders": (TenderKind.POINTS, TenderKind.GIFT_CARD),
    }
    (change,) = compare([said()], [said(**rich)])
    assert {field.field: field.after for field in change.fields} == {
        "effect": '"multiplier"',
        "factor": '{"denominator": 2, "numerator": 3}',
        "valid_hours": '[{"from_minute": 60, "until_minute": 120, "weekdays": [1, 5]}]',
        "excluded_tenders": '["gift_card", "points"]',
        "all_tenders_earn": "false",
    }


def test_dates_and_tenders_are_told_as_a_document_has_them() -> None:
    dates = (ExpiryDate(3, 31), ExpiryDate(12, 31, 2027))
    before = said(excluded_tenders=(TenderKind.POINTS,))
    after = said(
        expiry=Expiry(ExpiryKind.DATES, dates=dates),
        expiry_by_tier=(TierExpiry("gold", Expiry(ExpiryKind.DATES, dates=dates[:1])),),
    )
    (change,) = compare([before], [after])
    found = {field.field: (json.loads(field.before), json.loads(field.after)) for field in change.fields}
    assert found["all_tenders_earn"] == (False, True)
    assert found["excluded_tenders"] == (["points"], [])
    assert found["expiry"][1]["dates"] == ["03-31", "2027-12-31"]
    assert found["expiry_by_tier"][1][0]["expiry"]["dates"] == ["03-31"]


DOCUMENTS = st.dictionaries(st.sampled_from("abc"), st.integers(1, 3)).map(
    lambda rules: [said(key, points=points) for key, points in rules.items()]
)


@given(DOCUMENTS, DOCUMENTS)
def test_there_and_back_are_each_others_opposite(one: list[RuleDefinition], other: list[RuleDefinition]) -> None:
    opposite = {
        RuleChangeKind.ADDED: RuleChangeKind.REMOVED,
        RuleChangeKind.REMOVED: RuleChangeKind.ADDED,
        RuleChangeKind.CHANGED: RuleChangeKind.CHANGED,
    }
    there, back = compare(one, other), compare(other, one)
    assert [(change.key, opposite[change.kind]) for change in there] == [(each.key, each.kind) for each in back]
    assert [[(field.after, field.before) for field in change.fields] for change in there] == [
        [(field.before, field.after) for field in change.fields] for change in back
    ]
    assert compare(one, one) == ()
    assert {rule.key for rule in one} ^ {rule.key for rule in other} == {
        change.key for change in there if change.kind is not RuleChangeKind.CHANGED
    }


# ---- what a program's rules say


def version(number: int, like: EarningRule, **terms: object) -> EarningRule:
    return EarningRule(like.rule_id, like.program_id, number, RuleState.DRAFT, make.terms(**terms), NOW, key=like.key)


def told(*versions: EarningRule, drafts: bool = False) -> list[tuple[str, int]]:
    return [(rule.key, rule.version) for rule in present(versions, NOW, drafts=drafts)]


def test_a_rule_is_told_as_it_will_be_and_a_draft_only_if_asked_for() -> None:
    first = replace(make.a_rule(), key="base")
    second, waiting = activate(version(2, first, starts_at=NOW + DAY), [first], NOW)
    third = version(3, first)
    assert told(waiting, second, third) == [("base", 2)]
    assert told(third, waiting, second, drafts=True) == [("base", 3)]
    assert told(version(1, first)) == []


def test_what_was_called_off_gives_way_to_what_earns_on() -> None:
    first = replace(make.a_rule(), key="base")
    second, waiting = activate(version(2, first, starts_at=NOW + DAY), [first], NOW)
    assert told(*call_off(second, [second, waiting], NOW), drafts=True) == [("base", 1)]


def test_a_rule_that_has_ended_is_not_told() -> None:
    assert told(replace(make.a_rule(ends_at=NOW), key="over"), drafts=True) == []
