"""Earning rules and policies on the wire: what is refused, by which path, and what comes through unchanged."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from loyalty.points.v1 import earning_pb2, explanations_pb2, program_pb2, tenders_pb2, terms_pb2

from kit.convert import timestamp_of
from kit.errors import Invalid
from kit.page import Page
from services.points.convert.common import EXPIRY_DAYS_MAX, VERSION_MAX
from services.points.convert.earning import rules as convert
from services.points.convert.earning.earnings import to_earning
from services.points.convert.earning.limits import AT_MOST_MAX
from services.points.convert.earning.terms import (
    GROUP_LENGTH_MAX,
    PENDING_DAYS_MAX,
    PRIORITY_MAX,
    RATE_MONEY_MINOR_MAX,
    RATE_POINTS_MAX,
    SELECTED_MAX,
    to_terms,
)
from services.points.convert.program import policy
from services.points.domain.earning.evaluation import evaluate
from services.points.domain.earning.rule_sets import rule_set
from services.points.domain.earning.rules import EarningRule, RuleState
from services.points.domain.earning.sentences import earning_sentence
from services.points.domain.earning.terms import Accrual, EarningTerms, Effect, LineVerdict, Rounding, Trigger
from services.points.domain.program.policy import ProgramPolicy, Shortfall
from services.points.domain.sales.sale import TenderKind
from tests.factories import points as make
from tests.factories.texts import NAMES
from tests.fixtures.pages import with_token
from tests.unit.services.points import requests
from tests.unit.services.points.convert.refusals import (
    NOT_A_CURRENCY,
    NOT_A_KEY,
    NOT_A_LINE,
    NOT_A_UUID,
    cases,
    changed,
    expect_refused,
    length,
    outside,
)

KEYED: dict[str, list[Any]] = {"program_id": NOT_A_UUID, "request_id": NOT_A_KEY}
WIDE = {
    "included_skus": ["TEA"],
    "included_categories": ["tea"],
    "included_brands": ["Vital"],
    "excluded_brands": ["Acme"],
    "exclude_tax": True,
    "excluded_tenders": [tenders_pb2.TENDER_KIND_VOUCHER],
    "valid_hours": [terms_pb2.ValidHours(weekdays=[5], from_minute=540, until_minute=1_020)],
    "limits": [terms_pb2.EarningLimit(scope=terms_pb2.LIMIT_SCOPE_STORE, span=terms_pb2.LIMIT_SPAN_DAY, at_most=5)],
}


def wide_creation() -> earning_pb2.CreateEarningRuleRequest:
    return requests.create_earning_rule(requests.terms(**WIDE))


def wide_revision() -> earning_pb2.ReviseEarningRuleRequest:
    request = requests.revise_earning_rule()
    request.terms.CopyFrom(requests.terms(**WIDE))
    return request


OF_A_RULE: dict[str, list[Any]] = {**KEYED, "rule_id": NOT_A_UUID}
TERMS: dict[str, list[Any]] = {
    "terms.name": [*NOT_A_LINE, *length(100)],
    "terms.points": outside(1, RATE_POINTS_MAX),
    "terms.per_amount_minor": outside(1, RATE_MONEY_MINOR_MAX),
    "terms.currency": NOT_A_CURRENCY,
    "terms.excluded_skus[0]": [*NOT_A_LINE, *length(100)],
    "terms.excluded_categories[0]": [*NOT_A_LINE, *length(100)],
    "terms.rounding": [99],
    "terms.accrual": [99],
    "terms.pending_days": outside(0, PENDING_DAYS_MAX),
    "terms.expiry_days": outside(0, EXPIRY_DAYS_MAX),
    "terms.wallet": ["   ", *length(50, least=0)],
    "terms.effect": [99],
    "terms.valid_hours[0].weekdays[0]": outside(1, 7),
    "terms.valid_hours[0].from_minute": outside(0, 1_439),
    "terms.valid_hours[0].until_minute": outside(1, 1_440),
    "terms.trigger": [99],
    "terms.condition": length(500, least=0),
    "terms.time_zone": ["Mars/Olympus", "utc+5"],
    "terms.included_skus[0]": [*NOT_A_LINE, *length(100)],
    "terms.included_categories[0]": [*NOT_A_LINE, *length(100)],
    "terms.included_brands[0]": [*NOT_A_LINE, *length(100)],
    "terms.excluded_brands[0]": [*NOT_A_LINE, *length(100)],
    "terms.excluded_tenders[0]": [99],
    "terms.stacking_group": length(GROUP_LENGTH_MAX, least=0),
    "terms.priority": outside(0, PRIORITY_MAX),
    "terms.limits[0].scope": [0, 99],
    "terms.limits[0].span": [0, 99],
    "terms.limits[0].unit": [99],
    "terms.limits[0].at_most": outside(1, AT_MOST_MAX),
    "terms.limit_policy": [99],
}

REQUESTS: dict[str, tuple[Callable[[Any], object], Callable[[], Message], dict[str, list[Any]]]] = {
    "CreateEarningRule": (
        convert.create_earning_rule,
        wide_creation,
        {**KEYED, "key": ["A", "-a", "a b", "a" * 64, "é"], **TERMS},
    ),
    "ReviseEarningRule": (
        convert.revise_earning_rule,
        wide_revision,
        {**OF_A_RULE, "expected_version": outside(0, VERSION_MAX), **TERMS},
    ),
    "ActivateEarningRule": (
        convert.activate_earning_rule,
        requests.activate_earning_rule,
        {**OF_A_RULE, "version": outside(0, VERSION_MAX)},
    ),
    "CallOffEarningRule": (
        convert.call_off_earning_rule,
        requests.call_off_earning_rule,
        {**OF_A_RULE, "version": outside(0, VERSION_MAX)},
    ),
    "EndEarningRule": (convert.end_earning_rule, requests.end_earning_rule, OF_A_RULE),
    "GetEarningRule": (
        convert.get_earning_rule,
        requests.get_earning_rule,
        {"program_id": NOT_A_UUID, "rule_id": NOT_A_UUID},
    ),
    "ListEarningRules": (
        convert.list_earning_rules,
        requests.list_earning_rules,
        {"program_id": NOT_A_UUID, "page_size": outside(0, 200), "page_token": ["x", "ü"]},
    ),
    "GetProgramPolicy": (policy.get_program_policy, requests.get_program_policy, {"program_id": NOT_A_UUID}),
    "SetProgramPolicy": (
        policy.set_program_policy,
        lambda: requests.set_program_policy(unspendable_wallets=["stars"]),
        {
            **KEYED,
            "policy.shortfall": [0, 99],
            "policy.unspendable_wallets[0]": [*NOT_A_LINE, *length(50)],
            "expected_version": outside(0, VERSION_MAX),
        },
    ),
}


@pytest.mark.parametrize(
    ("rpc", "path", "value"),
    [
        pytest.param(rpc, *case.values, id=f"{rpc}-{case.id}")
        for rpc, (_, _, bounds) in REQUESTS.items()
        for case in cases(bounds)
    ],
)
def test_a_request_names_what_is_wrong(rpc: str, path: str, value: Any) -> None:
    read, request, _ = REQUESTS[rpc]
    expect_refused(read, changed(request(), path, value), path)


@pytest.mark.parametrize("rpc", REQUESTS)
def test_every_field_of_a_request_has_bounds(rpc: str) -> None:
    _, request, bounds = REQUESTS[rpc]
    assert {field.name for field in request().DESCRIPTOR.fields} == {path.partition(".")[0] for path in bounds}


# What has tests of its own, and what takes either of its values.
UNBOUNDED = {
    "starts_at",
    "ends_at",
    "factor",
    "all_tenders_earn",
    "exclusive",
    "exclude_tax",
    "expiry",
    "expiry_by_tier",
    "qualifying",
    "activity_name",
}


def test_every_field_of_the_terms_has_bounds() -> None:
    bounded = {path.removeprefix("terms.").partition("[")[0] for path in TERMS}
    assert {field.name for field in terms_pb2.EarningTerms.DESCRIPTOR.fields} == bounded | UNBOUNDED


@pytest.mark.parametrize("field", ["starts_at", "ends_at"])
def test_an_instant_beyond_all_calendars_is_named(field: str) -> None:
    request = requests.create_earning_rule(requests.terms(**{field: Timestamp(seconds=253_402_300_800)}))
    expect_refused(convert.create_earning_rule, request, f"terms.{field}")


@pytest.mark.parametrize("days", [0, -1])
def test_a_rule_ends_after_it_starts(days: int) -> None:
    ends_at = timestamp_of(requests.BEGINNING + timedelta(days=days))
    expect_refused(
        convert.create_earning_rule, requests.create_earning_rule(requests.terms(ends_at=ends_at)), "terms.ends_at"
    )


@pytest.mark.parametrize("field", ["excluded_skus", "excluded_categories", "included_brands"])
def test_a_thousand_exceptions_are_enough(field: str) -> None:
    names = [f"N{number}" for number in range(SELECTED_MAX)]
    read = convert.create_earning_rule(requests.create_earning_rule(requests.terms(**{field: names})))
    assert getattr(read.terms, field) == tuple(names)
    request = requests.create_earning_rule(requests.terms(**{field: [*names, "one more"]}))
    expect_refused(convert.create_earning_rule, request, f"terms.{field}")


@pytest.mark.parametrize(
    "token", [["Everyday"], ["Everyday", "1"], ["a\0b", str(make.PROGRAM)], ["", str(make.PROGRAM)]], ids=str
)
def test_a_page_token_that_the_list_did_not_give_is_refused(token: list[str]) -> None:
    expect_refused(convert.list_earning_rules, with_token(requests.list_earning_rules(), *token), "page_token")


def test_what_is_not_said_has_a_default() -> None:
    terms = requests.terms(rounding=0)
    terms.ClearField("starts_at")
    read = convert.create_earning_rule(requests.create_earning_rule(terms)).terms
    assert (read.rounding, read.wallet, read.starts_at, read.ends_at) == (Rounding.DOWN, "points", None, None)
    assert (read.pending_days, read.expiry_days) == (0, 0)


@pytest.mark.parametrize(
    ("effect", "accrual"),
    [
        (terms_pb2.EARNING_EFFECT_PER_AMOUNT, Accrual.WHOLE_STEPS),
        (terms_pb2.EARNING_EFFECT_PER_UNIT, Accrual.PROPORTIONAL),
    ],
)
def test_money_is_counted_in_whole_steps_and_goods_in_parts_unless_the_rule_says_otherwise(
    effect: terms_pb2.EarningEffect.ValueType, accrual: Accrual
) -> None:
    per_amount_minor = 100 if effect == terms_pb2.EARNING_EFFECT_PER_AMOUNT else 0
    terms = requests.terms(effect=effect, per_amount_minor=per_amount_minor)
    assert convert.create_earning_rule(requests.create_earning_rule(terms)).terms.accrual is accrual


@pytest.mark.parametrize("accrual", [terms_pb2.EARNING_ACCRUAL_WHOLE_STEPS, terms_pb2.EARNING_ACCRUAL_PROPORTIONAL])
def test_what_has_no_rate_has_no_parts(accrual: terms_pb2.EarningAccrual.ValueType) -> None:
    terms = requests.terms(effect=terms_pb2.EARNING_EFFECT_FIXED, per_amount_minor=0, accrual=accrual)
    expect_refused(convert.create_earning_rule, requests.create_earning_rule(terms), "terms.accrual")


# ---- there and back

INSTANT = st.datetimes(timezones=st.just(make.NOON.tzinfo)).map(timestamp_of)


LIMITS = st.builds(
    terms_pb2.EarningLimit,
    scope=st.sampled_from([number for number in terms_pb2.LimitScope.values() if number]),
    span=st.sampled_from(
        [number for number in terms_pb2.LimitSpan.values() if number not in (0, terms_pb2.LIMIT_SPAN_PURCHASE)]
    ),
    unit=st.sampled_from([terms_pb2.LIMIT_UNIT_POINTS, terms_pb2.LIMIT_UNIT_PURCHASES]),
    at_most=st.integers(1, AT_MOST_MAX),
)


@st.composite
def terms(draw: st.DrawFn) -> terms_pb2.EarningTerms:
    starts_at, ends_at = draw(st.none() | INSTANT), draw(st.none() | INSTANT)
    if starts_at is not None and ends_at is not None and ends_at.ToNanoseconds() <= starts_at.ToNanoseconds():
        ends_at = None
    return terms_pb2.EarningTerms(
        name=draw(NAMES),
        points=draw(st.integers(1, RATE_POINTS_MAX)),
        per_amount_minor=draw(st.integers(1, RATE_MONEY_MINOR_MAX)),
        currency=draw(st.sampled_from(["PKR", "GBP", "KWD"])),
        excluded_skus=draw(st.lists(NAMES, max_size=3)),
        excluded_categories=draw(st.lists(NAMES, max_size=3)),
        starts_at=starts_at,
        ends_at=ends_at,
        rounding=draw(st.sampled_from([number for number in terms_pb2.Rounding.values() if number])),
        accrual=draw(st.sampled_from([number for number in terms_pb2.EarningAccrual.values() if number])),
        pending_days=draw(st.integers(0, PENDING_DAYS_MAX)),
        expiry_days=draw(st.integers(0, EXPIRY_DAYS_MAX)),
        wallet=draw(NAMES),
        effect=terms_pb2.EARNING_EFFECT_PER_AMOUNT,
        trigger=draw(st.sampled_from([terms_pb2.EARNING_TRIGGER_PURCHASE, terms_pb2.EARNING_TRIGGER_LINE])),
        condition=draw(st.sampled_from(["", "purchase.hour == 3"])),
        time_zone=draw(st.sampled_from(["UTC", "Asia/Karachi"])),
        included_skus=draw(st.lists(NAMES, max_size=3)),
        included_categories=draw(st.lists(NAMES, max_size=3)),
        included_brands=draw(st.lists(NAMES, max_size=3)),
        excluded_brands=draw(st.lists(NAMES, max_size=3)),
        exclude_tax=draw(st.booleans()),
        all_tenders_earn=True,
        stacking_group=draw(st.just("") | NAMES),
        priority=draw(st.integers(0, PRIORITY_MAX)),
        exclusive=draw(st.booleans()),
        qualifying=draw(st.booleans()),
        limits=(limits := draw(st.lists(LIMITS, max_size=4, unique_by=lambda limit: limit.scope))),
        limit_policy=draw(
            st.sampled_from([terms_pb2.LIMIT_POLICY_CUT, terms_pb2.LIMIT_POLICY_REFUSE][: 1 + bool(limits)])
        ),
    )


@given(terms())
def test_terms_come_back_as_they_were_told(told: terms_pb2.EarningTerms) -> None:
    request = requests.revise_earning_rule()
    request.terms.CopyFrom(told)
    command = convert.revise_earning_rule(request)
    rule = EarningRule(command.rule_id, command.program_id, 1, RuleState.DRAFT, command.terms, make.NOON)
    assert convert.to_rule(rule).terms == told
    assert (str(command.rule_id), command.expected_version) == (request.rule_id, 0)


@pytest.mark.parametrize("state", RuleState)
@pytest.mark.parametrize(
    "respond",
    [
        convert.create_earning_rule_response,
        convert.revise_earning_rule_response,
        convert.activate_earning_rule_response,
        convert.call_off_earning_rule_response,
        convert.end_earning_rule_response,
    ],
)
def test_a_version_has_its_life(respond: Any, state: RuleState) -> None:
    draft = EarningRule(uuid.uuid4(), make.PROGRAM, 2, state, make.terms(), make.NOON)
    told = respond(draft).rule
    assert (told.rule_id, told.program_id, told.version) == (str(draft.rule_id), str(make.PROGRAM), 2)
    assert earning_pb2.EarningRuleState.Name(told.state) == f"EARNING_RULE_STATE_{state.name}"
    instants = ["activated_at", "ended_at", "effective_from", "effective_until"]
    assert not any(told.HasField(name) for name in instants)

    days = {name: make.NOON + timedelta(days=number) for number, name in enumerate(instants)}
    lived: Any = replace(draft, **days)  # type: ignore[arg-type]  # all four are instants
    told = respond(lived).rule
    assert {name: getattr(told, name) for name in instants} == {name: timestamp_of(at) for name, at in days.items()}
    assert told.created_at == timestamp_of(make.NOON)


def test_versions_and_pages_keep_their_order() -> None:
    rules = [make.a_rule(name=name) for name in ("Bread", "Apples")]
    assert [each.terms.name for each in convert.get_earning_rule_response(rules).versions] == ["Bread", "Apples"]
    page = convert.list_earning_rules_response(Page(tuple(rules), "next"))
    assert [each.terms.name for each in page.rules] == ["Bread", "Apples"]
    assert page.next_page_token == "next"


@pytest.mark.parametrize("shortfall", Shortfall)
def test_a_policy_comes_back_as_it_was_told(shortfall: Shortfall) -> None:
    number = program_pb2.ShortfallPolicy.Value(f"SHORTFALL_POLICY_{shortfall.name}")
    command = policy.set_program_policy(requests.set_program_policy(number))
    told = policy.set_program_policy_response(ProgramPolicy(command.program_id, command.shortfall)).policy
    assert (told.program_id, told.shortfall) == (str(command.program_id), number)


def test_an_earning_is_told_with_every_line_and_its_sentence() -> None:
    rule = make.a_rule(
        excluded_skus=("STAMP",), excluded_categories=("service",), pending_days=1, expiry_days=2, rounding=Rounding.UP
    )
    lines = [
        make.a_line(999),
        make.a_line(200, line_id="2", sku="STAMP"),
        make.a_line(300, line_id="3", category="service"),
    ]
    (earning,) = evaluate(rule_set(rule), make.a_sale(*lines), {})

    told = to_earning(earning)

    assert (told.rule_id, told.rule_version, told.rule_name) == (str(rule.rule_id), 1, "Everyday")
    assert (told.points, told.wallet) == (10, "points")
    assert told.available_at == timestamp_of(make.NOON + timedelta(days=1))
    assert told.expires_at == timestamp_of(make.NOON + timedelta(days=3))
    why = told.explanation
    assert why.sentence == earning_sentence(earning)
    assert (why.eligible_amount_minor, why.points, why.per_amount_minor) == (999, 1, 100)
    assert (why.currency, why.rounding) == ("GBP", terms_pb2.ROUNDING_UP)
    assert [
        (line.line_id, line.amount_minor, explanations_pb2.LineVerdict.Name(line.verdict)) for line in why.lines
    ] == [
        (line.line_id, line.amount_minor, f"LINE_VERDICT_{verdict.name}")
        for line, verdict in zip(lines, list(LineVerdict)[:3], strict=True)
    ]
    (forever,) = evaluate(rule_set(make.a_rule()), make.a_sale(), {})
    assert not to_earning(forever).HasField("expires_at")


# ---- terms


def said(**changes: Any) -> EarningTerms:
    return convert.create_earning_rule(requests.create_earning_rule(requests.terms(**changes))).terms


def test_terms_that_say_no_more_than_they_used_to_mean_what_they_meant() -> None:
    terms = said()
    assert (terms.effect, terms.trigger, terms.condition) == (Effect.PER_AMOUNT, Trigger.PURCHASE, "")
    assert (terms.time_zone, terms.valid_hours, terms.stacking_group, terms.priority) == ("UTC", (), "", 0)


def test_what_was_paid_with_points_or_a_gift_card_does_not_earn_unless_the_rule_says_so() -> None:
    assert said().excluded_tenders == (TenderKind.GIFT_CARD, TenderKind.POINTS)
    assert said(all_tenders_earn=True).excluded_tenders == ()
    assert said(excluded_tenders=[tenders_pb2.TENDER_KIND_VOUCHER]).excluded_tenders == (TenderKind.VOUCHER,)
    both = requests.terms(excluded_tenders=[tenders_pb2.TENDER_KIND_CASH], all_tenders_earn=True)
    expect_refused(convert.create_earning_rule, requests.create_earning_rule(both), "terms.all_tenders_earn")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            **WIDE,
            "trigger": terms_pb2.EARNING_TRIGGER_LINE,
            "condition": "line.amount_minor > 5",
            "all_tenders_earn": False,
        },
        {"effect": terms_pb2.EARNING_EFFECT_PER_UNIT, "per_amount_minor": 0, "time_zone": "Asia/Karachi"},
        {"all_tenders_earn": True, "stacking_group": "spring", "priority": 7, "exclusive": True},
        {
            "effect": terms_pb2.EARNING_EFFECT_MULTIPLIER,
            "factor": terms_pb2.Factor(numerator=3, denominator=2),
            "points": 0,
            "per_amount_minor": 0,
            "excluded_skus": [],
            "excluded_categories": [],
        },
    ],
)
def test_terms_sent_back_as_they_are_told_say_the_same(changes: dict[str, Any]) -> None:
    terms = said(**changes)
    again = convert.create_earning_rule(requests.create_earning_rule(to_terms(terms))).terms
    assert again == terms


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"effect": terms_pb2.EARNING_EFFECT_FIXED}, "terms.per_amount_minor"),
        ({"factor": terms_pb2.Factor(numerator=2, denominator=1)}, "terms.factor"),
        ({"effect": terms_pb2.EARNING_EFFECT_ADDITION, "trigger": terms_pb2.EARNING_TRIGGER_LINE}, "terms.trigger"),
        ({"effect": terms_pb2.EARNING_EFFECT_ADDITION}, "terms.excluded_skus"),
        ({"effect": terms_pb2.EARNING_EFFECT_FIXED, "per_amount_minor": 0, "points": 0}, "terms.points"),
        ({"valid_hours": [terms_pb2.ValidHours(until_minute=5)] * 51}, "terms.valid_hours"),
    ],
)
def test_terms_that_contradict_their_effect_are_refused(changes: dict[str, Any], field: str) -> None:
    request = requests.create_earning_rule(requests.terms(**changes))
    expect_refused(convert.create_earning_rule, request, field)


@pytest.mark.parametrize(("numerator", "denominator"), [(1, 1), (1, 2), (101, 1), (0, 1), (2, 0), (10_001, 5_000)])
def test_a_factor_raises_by_something_and_not_beyond_reason(numerator: int, denominator: int) -> None:
    terms = requests.terms(
        effect=terms_pb2.EARNING_EFFECT_MULTIPLIER,
        points=0,
        per_amount_minor=0,
        excluded_skus=[],
        excluded_categories=[],
        factor=terms_pb2.Factor(numerator=numerator, denominator=denominator),
    )
    with pytest.raises(Invalid) as refused:
        convert.create_earning_rule(requests.create_earning_rule(terms))
    assert refused.value.field.startswith("terms.factor")


def test_wallets_that_only_count_come_back_each_once_and_not_too_many() -> None:
    request = requests.set_program_policy(unspendable_wallets=["stars", "miles", " stars"])
    wallets = policy.set_program_policy(request).unspendable_wallets
    assert wallets == ("stars", "miles")
    found = ProgramPolicy(make.PROGRAM, unspendable_wallets=wallets)
    assert list(policy.to_policy(found).unspendable_wallets) == ["stars", "miles"]
    many = requests.set_program_policy(unspendable_wallets=[f"w{number}" for number in range(policy.WALLETS_MAX + 1)])
    expect_refused(policy.set_program_policy, many, "policy.unspendable_wallets")


@pytest.mark.parametrize("escape", [r"\u0301", r"\U00000301", r"\xe9", r"\Xe9", r"\351", r"\\\u200b", r"\u0080"])
def test_a_condition_has_letters_as_they_are_and_not_as_escapes(escape: str) -> None:
    condition = f'purchase.store_id == "Cafe{escape}"'
    request = changed(requests.create_earning_rule(), "terms.condition", condition)
    expect_refused(convert.create_earning_rule, request, "terms.condition")


def test_a_condition_puts_no_letter_together_from_two_literals() -> None:
    request = changed(requests.create_earning_rule(), "terms.condition", 'purchase.store_id == "Cafe" + "\u0301"')
    expect_refused(convert.create_earning_rule, request, "terms.condition")


@pytest.mark.parametrize("escape", [r"\n", r"\x41", r"\u0041", r"\101", r"\\u0301", r"\"", r"\\"])
def test_a_condition_may_have_other_escapes(escape: str) -> None:
    condition = f'purchase.store_id == "Caf{escape}"'
    request = changed(requests.create_earning_rule(), "terms.condition", condition)
    assert convert.create_earning_rule(request).terms.condition == condition  # type: ignore[arg-type]  # a Message
