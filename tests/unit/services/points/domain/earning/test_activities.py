"""What rules make of activities, what makes two of them the same, and that purchases know nothing of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.points.conditions import CelConditions
from services.points.domain.earning.activities import (
    ActivityKind,
    ActivityReport,
    contradictions,
    key_parts,
    local_day,
    local_zone,
    possible_years,
)
from services.points.domain.earning.activity_evaluation import assess_activity
from services.points.domain.earning.earners import Earner
from services.points.domain.earning.earnings import Earning, Reason, earner_of
from services.points.domain.earning.evaluation import evaluate, untouched
from services.points.domain.earning.expiry import Expiry, ExpiryKind, TierExpiry
from services.points.domain.earning.limits import Limit, LimitPolicy, LimitScope, LimitSpan, LimitUnit, LimitUsage
from services.points.domain.earning.rule_sets import RuleSet
from services.points.domain.earning.rules import EarningRule
from services.points.domain.earning.sentences import Language, earning_sentence
from services.points.domain.earning.terms import Effect, Factor, Trigger, ValidHours
from tests.factories import points as make

EVENT, VISIT, REFERRAL = ActivityKind.EVENT, ActivityKind.VISIT, ActivityKind.REFERRAL
CONDITIONS = CelConditions()
CAP = Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.POINTS, 60)
MEMBER, OTHER = uuid.uuid4(), uuid.uuid4()


def a_rule(kind: ActivityKind = VISIT, **changes: Any) -> EarningRule:
    return make.a_rule(**make.activity_terms(kind, **changes))


def earner(tier: str = "") -> Earner:
    return Earner("active", tier, ("old", "vip"), {"city": "Lahore"})


def earned(
    *rules: EarningRule,
    report: ActivityReport | None = None,
    tier: str = "",
    usage_of: Callable[[EarningRule], tuple[LimitUsage, ...]] = untouched,
) -> list[tuple[int, Reason]]:
    return [
        (each.points, each.explanation.reason) for each in earnings(*rules, report=report, tier=tier, usage_of=usage_of)
    ]


def earnings(
    *rules: EarningRule,
    report: ActivityReport | None = None,
    tier: str = "",
    usage_of: Callable[[EarningRule], tuple[LimitUsage, ...]] = untouched,
) -> tuple[Earning, ...]:
    assessment = assess_activity(RuleSet(rules, CONDITIONS), report or make.an_activity_report(), earner(tier))
    return assessment.earnings(usage_of)


# ---- which rules are concerned


@pytest.mark.parametrize("kind", ActivityKind)
def test_a_rule_gives_its_points_for_the_activity_that_it_names(kind: ActivityKind) -> None:
    rules = [a_rule(each) for each in ActivityKind]
    (earning,) = earnings(*rules, report=make.an_activity_report(kind))
    assert (earning.points, earning.explanation.trigger) == (50, Trigger(kind.value))
    assert earning.rule_id == rules[list(ActivityKind).index(kind)].rule_id
    assert (earning.explanation.lines, earning.explanation.currency) == ((), "")


def test_events_are_told_apart_by_their_names() -> None:
    installed, answered = a_rule(EVENT), a_rule(EVENT, activity_name="survey-filled-in", points=5)
    assert earned(installed, answered, report=make.an_activity_report(EVENT)) == [(50, Reason.APPLIED)]
    other = make.an_activity_report(EVENT, name="app-opened")
    assert earned(installed, answered, report=other) == []


def test_a_purchase_knows_nothing_of_activities_and_they_know_nothing_of_purchases() -> None:
    everyday, visits = make.a_rule(), a_rule()
    rules = RuleSet((everyday, visits), CONDITIONS)
    assert [each.rule_id for each in evaluate(rules, make.a_sale(), {})] == [everyday.rule_id]
    assert [each.rule_id for each in earnings(everyday, visits)] == [visits.rule_id]


def test_a_rule_of_an_activity_gives_nothing_for_a_purchase_even_in_its_currency() -> None:
    assert evaluate(RuleSet((a_rule(currency="GBP"),), CONDITIONS), make.a_sale(), {}) == ()


def test_bonuses_pass_an_activity_by() -> None:
    bonus = make.a_rule(effect=Effect.MULTIPLIER, factor=Factor(2, 1), points=0, per_amount_minor=0)
    assert earned(a_rule(), bonus) == [(50, Reason.APPLIED)]


def test_the_version_counts_that_was_in_force_when_it_happened() -> None:
    ended = a_rule(ends_at=make.NOON)
    assert earned(ended) == []
    assert earned(ended, report=make.an_activity_report(occurred_at=make.NOON - timedelta(seconds=1))) == [
        (50, Reason.APPLIED)
    ]


# ---- when, where, and with what


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("activity.kind == 'referral' && activity.name == ''", Reason.APPLIED),
        ("activity.source == 'crm' && activity.store_id == 'S1'", Reason.APPLIED),
        ("activity.hour == 12 && activity.weekday == 1", Reason.APPLIED),
        ("activity.attributes['role'] == 'advocate'", Reason.APPLIED),
        ("activity.attributes.role == 'friend'", Reason.CONDITION_NOT_MET),
        ("activity.attributes['level'] == 'first'", Reason.CONDITION_FAILED),
        ("'level' in activity.attributes && activity.attributes['level'] == 'first'", Reason.CONDITION_NOT_MET),
        ("has(activity.attributes.role)", Reason.APPLIED),
        ("int(activity.attributes['role']) > 1", Reason.CONDITION_FAILED),
        ("member.status == 'active' && member.tier == 'gold'", Reason.APPLIED),
        ("member.tier in ['', 'silver']", Reason.CONDITION_NOT_MET),
        ("'vip' in member.segments && member.attributes['city'] == 'Lahore'", Reason.APPLIED),
        ("'new' in member.segments", Reason.CONDITION_NOT_MET),
        ("member.attributes['town'] == 'Lahore'", Reason.CONDITION_FAILED),
        ("'town' in member.attributes && member.attributes['town'] == 'Lahore'", Reason.CONDITION_NOT_MET),
    ],
)
def test_a_condition_asks_about_the_activity_and_its_member(condition: str, reason: Reason) -> None:
    rule = a_rule(REFERRAL, condition=condition)
    CONDITIONS.expect_valid(rule.terms)
    report = make.an_activity_report(REFERRAL, attributes={"role": "advocate"})
    points = 50 if reason is Reason.APPLIED else 0
    assert earned(rule, report=report, tier="gold") == [(points, reason)]


def test_hours_are_read_in_the_zone_of_the_rule() -> None:
    evening = (ValidHours((), 17 * 60, 18 * 60),)
    assert earned(a_rule(valid_hours=evening)) == [(0, Reason.OUTSIDE_HOURS)]
    assert earned(a_rule(valid_hours=evening, time_zone="Asia/Karachi")) == [(50, Reason.APPLIED)]
    assert earned(a_rule(condition="activity.hour == 17", time_zone="Asia/Karachi")) == [(50, Reason.APPLIED)]


def test_points_wait_and_lapse_as_those_of_purchases_do() -> None:
    tiers = (TierExpiry("gold", Expiry(ExpiryKind.NEVER)),)
    rule = a_rule(pending_days=2, expiry_days=10, expiry_by_tier=tiers)
    (plain,), (gold,) = earnings(rule), earnings(rule, tier="gold")
    assert plain.available_at == make.NOON + timedelta(days=2)
    assert (plain.expires_at, gold.expires_at) == (make.NOON + timedelta(days=12), None)
    assert gold.explanation.member_tier == "gold"


def test_who_earned_is_kept_once() -> None:
    one, other = earnings(a_rule(), a_rule(), tier="gold")
    assert earner_of((one, other)) == earner("gold")
    assert (other.explanation.member_segments, other.explanation.member_attributes) == ((), {})


# ---- beside each other, and within limits


def test_rules_of_a_group_stand_aside_for_each_other() -> None:
    first = a_rule(name="First", stacking_group="visits", exclusive=True, priority=2)
    second = a_rule(name="Second", stacking_group="visits", points=90)
    assert earned(second, first) == [(0, Reason.BEATEN), (50, Reason.APPLIED)]


@pytest.mark.parametrize(
    ("used", "policy", "outcome"),
    [
        (10, LimitPolicy.CUT, (50, Reason.APPLIED)),
        (11, LimitPolicy.CUT, (49, Reason.CUT_BY_CAP)),
        (11, LimitPolicy.REFUSE, (0, Reason.CAP_MET)),
        (60, LimitPolicy.CUT, (0, Reason.CAP_MET)),
    ],
)
def test_a_limit_cuts_what_it_gives(used: int, policy: LimitPolicy, outcome: tuple[int, Reason]) -> None:
    rule = a_rule(limits=(CAP,), limit_policy=policy)
    assert earned(rule, usage_of=lambda _: (LimitUsage(CAP, None, used),)) == [outcome]


# ---- what makes it the same


@pytest.mark.parametrize("kind", [EVENT, VISIT, REFERRAL])
def test_what_is_told_is_the_same_by_its_source_and_key(kind: ActivityKind) -> None:
    told = make.an_activity_report(kind, activity_key="A")
    again = make.an_activity_report(kind, activity_key="A", occurred_at=make.LONG_AGO)
    assert key_parts(MEMBER, told, None) == key_parts(OTHER, again, None)
    assert key_parts(MEMBER, told, None) != key_parts(MEMBER, make.an_activity_report(kind, activity_key="B"), None)
    assert key_parts(MEMBER, told, None) != key_parts(
        MEMBER, make.an_activity_report(kind, activity_key="A", source="app"), None
    )


def test_a_member_enrols_once_whoever_tells_it() -> None:
    one = make.an_activity_report(ActivityKind.ENROLMENT)
    another = make.an_activity_report(ActivityKind.ENROLMENT, source="app", occurred_at=make.LONG_AGO)
    assert key_parts(MEMBER, one, None) == key_parts(MEMBER, another, None)
    assert key_parts(MEMBER, one, None) != key_parts(OTHER, one, None)


def test_a_member_has_one_birthday_in_each_local_year() -> None:
    report = make.an_activity_report(ActivityKind.BIRTHDAY)
    assert key_parts(MEMBER, report, 2026) != key_parts(MEMBER, report, 2027)
    assert key_parts(MEMBER, report, 2026) != key_parts(OTHER, report, 2026)


@given(
    st.datetimes(timezones=st.just(UTC)), st.sampled_from(["UTC", "Pacific/Kiritimati", "Etc/GMT+12", "Asia/Karachi"])
)
def test_the_local_year_is_always_among_the_possible_ones(instant: datetime, zone: str) -> None:
    assert local_day(instant, ZoneInfo(zone)).year in possible_years(instant)


def test_the_calendar_is_that_of_the_policy_or_else_of_the_birthday_rules() -> None:
    def of(*zones: str, policy: str = "", **terms: Any) -> str:
        rules = [make.a_rule(**make.activity_terms(ActivityKind.BIRTHDAY, time_zone=zone, **terms)) for zone in zones]
        return local_zone(policy, rules, make.NOON).key

    assert of() == of("Asia/Karachi", "Europe/London") == "UTC"
    assert of("Asia/Karachi", "Asia/Karachi") == of("Europe/London", policy="Asia/Karachi") == "Asia/Karachi"
    assert of("Asia/Karachi", ends_at=make.NOON) == "UTC"


@pytest.mark.parametrize(
    ("parts", "fields"),
    [
        ({}, ()),
        ({"source": "app", "activity_key": "other", "occurred_at": make.NOON.replace(hour=18)}, ()),
        ({"occurred_at": make.NOON.replace(hour=20)}, ("occurred_at",)),  # the next day in Karachi
        ({"store_id": "S2", "cashier_id": "7"}, ("store_id",)),  # who was at the till was not told before
        ({"store_id": ""}, ()),
        ({"attributes": {"cake": "plum", "song": "yes"}}, ("attributes[cake]",)),
    ],
)
def test_two_who_tell_of_what_happens_once_contradict_each_other_in_what_both_say(
    parts: dict[str, Any], fields: tuple[str, ...]
) -> None:
    recorded = make.an_activity_report(ActivityKind.BIRTHDAY, attributes={"cake": "lemon"})
    assert contradictions(recorded, replace(recorded, **parts), ZoneInfo("Asia/Karachi")) == fields


# ---- in words


@pytest.mark.parametrize(
    ("kind", "english", "urdu"),
    [
        (EVENT, "50 points for app-installed", "واقعہ «app-installed» پر 50 پوائنٹس ملے"),
        (VISIT, "50 points for this visit", "اس آمد پر 50 پوائنٹس ملے"),
        (ActivityKind.ENROLMENT, "50 points for joining", "رکن بننے پر 50 پوائنٹس ملے"),
        (ActivityKind.BIRTHDAY, "50 points for the birthday", "سالگرہ پر 50 پوائنٹس ملے"),
        (REFERRAL, "50 points for a referral", "تعارف کرانے پر 50 پوائنٹس ملے"),
    ],
)
def test_a_sentence_says_what_the_points_are_for(kind: ActivityKind, english: str, urdu: str) -> None:
    (earning,) = earnings(a_rule(kind), report=make.an_activity_report(kind))
    assert earning_sentence(earning) == f"Active: {english}."
    assert bare(earning_sentence(earning, Language.URDU)) == f"پیشکش «Active»: {urdu}۔"


def test_a_sentence_says_what_kept_the_points_back() -> None:
    often = Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.PURCHASES, 1)
    (late,) = earnings(a_rule(valid_hours=(ValidHours((), 0, 60),)))
    (again,) = earnings(a_rule(limits=(often,)), usage_of=lambda _: (LimitUsage(often, None, 1),))
    assert earning_sentence(late) == "Active: no points, because it happened outside of its hours."
    assert earning_sentence(again) == (
        "Active: no points, because the limit of 1 time a day for each member is used up."
    )
    assert bare(earning_sentence(again, Language.URDU)) == (
        "پیشکش «Active»: پوائنٹس نہیں ملے، کیونکہ ہر رکن کے لیے روزانہ 1 بار کی حد پوری ہو چکی ہے۔"
    )


def bare(sentence: str) -> str:
    """Without isolates, for reading."""
    return sentence.replace("\u2068", "").replace("\u2069", "")
