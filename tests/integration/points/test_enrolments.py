"""Enrolments that `members` announces earn by themselves, once, whatever is delivered twice and whoever dies."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kit import streams
from kit.call import Call
from services.members import announces as members_announces
from services.points import jobs, tables
from services.points.batch import HANDED_OVER_MAX, GroupCommitter, Operation, Result, Rulebook
from services.points.conditions import CelConditions
from services.points.domain.earning.activities import ActivityKind
from services.points.domain.errors import LedgerBusy
from services.points.handlers.earning.enrolments import LEASE
from tests.factories import points as make
from tests.fixtures.digests import digest_anew
from tests.integration.points.busy import started
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.enrolling import enrolled, hear, record, recorded, waiting
from tests.integration.points.listening import Ears, an_event, listening
from tests.integration.points.served import serving_members

ENROLMENT = make.activity_terms(ActivityKind.ENROLMENT, name="Welcome")


def test_an_enrolment_earns_without_anybody_telling_of_it(points: Points) -> None:
    points.rule(**ENROLMENT)
    told = [enrolled(points) for _ in range(5)]
    hear(points, *told)
    assert waiting(points) == {each.aggregate_id for each in told}

    record(points, limit=2)

    assert recorded(points) == {each.aggregate_id: 50 for each in told}
    assert waiting(points) == set()
    assert all(points.account(each.aggregate_id).posted == 50 for each in told)


def test_tills_find_room_between_many_and_what_finds_none_waits(
    points: Points, monkeypatch: pytest.MonkeyPatch
) -> None:
    points.rule(**ENROLMENT)
    told = {each.aggregate_id: each for each in (enrolled(points) for _ in range(HANDED_OVER_MAX + 2))}
    hear(points, *told.values())
    hand_over, shares = points.committer.submit_all, list[int]()

    def full_at_the_second(call: Call, operations: Sequence[Operation[Any, Any]]) -> list[Result]:
        shares.append(len(operations))
        if len(shares) == 2:
            raise LedgerBusy("more is waiting to be written than can be, try again")
        return hand_over(call, operations)

    monkeypatch.setattr(points.committer, "submit_all", full_at_the_second)
    jobs.record_pending_activities(points.storage, points.committer, limit=len(told))
    assert shares == [HANDED_OVER_MAX, 2]
    assert len(recorded(points)) == HANDED_OVER_MAX
    assert waiting(points) == told.keys() - recorded(points).keys()

    points.clock.advance(seconds=LEASE.total_seconds() + 1)
    record(points)
    assert recorded(points) == dict.fromkeys(told, 50)
    assert waiting(points) == set()


def test_nothing_is_recorded_where_no_rule_was_in_force_for_it(points: Points) -> None:
    points.rule()
    points.rule(**make.activity_terms(ActivityKind.VISIT))
    points.rule(**ENROLMENT | {"starts_at": points.clock.now() + timedelta(seconds=1)})
    hear(points, enrolled(points))
    record(points)
    assert (recorded(points), waiting(points)) == ({}, set())


def test_other_events_of_a_member_are_no_enrolments(points: Points) -> None:
    hear(points, an_event(version=2), an_event("suspended", version=3))
    assert waiting(points) == set()


def test_who_may_not_earn_by_then_is_given_nothing(points: Points) -> None:
    points.rule(**ENROLMENT)
    told = enrolled(points)
    hear(points, told, an_event("suspended", version=2, member_id=told.aggregate_id))
    record(points)
    assert (recorded(points), waiting(points)) == ({}, set())


def test_an_enrolment_that_is_heard_of_again_is_paid_once(points: Points) -> None:
    points.rule(**ENROLMENT)
    told = enrolled(points)
    for _ in range(3):
        hear(points, told, told)
        record(points)
    assert (points.account(told.aggregate_id).posted, waiting(points)) == (50, set())


def test_an_enrolment_that_somebody_told_of_is_not_paid_again(points: Points) -> None:
    points.rule(**ENROLMENT)
    told = enrolled(points)
    hear(points, told)
    report = make.an_activity_report(ActivityKind.ENROLMENT, source="crm", store_id="S7")
    points.activities.record_activity(TILL, make.record_activity(told.aggregate_id, report)).unwrap()
    record(points)
    assert (points.account(told.aggregate_id).posted, waiting(points)) == (50, set())


def test_what_could_not_be_tried_is_tried_again_after_its_lease(points: Points) -> None:
    points.rule(**ENROLMENT)
    told = enrolled(points)
    hear(points, told)
    rulebook = Rulebook(10, CelConditions())
    full = GroupCommitter(points.storage, rulebook, batch_max=1, queue_max=1, queue_wait_s=0.01)
    jobs.record_pending_activities(points.storage, full, limit=10)
    assert (recorded(points), waiting(points)) == ({}, {told.aggregate_id})
    record(points)
    assert recorded(points) == {}
    points.clock.advance(seconds=LEASE.total_seconds())
    record(points)
    assert (recorded(points), waiting(points)) == ({told.aggregate_id: 50}, set())


def test_two_processes_record_each_enrolment_once(points: Points) -> None:
    points.rule(**ENROLMENT)
    told = [enrolled(points) for _ in range(40)]
    hear(points, *told)
    together = threading.Barrier(2)

    def work(_: int) -> None:
        together.wait()
        record(points, limit=3)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    assert recorded(points) == {each.aggregate_id: 50 for each in told}
    assert sum(points.account(each.aggregate_id).posted for each in told) == 40 * 50


# ---- from `members`, through the stream


@pytest.fixture
def heard(databases: Callable[[str], str], redis_url: str) -> Iterator[tuple[Ears, Points]]:
    urls = databases("members"), databases("points")
    with listening(*urls, redis_url) as ears, started(urls[1]) as found:
        yield ears, found
        assert found.findings() == []


def test_a_member_enrols_and_is_welcomed_once_however_often_the_event_comes(heard: tuple[Ears, Points]) -> None:
    ears, points = heard
    with serving_members(ears.members_engine) as (_, caller):
        program_id = uuid.UUID(caller.program())
        member_id = uuid.UUID(caller.member(str(program_id)).member_id)
    rule = points.rule(**ENROLMENT)
    with points.engine.begin() as connection:
        connection.execute(sa.update(tables.earning_rules).values(program_id=program_id))
        connection.execute(sa.update(tables.program_settings).values(program_id=program_id))
        digest_anew(connection, tables.earning_rules, tables.program_settings)
    # That of `members` is today's.
    points.clock.advance(days=3)
    ears.settle()
    record(points)
    # The stream gives it again, and so it does once its note in the inbox is gone.
    for forgotten in (False, True):
        again: list[dict[Any, Any]] = [
            dict(fields)
            for _, fields in streams.entries_after(ears.redis, members_announces.STREAM, streams.EARLIEST, count=1)
        ]
        if forgotten:
            with points.engine.begin() as connection:
                connection.execute(sa.delete(tables.inbox))
        ears.redis.xadd(members_announces.STREAM, again[0])
        ears.settle()
        record(points)

    account = points.accounts.get_account(program_id, member_id, "points")
    assert (account.posted, account.version, waiting(points)) == (50, 1, set())
    with points.engine.connect() as connection:
        (row,) = connection.execute(sa.select(tables.activities)).all()
    assert (row.member_id, row.kind, row.source) == (member_id, "enrolment", "members")
    assert row.earnings[0]["rule_id"] == str(rule.rule_id)
