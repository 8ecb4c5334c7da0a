"""Earning rules and policies on the wire: what is refused, by which path, and what comes through unchanged."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from loyalty.points.v1 import points_pb2 as pb

from kit.convert import timestamp_of
from kit.page import Page
from services.points.convert import rules as convert
from services.points.convert.rules import (
    EXCLUSIONS_MAX,
    EXPIRY_DAYS_MAX,
    PENDING_DAYS_MAX,
    RATE_MONEY_MINOR_MAX,
    RATE_POINTS_MAX,
    VERSION_MAX,
)
from services.points.domain.policy import ProgramPolicy, Shortfall
from services.points.domain.rules import EarningRule, LineVerdict, Rounding, RuleState, evaluate
from services.points.domain.sentences import earning_sentence
from tests.factories import points as make
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
OF_A_RULE: dict[str, list[Any]] = {**KEYED, "rule_id": NOT_A_UUID}
TERMS: dict[str, list[Any]] = {
    "terms.name": [*NOT_A_LINE, *length(100)],
    "terms.points": outside(1, RATE_POINTS_MAX),
    "terms.per_amount_minor": outside(1, RATE_MONEY_MINOR_MAX),
    "terms.currency": NOT_A_CURRENCY,
    "terms.excluded_skus[0]": [*NOT_A_LINE, *length(100)],
    "terms.excluded_categories[0]": [*NOT_A_LINE, *length(100)],
    "terms.rounding": [99],
    "terms.pending_days": outside(0, PENDING_DAYS_MAX),
    "terms.expiry_days": outside(0, EXPIRY_DAYS_MAX),
    "terms.wallet": ["   ", *length(50, least=0)],
}

REQUESTS: dict[str, tuple[Callable[[Any], object], Callable[[], Message], dict[str, list[Any]]]] = {
    "CreateEarningRule": (convert.create_earning_rule, requests.create_earning_rule, {**KEYED, **TERMS}),
    "ReviseEarningRule": (
        convert.revise_earning_rule,
        requests.revise_earning_rule,
        {**OF_A_RULE, "expected_version": outside(0, VERSION_MAX), **TERMS},
    ),
    "ActivateEarningRule": (
        convert.activate_earning_rule,
        requests.activate_earning_rule,
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
    "GetProgramPolicy": (convert.get_program_policy, requests.get_program_policy, {"program_id": NOT_A_UUID}),
    "SetProgramPolicy": (
        convert.set_program_policy,
        requests.set_program_policy,
        {**KEYED, "policy.shortfall": [0, 99]},
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


def test_every_field_of_the_terms_has_bounds() -> None:
    bounded = {path.removeprefix("terms.").partition("[")[0] for path in TERMS}
    assert {field.name for field in pb.EarningTerms.DESCRIPTOR.fields} == bounded | {"starts_at", "ends_at"}


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


@pytest.mark.parametrize("field", ["excluded_skus", "excluded_categories"])
def test_a_thousand_exceptions_are_enough(field: str) -> None:
    names = [f"N{number}" for number in range(EXCLUSIONS_MAX)]
    read = convert.create_earning_rule(requests.create_earning_rule(requests.terms(**{field: names})))
    assert getattr(read.terms, field) == tuple(names)
    request = requests.create_earning_rule(requests.terms(**{field: [*names, "one more"]}))
    expect_refused(convert.create_earning_rule, request, f"terms.{field}")


@pytest.mark.parametrize(
    "token", [["Everyday"], ["Everyday", "1"], ["a\0b", str(make.PROGRAM)], ["", str(make.PROGRAM)]], ids=str
)
def test_a_page_token_that_the_list_did_not_give_is_refused(token: list[str]) -> None:
    encoded = base64.urlsafe_b64encode(orjson.dumps(token)).decode().rstrip("=")
    expect_refused(convert.list_earning_rules, requests.list_earning_rules(page_token=encoded), "page_token")


def test_what_is_not_said_has_a_default() -> None:
    terms = requests.terms(rounding=0)
    terms.ClearField("starts_at")
    read = convert.create_earning_rule(requests.create_earning_rule(terms)).terms
    assert (read.rounding, read.wallet, read.starts_at, read.ends_at) == (Rounding.DOWN, "points", None, None)
    assert (read.pending_days, read.expiry_days) == (0, 0)


# ---- there and back

NAME = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=50)
INSTANT = st.datetimes(timezones=st.just(make.NOON.tzinfo)).map(timestamp_of)


@st.composite
def terms(draw: st.DrawFn) -> pb.EarningTerms:
    starts_at, ends_at = draw(st.none() | INSTANT), draw(st.none() | INSTANT)
    if starts_at is not None and ends_at is not None and ends_at.ToNanoseconds() <= starts_at.ToNanoseconds():
        ends_at = None
    return pb.EarningTerms(
        name=draw(NAME),
        points=draw(st.integers(1, RATE_POINTS_MAX)),
        per_amount_minor=draw(st.integers(1, RATE_MONEY_MINOR_MAX)),
        currency=draw(st.sampled_from(["PKR", "GBP", "KWD"])),
        excluded_skus=draw(st.lists(NAME, max_size=3)),
        excluded_categories=draw(st.lists(NAME, max_size=3)),
        starts_at=starts_at,
        ends_at=ends_at,
        rounding=draw(st.sampled_from([number for number in pb.Rounding.values() if number])),
        pending_days=draw(st.integers(0, PENDING_DAYS_MAX)),
        expiry_days=draw(st.integers(0, EXPIRY_DAYS_MAX)),
        wallet=draw(NAME),
    )


@given(terms())
def test_terms_come_back_as_they_were_told(told: pb.EarningTerms) -> None:
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
        convert.end_earning_rule_response,
    ],
)
def test_a_version_has_its_life(respond: Any, state: RuleState) -> None:
    draft = EarningRule(uuid.uuid4(), make.PROGRAM, 2, state, make.terms(), make.NOON)
    told = respond(draft).rule
    assert (told.rule_id, told.program_id, told.version) == (str(draft.rule_id), str(make.PROGRAM), 2)
    assert pb.EarningRuleState.Name(told.state) == f"EARNING_RULE_STATE_{state.name}"
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
    number = pb.ShortfallPolicy.Value(f"SHORTFALL_POLICY_{shortfall.name}")
    command = convert.set_program_policy(requests.set_program_policy(number))
    told = convert.set_program_policy_response(ProgramPolicy(command.program_id, command.shortfall)).policy
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
    (earning,) = evaluate([rule], make.a_sale(*lines), {})

    told = convert.to_earning(earning)

    assert (told.rule_id, told.rule_version, told.rule_name) == (str(rule.rule_id), 1, "Everyday")
    assert (told.points, told.wallet) == (10, "points")
    assert told.available_at == timestamp_of(make.NOON + timedelta(days=1))
    assert told.expires_at == timestamp_of(make.NOON + timedelta(days=3))
    why = told.explanation
    assert why.sentence == earning_sentence(earning)
    assert (why.eligible_amount_minor, why.points, why.per_amount_minor) == (999, 1, 100)
    assert (why.currency, why.rounding) == ("GBP", pb.ROUNDING_UP)
    assert [(line.line_id, line.amount_minor, pb.LineVerdict.Name(line.verdict)) for line in why.lines] == [
        (line.line_id, line.amount_minor, f"LINE_VERDICT_{verdict.name}")
        for line, verdict in zip(lines, LineVerdict, strict=True)
    ]
    (forever,) = evaluate([make.a_rule()], make.a_sale(), {})
    assert not convert.to_earning(forever).HasField("expires_at")
