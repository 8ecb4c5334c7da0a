"""Limits of rules on the wire: nonsense is refused by its field, and what a purchase usage comes through."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from loyalty.points.v1 import earning_pb2, explanations_pb2
from loyalty.points.v1 import terms_pb2 as pb

from services.points.convert.earning import rules as convert
from services.points.convert.earning.earnings import to_earning
from services.points.domain.earning.evaluation import evaluate
from services.points.domain.earning.limits import Limit, LimitPolicy, LimitScope, LimitSpan, LimitUnit, LimitUsage
from services.points.domain.earning.rule_sets import rule_set
from tests.factories import points as make
from tests.unit.services.points import requests
from tests.unit.services.points.convert.refusals import expect_refused

MEMBER, PROGRAM = pb.LIMIT_SCOPE_MEMBER, pb.LIMIT_SCOPE_PROGRAM


def creation(*limits: pb.EarningLimit, **changes: Any) -> earning_pb2.CreateEarningRuleRequest:
    return requests.create_earning_rule(requests.terms(limits=limits, **changes))


def limit(
    span: pb.LimitSpan.ValueType, at_most: int = 100, scope: pb.LimitScope.ValueType = MEMBER, **more: Any
) -> pb.EarningLimit:
    return pb.EarningLimit(scope=scope, span=span, at_most=at_most, **more)


def test_a_limit_counts_points_and_cuts_unless_it_says_otherwise() -> None:
    terms = convert.create_earning_rule(creation(limit(pb.LIMIT_SPAN_DAY))).terms
    assert terms.limits == (Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.POINTS, 100),)
    assert terms.limit_policy is LimitPolicy.CUT


def test_ten_limits_are_enough() -> None:
    spans = [pb.LIMIT_SPAN_DAY, pb.LIMIT_SPAN_WEEK, pb.LIMIT_SPAN_MONTH, pb.LIMIT_SPAN_YEAR, pb.LIMIT_SPAN_EVER]
    many = [limit(span, scope=scope) for scope in (MEMBER, PROGRAM) for span in spans]
    assert len(convert.create_earning_rule(creation(*many)).terms.limits) == 10
    expect_refused(convert.create_earning_rule, creation(*many, limit(pb.LIMIT_SPAN_PURCHASE)), "terms.limits")


@pytest.mark.parametrize(
    ("limits", "path"),
    [
        ([limit(pb.LIMIT_SPAN_DAY), limit(pb.LIMIT_SPAN_DAY, 50)], "terms.limits[1]"),
        ([limit(pb.LIMIT_SPAN_PURCHASE, scope=PROGRAM)], "terms.limits[0].scope"),
        ([limit(pb.LIMIT_SPAN_PURCHASE, unit=pb.LIMIT_UNIT_PURCHASES)], "terms.limits[0].unit"),
        ([limit(pb.LIMIT_SPAN_DAY, 101), limit(pb.LIMIT_SPAN_WEEK)], "terms.limits[0].at_most"),
        ([limit(pb.LIMIT_SPAN_EVER), limit(pb.LIMIT_SPAN_WEEK, 101)], "terms.limits[1].at_most"),
        ([limit(pb.LIMIT_SPAN_YEAR), limit(pb.LIMIT_SPAN_PURCHASE, 101)], "terms.limits[1].at_most"),
    ],
)
def test_limits_that_make_no_sense_are_named(limits: list[pb.EarningLimit], path: str) -> None:
    expect_refused(convert.create_earning_rule, creation(*limits), path)


@pytest.mark.parametrize(
    "limits",
    [
        [limit(pb.LIMIT_SPAN_DAY), limit(pb.LIMIT_SPAN_DAY, unit=pb.LIMIT_UNIT_PURCHASES)],
        [limit(pb.LIMIT_SPAN_DAY, 500), limit(pb.LIMIT_SPAN_MONTH, scope=PROGRAM)],
        # Half of the week may lie in each of two months.
        [limit(pb.LIMIT_SPAN_WEEK, 150), limit(pb.LIMIT_SPAN_MONTH)],
        [limit(pb.LIMIT_SPAN_DAY), limit(pb.LIMIT_SPAN_MONTH)],
    ],
)
def test_limits_that_can_stand_beside_each_other_may(limits: list[pb.EarningLimit]) -> None:
    assert len(convert.create_earning_rule(creation(*limits)).terms.limits) == 2


def test_refusing_parts_means_nothing_without_limits() -> None:
    request = creation(limit_policy=pb.LIMIT_POLICY_REFUSE)
    expect_refused(convert.create_earning_rule, request, "terms.limit_policy")


def test_what_a_purchase_met_is_told_with_its_window() -> None:
    a_day = Limit(LimitScope.PROGRAM, LimitSpan.DAY, LimitUnit.POINTS, 100)
    ever = Limit(LimitScope.MEMBER, LimitSpan.EVER, LimitUnit.PURCHASES, 3)
    usage = (LimitUsage(a_day, date(2026, 3, 2), 96), LimitUsage(ever, None, 1))
    (earning,) = evaluate(rule_set(make.a_rule(limits=(a_day, ever))), make.a_sale(), {}, usage_of=lambda _: usage)

    told = to_earning(earning)

    assert (told.points, told.explanation.unlimited_points) == (4, 10)
    assert told.explanation.reason == explanations_pb2.EARNING_REASON_CUT_BY_BUDGET
    assert list(told.explanation.limits) == [
        explanations_pb2.MetLimit(
            limit=pb.EarningLimit(scope=PROGRAM, span=pb.LIMIT_SPAN_DAY, unit=pb.LIMIT_UNIT_POINTS, at_most=100),
            starts_on="2026-03-02",
            used=96,
        ),
        explanations_pb2.MetLimit(
            limit=pb.EarningLimit(scope=MEMBER, span=pb.LIMIT_SPAN_EVER, unit=pb.LIMIT_UNIT_PURCHASES, at_most=3),
            used=1,
        ),
    ]
