"""Activities against the real database: they earn once, within limits, and the books tell of it."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from kit.errors import Invalid
from kit.idempotency import IdempotencyKeyReused, Outcome
from kit.page import PageRequest
from services.points import handlers, tables
from services.points.domain.earning.activities import Activity, ActivityAnswer, ActivityKind, ActivityReport
from services.points.domain.earning.earnings import Reason
from services.points.domain.earning.limits import LimitScope, LimitUnit
from services.points.domain.errors import (
    ActivityConflict,
    ActivityNotFound,
    MemberMayNotEarn,
    MemberNotFound,
)
from services.points.domain.ledger.accounts import AccountKey, EntryKind
from services.points.domain.ledger.statement import Period
from services.points.domain.program.policy import MemberStatus
from services.points.handlers.member_lookup import MemberLookup
from tests.factories import points as make
from tests.integration.points.batches import writer
from tests.integration.points.conftest import OFFICE, TILL, Points
from tests.integration.points.counted import a_sale, buy, limit, total, used

CLIENTS = 16
BIRTHDAY, ENROLMENT, VISIT = ActivityKind.BIRTHDAY, ActivityKind.ENROLMENT, ActivityKind.VISIT


def tell(points: Points, member_id: uuid.UUID, report: ActivityReport | None = None) -> Outcome[ActivityAnswer]:
    return points.activities.record_activity(TILL, make.record_activity(member_id, report))


def told(points: Points, member_id: uuid.UUID, report: ActivityReport | None = None) -> Activity:
    return tell(points, member_id, report).unwrap().activity


def count(points: Points, table: sa.Table) -> int:
    with points.engine.connect() as connection:
        found: int = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        return found


# ---- what it earns


@pytest.mark.parametrize("kind", ActivityKind)
def test_an_activity_earns_and_says_why(points: Points, kind: ActivityKind) -> None:
    rules = {each: points.rule(**make.activity_terms(each)) for each in ActivityKind}
    points.rule()
    member_id = points.member()

    answer = tell(points, member_id, make.an_activity_report(kind, attributes={"role": "friend"})).unwrap()

    (earning,) = answer.activity.earnings
    assert (earning.rule_id, earning.points) == (rules[kind].rule_id, 50)
    assert answer.account is not None
    assert (answer.account.posted, answer.account.available, answer.account.version) == (50, 50, 1)
    assert points.activities.get_activity(make.PROGRAM, answer.activity.activity_id) == answer.activity
    (entry,) = points.accounts.list_entries(make.PROGRAM, member_id, "points", PageRequest(10)).items
    assert (entry.kind, entry.cause.activity_id, entry.cause.purchase_id) == (
        EntryKind.EARN,
        answer.activity.activity_id,
        None,
    )
    assert entry.earning == earning


def test_it_goes_to_the_wallet_of_its_rule_and_can_be_spent_when_it_is_time(points: Points) -> None:
    points.rule(**make.activity_terms(pending_days=1, expiry_days=5))
    points.rule(**make.activity_terms(wallet="stars", points=3))
    member_id = points.member()
    assert told(points, member_id).points_earned == 53
    assert (points.account(member_id).available, points.account(member_id).pending) == (0, 50)
    assert points.accounts.get_account(make.PROGRAM, member_id, "stars").available == 3
    points.clock.advance(days=1)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 20)).unwrap().hold
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id)).unwrap()
    points.clock.advance(days=5)
    assert points.account(member_id).available == 0


def test_an_activity_without_a_rule_is_recorded_and_earns_nothing(points: Points) -> None:
    member_id = points.member()
    answer = tell(points, member_id).unwrap()
    assert (answer.activity.earnings, answer.activity.points_earned) == ((), 0)
    assert answer.account == points.account(member_id)


def test_a_missing_attribute_keeps_the_points_back_and_is_told(points: Points) -> None:
    points.rule(**make.activity_terms(condition="activity.attributes['table'] == '7'"))
    member_id = points.member()
    reasons = [
        told(points, member_id, make.an_activity_report(attributes=attributes)).earnings[0].explanation.reason
        for attributes in ({}, {"table": "8"}, {"table": "7"})
    ]
    assert reasons == [Reason.CONDITION_FAILED, Reason.CONDITION_NOT_MET, Reason.APPLIED]
    assert points.account(member_id).posted == 50


def test_points_from_an_activity_pay_what_returns_left_owing(points: Points) -> None:
    points.rule()
    points.rule(**make.activity_terms())
    member_id, sale = points.member(), a_sale(30)
    buy(points, member_id, sale)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 30)).unwrap().hold
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id)).unwrap()
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    assert points.account(member_id).owed == 30
    assert told(points, member_id).points_earned == 50
    assert (points.account(member_id).owed, points.account(member_id).available) == (0, 20)


def test_a_return_takes_nothing_of_what_an_activity_gave(points: Points) -> None:
    points.rule()
    points.rule(**make.activity_terms())
    member_id, sale = points.member(), a_sale(30)
    told(points, member_id)
    buy(points, member_id, sale)
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    assert points.account(member_id).posted == 50


def test_a_statement_shows_it(points: Points) -> None:
    points.rule(**make.activity_terms())
    member_id = points.member()
    activity = told(points, member_id)
    period = Period(points.clock.now(), points.clock.now() + timedelta(days=1))
    reports = handlers.ReportHandlers(points.storage)
    statement, page = reports.get_statement(AccountKey(make.PROGRAM, member_id, "points"), period, PageRequest(10))
    assert (statement.opening, statement.closing) == (0, 50)
    assert [entry.cause.activity_id for entry in page.items] == [activity.activity_id]


# ---- who, and when


def test_whoever_may_not_earn_is_refused_and_nothing_is_recorded(points: Points) -> None:
    points.rule(**make.activity_terms())
    with pytest.raises(MemberMayNotEarn):
        told(points, points.member(MemberStatus.SUSPENDED))
    with pytest.raises(MemberNotFound):
        told(points, uuid.uuid4())
    assert count(points, tables.activities) == 0
    assert told(points, points.member(MemberStatus.EARN_ONLY)).points_earned == 50


def test_an_activity_lies_at_most_a_day_ahead(points: Points) -> None:
    ahead = points.clock.now() + timedelta(days=1)
    told(points, points.member(), make.an_activity_report(occurred_at=ahead))
    with pytest.raises(Invalid) as refused:
        told(points, points.member(), make.an_activity_report(occurred_at=ahead + timedelta(seconds=1)))
    assert refused.value.field == "occurred_at"


def test_another_program_sees_no_activity(points: Points) -> None:
    activity = told(points, points.member())
    for program_id, activity_id in ((uuid.uuid4(), activity.activity_id), (make.PROGRAM, uuid.uuid4())):
        with pytest.raises(ActivityNotFound):
            points.activities.get_activity(program_id, activity_id)


# ---- once


def test_the_same_activity_gives_the_first_answer_whatever_the_request_id(points: Points) -> None:
    points.rule(**make.activity_terms())
    member_id, report = points.member(), make.an_activity_report()
    command = make.record_activity(member_id, report)
    first = points.activities.record_activity(TILL, command)
    points.give(member_id, 5)
    points.rule(**make.activity_terms())

    again = [
        points.activities.record_activity(TILL, command),
        tell(points, member_id, report),
        points.activities.record_activity(OFFICE, make.record_activity(member_id, report)),
    ]

    assert [each.replayed for each in (first, *again)] == [False, True, True, True]
    assert all(each.unwrap() == first.unwrap() for each in again)
    assert (points.account(member_id).posted, count(points, tables.activities)) == (55, 1)


def test_the_same_key_of_a_request_with_another_activity_is_refused(points: Points) -> None:
    member_id = points.member()
    tell(points, member_id)
    command = make.record_activity(member_id, key="once")
    points.activities.record_activity(TILL, command).unwrap()
    with pytest.raises(IdempotencyKeyReused):
        points.activities.record_activity(TILL, make.record_activity(member_id, key="once")).unwrap()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", ActivityKind.REFERRAL),
        ("occurred_at", make.NOON - timedelta(seconds=1)),
        ("store_id", "S2"),
        ("cashier_id", "Amina"),
        ("attributes", {"table": "8"}),
    ],
)
def test_another_content_under_the_same_key_is_refused_and_named(points: Points, field: str, value: object) -> None:
    points.rule(**make.activity_terms())
    member_id, report = points.member(), make.an_activity_report(attributes={"table": "7"})
    told(points, member_id, report)
    changes: dict[str, object] = {field: value}
    other = replace(report, **changes)  # type: ignore[arg-type]  # a field with a value of its own type
    with pytest.raises(ActivityConflict) as refused:
        told(points, member_id, other)
    assert refused.value.metadata["fields"] == field
    with pytest.raises(ActivityConflict) as refused:
        told(points, points.member(), report)
    assert refused.value.metadata["fields"] == "member_id"
    assert points.account(member_id).posted == 50


def test_an_enrolment_is_paid_once_however_it_is_told(points: Points) -> None:
    points.rule(**make.activity_terms(ENROLMENT))
    member_id = points.member()
    first = tell(points, member_id, make.an_activity_report(ENROLMENT))
    again = tell(
        points, member_id, make.an_activity_report(ENROLMENT, source="app", store_id="", attributes={"shop": "2"})
    )
    assert (again.replayed, again.unwrap()) == (True, first.unwrap())
    assert points.account(member_id).posted == 50


@pytest.mark.parametrize("kind", [VISIT, BIRTHDAY])
def test_two_who_tell_the_same_at_the_same_time_are_given_one_answer(points: Points, kind: ActivityKind) -> None:
    points.rule(**make.activity_terms(kind, limits=(limit(1_000, LimitScope.PROGRAM),)))
    together = threading.Barrier(2)
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        # A writer for each, as two processes have, so that only the database keeps them apart.
        tellers = [process(points, stack) for _ in range(2)]
        for _ in range(20):
            member_id, report = points.member(), make.an_activity_report(kind)

            def say(
                teller: handlers.ActivityHandlers, member_id: uuid.UUID = member_id, report: ActivityReport = report
            ) -> Outcome[ActivityAnswer]:
                together.wait()
                return teller.record_activity(TILL, make.record_activity(member_id, report))

            one, other = pool.map(say, tellers)
            assert one.unwrap() == other.unwrap()
            assert sorted([one.replayed, other.replayed]) == [False, True]
            assert points.account(member_id).posted == 50
    assert total(points, LimitScope.PROGRAM) == 20 * 50


def process(points: Points, stack: ExitStack) -> handlers.ActivityHandlers:
    """What one process of the service would be."""
    committer = stack.enter_context(writer(points, batch_max=4))
    return handlers.ActivityHandlers(points.storage, committer, MemberLookup(points.storage, points.people))


# ---- limits


@pytest.mark.parametrize("unit", LimitUnit)
def test_a_cap_and_a_budget_hold_for_sixteen_clients(points: Points, unit: LimitUnit) -> None:
    at_most = 220 if unit is LimitUnit.POINTS else 4
    scopes = (LimitScope.MEMBER, LimitScope.PROGRAM)
    points.rule(**make.activity_terms(limits=tuple(limit(at_most, scope, unit=unit) for scope in scopes)))
    one, members = points.member(), [points.member() for _ in range(CLIENTS)]
    start = threading.Barrier(CLIENTS)
    with ExitStack() as stack, ThreadPoolExecutor(CLIENTS) as pool:
        tellers = [process(points, stack) for _ in range(2)]

        def client(number: int) -> int:
            start.wait()
            member_id = one if number % 2 else members[number]
            command = make.record_activity(member_id)
            return tellers[number // 2 % 2].record_activity(TILL, command).unwrap().activity.points_earned

        given = list(pool.map(client, range(CLIENTS)))

    assert (given.count(50), sum(given)) == (4, 220 if unit is LimitUnit.POINTS else 200)
    assert total(points, LimitScope.PROGRAM) == at_most
    assert points.account(one).posted + sum(points.account(each).posted for each in members) == sum(given)


def test_limits_count_by_store_and_cashier(points: Points) -> None:
    scopes = (LimitScope.STORE, LimitScope.MEMBER_AND_CASHIER)
    points.rule(**make.activity_terms(limits=tuple(limit(60, scope) for scope in scopes)))
    member_id = points.member()
    wanted = [("S1", "Amina"), ("S1", "Bilal"), ("", "Bilal"), ("", "Carla"), ("S2", "Amina")]
    given = [
        told(points, member_id, make.an_activity_report(store_id=store, cashier_id=cashier)).points_earned
        for store, cashier in wanted
    ]
    assert given == [50, 10, 50, 10, 10]
    stores = {key[2]: units for key, units in used(points).items() if key[0] == "store"}
    assert stores == {"S1": 60, "": 60, "S2": 10}


def test_purchases_and_activities_have_limits_of_their_own_rules(points: Points) -> None:
    points.rule(limits=(limit(15),))
    points.rule(**make.activity_terms(limits=(limit(60),)))
    member_id = points.member()
    assert [told(points, member_id).points_earned for _ in range(2)] == [50, 10]
    assert [buy(points, member_id, a_sale(10)).purchase.points_earned for _ in range(2)] == [10, 5]
    assert points.account(member_id).posted == 75
