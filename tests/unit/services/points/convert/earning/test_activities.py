"""Activities on the wire, and what a rule may say that one triggers: what is refused, and by which path."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.points.v1 import earning_pb2, explanations_pb2, program_pb2, tenders_pb2, terms_pb2

from services.points.conditions import CelConditions
from services.points.convert.earning import activities as convert
from services.points.convert.earning import rules
from services.points.convert.earning.terms import terms_of, to_terms
from services.points.convert.program import rehearsals
from services.points.domain.earning.activities import Activity, ActivityAnswer, ActivityKind
from services.points.domain.earning.activity_evaluation import assess_activity
from services.points.domain.earning.earners import Earner
from services.points.domain.earning.evaluation import untouched
from services.points.domain.earning.rule_sets import RuleSet
from services.points.domain.earning.terms import Effect, Trigger
from tests.factories import points as make
from tests.unit.services.points import requests
from tests.unit.services.points.convert.refusals import (
    NOT_A_KEY,
    NOT_A_LINE,
    NOT_A_UUID,
    cases,
    changed,
    expect_refused,
    length,
)

NOT_A_NAME = ["", "App", "-a", "a b", "é", "a" * 64]
ACTIVITY: dict[str, list[Any]] = {
    "program_id": NOT_A_UUID,
    "request_id": NOT_A_KEY,
    "member_id": NOT_A_UUID,
    "kind": [0, 99],
    "name": NOT_A_NAME,
    "source": [*NOT_A_LINE, *length(50)],
    "activity_key": [*NOT_A_LINE, *length(100)],
    "store_id": length(100, least=0),
    "cashier_id": length(100, least=0),
}
ONCE = [earning_pb2.ACTIVITY_KIND_ENROLMENT, earning_pb2.ACTIVITY_KIND_BIRTHDAY]
TRIGGERS = [number for number in terms_pb2.EarningTrigger.values() if number > terms_pb2.EARNING_TRIGGER_LINE]


@pytest.mark.parametrize(("path", "value"), cases(ACTIVITY))
def test_an_activity_names_what_is_wrong(path: str, value: Any) -> None:
    expect_refused(convert.record_activity, changed(requests.record_activity(), path, value), path)


def test_every_field_of_an_activity_has_bounds() -> None:
    fields = {field.name for field in earning_pb2.RecordActivityRequest.DESCRIPTOR.fields}
    assert fields == ACTIVITY.keys() | {"occurred_at", "attributes"}


def test_an_instant_must_be_told_and_within_all_calendars() -> None:
    absent = requests.record_activity()
    absent.ClearField("occurred_at")
    expect_refused(convert.record_activity, absent, "occurred_at")
    beyond = requests.record_activity(occurred_at=Timestamp(seconds=253_402_300_800))
    expect_refused(convert.record_activity, beyond, "occurred_at")


@pytest.mark.parametrize(
    ("attributes", "field"),
    [
        ({f"n{number}": "" for number in range(21)}, "attributes"),
        ({"": "x"}, "attributes"),
        ({"n" * 51: "x"}, "attributes"),
        ({"a\nb": "x"}, "attributes"),
        ({"size": "x" * 201}, "attributes[size]"),
        ({"size": "a\0b"}, "attributes[size]"),
    ],
)
def test_attributes_have_bounds(attributes: dict[str, str], field: str) -> None:
    expect_refused(convert.record_activity, requests.record_activity(attributes=attributes), field)


def test_twenty_attributes_are_enough_and_may_be_empty() -> None:
    told = {f"n{number:02}": "x" * 200 * (number % 2) for number in range(20)}
    assert convert.record_activity(requests.record_activity(attributes=told)).report.attributes == told


@pytest.mark.parametrize(
    "kind", [number for number in earning_pb2.ActivityKind.values() if number > earning_pb2.ACTIVITY_KIND_EVENT]
)
def test_only_an_event_has_a_name(kind: earning_pb2.ActivityKind.ValueType) -> None:
    expect_refused(convert.record_activity, requests.record_activity(kind=kind), "name")


@pytest.mark.parametrize("kind", ONCE)
def test_what_happens_once_needs_no_key(kind: earning_pb2.ActivityKind.ValueType) -> None:
    told = requests.record_activity(kind=kind, name="", activity_key="")
    assert convert.record_activity(told).report.activity_key == ""


def test_a_referral_has_a_role_and_another_member() -> None:
    def referral(**attributes: str) -> earning_pb2.RecordActivityRequest:
        return requests.record_activity(
            member_id="2d9f7a52-54a5-4e35-8b9c-1f2a3b4c5d6e",
            kind=earning_pb2.ACTIVITY_KIND_REFERRAL,
            name="",
            attributes=attributes,
        )

    for role in convert.ROLES:
        assert convert.record_activity(referral(role=role)).report.attributes == {"role": role}
    for wrong in ({}, {"role": "stranger"}):
        expect_refused(convert.record_activity, referral(**wrong), "attributes[role]")
    for other in ("x", "", "2d9f7a52-54a5-4e35-8b9c-1f2a3b4c5d6e"):
        request = referral(role="friend", counterpart_member_id=other)
        expect_refused(convert.record_activity, request, "attributes[counterpart_member_id]")
    known = referral(role="friend", counterpart_member_id=requests.new_id())
    assert "counterpart_member_id" in convert.record_activity(known).report.attributes


@pytest.mark.parametrize("path", ["program_id", "activity_id"])
@pytest.mark.parametrize("value", NOT_A_UUID)
def test_an_activity_is_read_by_its_id(path: str, value: str) -> None:
    expect_refused(convert.get_activity, changed(requests.get_activity(), path, value), path)


def test_an_activity_is_told_as_it_was_recorded() -> None:
    command = convert.record_activity(requests.record_activity())
    rule = make.a_rule(**make.activity_terms(ActivityKind.EVENT))
    earner = Earner("active", "gold", ("old", "vip"), {"city": "Lahore"})
    earnings = assess_activity(RuleSet((rule,), CelConditions()), command.report, earner).earnings(untouched)
    activity = Activity(make.PROGRAM, command.program_id, command.member_id, command.report, earnings, make.NOON)
    told = convert.record_activity_response(ActivityAnswer(activity, None)).activity
    again = requests.record_activity(
        str(command.member_id),
        kind=told.kind,
        name=told.name,
        occurred_at=told.occurred_at,
        source=told.source,
        activity_key=told.activity_key,
        store_id=told.store_id,
        cashier_id=told.cashier_id,
        attributes=dict(told.attributes),
    )
    assert convert.record_activity(again).report == command.report
    assert told.earner == explanations_pb2.Earner(
        status="active", tier="gold", segments=["old", "vip"], attributes={"city": "Lahore"}
    )
    (earning,) = told.earnings
    assert (told.points_earned, earning.points) == (50, 50)
    assert (earning.explanation.trigger, earning.explanation.activity_name) == (
        terms_pb2.EARNING_TRIGGER_EVENT,
        "app-installed",
    )


# ---- rules


def refused_by(field: str, **changes: Any) -> None:
    request = requests.create_earning_rule(requests.terms(**requests.activity_terms(**changes)))
    expect_refused(rules.create_earning_rule, request, f"terms.{field}")


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_rule_that_an_activity_triggers_says_the_same_when_it_is_sent_back(
    trigger: terms_pb2.EarningTrigger.ValueType,
) -> None:
    limit = terms_pb2.EarningLimit(scope=terms_pb2.LIMIT_SCOPE_MEMBER, span=terms_pb2.LIMIT_SPAN_DAY, at_most=5)
    terms = terms_of(requests.terms(**requests.activity_terms(trigger, limits=[limit], stacking_group="visits")))
    assert (terms.effect, terms.currency, terms.excluded_tenders) == (Effect.FIXED, "", ())
    assert terms.trigger.is_activity
    assert bool(terms.activity_name) == (terms.trigger is Trigger.EVENT)
    assert terms_of(to_terms(terms)) == terms


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("effect", 0),
        *(
            ("effect", effect)
            for effect in terms_pb2.EarningEffect.values()
            if effect != terms_pb2.EARNING_EFFECT_FIXED
        ),
        ("per_amount_minor", 100),
        ("currency", "GBP"),
        ("excluded_skus", ["A"]),
        ("excluded_categories", ["A"]),
        ("excluded_brands", ["A"]),
        ("included_skus", ["A"]),
        ("included_categories", ["A"]),
        ("included_brands", ["A"]),
        ("excluded_tenders", [tenders_pb2.TENDER_KIND_CASH]),
        ("exclude_tax", True),
        ("factor", terms_pb2.Factor(numerator=3, denominator=2)),
    ],
)
def test_nothing_of_goods_and_money_is_said_of_an_activity(
    trigger: terms_pb2.EarningTrigger.ValueType, field: str, value: Any
) -> None:
    bonus = value in (terms_pb2.EARNING_EFFECT_MULTIPLIER, terms_pb2.EARNING_EFFECT_ADDITION) and field == "effect"
    refused_by("trigger" if bonus else field, trigger=trigger, **{field: value})


@pytest.mark.parametrize("name", NOT_A_NAME)
def test_an_event_of_a_rule_has_a_name(name: str) -> None:
    refused_by("activity_name", trigger=terms_pb2.EARNING_TRIGGER_EVENT, activity_name=name)


@pytest.mark.parametrize("trigger", [number for number in TRIGGERS if number != terms_pb2.EARNING_TRIGGER_EVENT])
def test_only_an_event_of_a_rule_has_a_name(trigger: terms_pb2.EarningTrigger.ValueType) -> None:
    refused_by("activity_name", trigger=trigger, activity_name="app-installed")


def test_a_rule_of_purchases_names_no_event() -> None:
    request = requests.create_earning_rule(requests.terms(activity_name="app-installed"))
    expect_refused(rules.create_earning_rule, request, "terms.activity_name")


def test_a_limit_on_single_purchases_is_none_on_activities() -> None:
    limit = terms_pb2.EarningLimit(scope=terms_pb2.LIMIT_SCOPE_MEMBER, span=terms_pb2.LIMIT_SPAN_PURCHASE, at_most=5)
    refused_by("limits[0].span", limits=[limit])


def test_what_an_activity_triggers_is_not_rehearsed_on_purchases() -> None:
    definition = program_pb2.RuleDefinition(key="visits", terms=requests.terms(**requests.activity_terms()))
    base = program_pb2.RuleDefinition(key="base", terms=requests.terms())
    request = requests.rehearse_earning_rules()
    del request.rules[:]
    request.rules.extend([base, definition])
    expect_refused(rehearsals.rehearse_earning_rules, request, "rules[1].terms.trigger")


def test_two_ways_of_writing_an_attribute_are_refused_and_not_one_of_them_taken() -> None:
    request = requests.record_activity()
    request.attributes.update({"Café": "a", "Cafe\u0301": "b"})
    expect_refused(convert.record_activity, request, "attributes[Café]")
