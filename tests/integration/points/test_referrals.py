"""Referrals: the other member that one names must be a member of the program who may earn."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from kit.errors import Invalid
from services.points.domain.earning.activities import ActivityKind
from services.points.domain.errors import CounterpartMayNotEarn, MemberNotFound, MemberUnknownForNow
from services.points.domain.program.policy import MemberStatus
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points

FIELD = "attributes[counterpart_member_id]"


def refer(points: Points, member_id: UUID, counterpart_id: UUID | None, role: str = "advocate") -> int:
    """The points that it earned."""
    attributes = {"role": role} | ({"counterpart_member_id": str(counterpart_id)} if counterpart_id else {})
    report = make.an_activity_report(ActivityKind.REFERRAL, attributes=attributes)
    command = make.record_activity(member_id, report)
    return points.activities.record_activity(TILL, command).unwrap().activity.points_earned


@pytest.fixture(autouse=True)
def paid(points: Points) -> None:
    points.rule(**make.activity_terms(ActivityKind.REFERRAL, points=500))


def test_a_referral_of_a_member_whom_points_has_yet_to_hear_of_is_paid(points: Points) -> None:
    assert refer(points, points.member(), points.member()) == 500
    assert refer(points, points.member(), None) == 500


def test_a_referral_of_a_member_who_does_not_exist_pays_nothing_and_names_the_field(points: Points) -> None:
    member_id = points.member()
    with pytest.raises(Invalid) as refused:
        refer(points, member_id, uuid4())
    assert refused.value.field == FIELD
    assert points.account(member_id).posted == 0


def test_a_member_who_does_not_exist_is_not_taken_for_the_other(points: Points) -> None:
    with pytest.raises(MemberNotFound):
        refer(points, uuid4(), points.member())


def test_a_member_of_another_program_is_no_counterpart(points: Points) -> None:
    member_id, stranger_id = points.member(), points.member()
    member = points.people.standings.pop(stranger_id)
    with points.storage.transaction() as tx:
        tx.known_members.put(replace(member, program_id=uuid4()))
    with pytest.raises(Invalid):
        refer(points, member_id, stranger_id)


@pytest.mark.parametrize("status", [MemberStatus.SUSPENDED, MemberStatus.TERMINATED])
def test_a_counterpart_who_may_not_earn_is_refused_and_stays_so_for_the_same_key(
    points: Points, status: MemberStatus
) -> None:
    member_id, gone_id = points.member(), points.member(status)
    with pytest.raises(CounterpartMayNotEarn) as refused:
        refer(points, member_id, gone_id)
    assert refused.value.metadata["status"] == status.value
    assert points.account(member_id).posted == 0


def test_what_was_paid_is_answered_again_though_the_counterpart_has_left(points: Points) -> None:
    member_id, friend_id = points.member(), points.member()
    attributes = {"role": "advocate", "counterpart_member_id": str(friend_id)}
    report = make.an_activity_report(ActivityKind.REFERRAL, attributes=attributes)
    points.activities.record_activity(TILL, make.record_activity(member_id, report)).unwrap()
    left = replace(points.people.standings[friend_id], status=MemberStatus.TERMINATED, member_version=9)
    with points.storage.transaction() as tx:
        tx.known_members.put(left)
    again = points.activities.record_activity(TILL, make.record_activity(member_id, report))
    assert (again.replayed, again.unwrap().activity.points_earned) == (True, 500)


def test_while_members_is_away_a_new_counterpart_is_unknown_for_now(
    points: Points, monkeypatch: pytest.MonkeyPatch
) -> None:
    member_id, friend_id = points.member(), points.member()
    refer(points, member_id, None)

    def away(*_: object) -> None:
        raise MemberUnknownForNow("members is away")

    monkeypatch.setattr(points.people, "member", away)
    with pytest.raises(MemberUnknownForNow):
        refer(points, member_id, friend_id)
