"""Changing a member's profile and status."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from loyalty.members.v1 import members_pb2 as pb

from tests.factories.members import Caller, card, new_id, refused

AMINA = pb.Profile(given_name="Amina", family_name="Qureshi", birth_date="1990-02-28", language="ur")
GOLD = pb.Traits(tier="gold", segments=["vip", "old"], attributes={"city": "Lahore"})


def test_absent_fields_stay_and_empty_ones_are_cleared(caller: Caller) -> None:
    program = caller.program()
    member = caller.member(program, profile=AMINA)

    changed = caller.update(member, pb.Profile(given_name="Aminah", birth_date="")).response.member

    assert changed.profile == pb.Profile(given_name="Aminah", family_name="Qureshi", language="ur")
    assert changed.version == 2
    assert caller.get(program, member.member_id) == changed


def test_a_change_that_changes_nothing_makes_no_version(caller: Caller) -> None:
    member = caller.member(caller.program(), profile=AMINA)
    assert caller.update(member, AMINA).response.member == member
    assert caller.update(member, pb.Profile()).response.member == member
    assert caller.change_status(member, pb.MEMBER_STATUS_ACTIVE).response.member == member


def test_traits_are_replaced_as_a_whole(caller: Caller) -> None:
    program = caller.program()
    member = caller.member(program, profile=AMINA)
    assert member.traits == pb.Traits()

    first = caller.set_traits(member, GOLD).response.member
    second = caller.set_traits(member, pb.Traits(segments=["vip"])).response.member

    assert first.traits == pb.Traits(tier="gold", segments=["old", "vip"], attributes={"city": "Lahore"})
    assert second.traits == pb.Traits(segments=["vip"])
    assert (first.version, second.version, second.profile) == (2, 3, AMINA)
    assert caller.get(program, member.member_id) == second


def test_other_changes_leave_traits_alone(caller: Caller) -> None:
    member = caller.member(caller.program())
    traits = caller.set_traits(member, GOLD).response.member.traits
    assert caller.update(member, AMINA).response.member.traits == traits
    assert caller.add(member, card("4711")).response.member.traits == traits
    assert caller.change_status(member, pb.MEMBER_STATUS_EARN_ONLY).response.member.traits == traits


def test_the_same_traits_again_are_no_change_and_no_event(caller: Caller, engine: sa.Engine) -> None:
    member = caller.member(caller.program())
    once = caller.set_traits(member, GOLD).response.member
    again = pb.Traits(tier=" gold ", segments=["old", "vip", "old"], attributes={"city": "Lahore"})
    assert caller.set_traits(member, again, expected_version=2).response.member == once
    events = sa.text("SELECT type, payload - 'status' AS told FROM outbox WHERE aggregateid = :m ORDER BY version")
    with engine.connect() as connection:
        enrolled, changed = connection.execute(events, {"m": member.member_id}).all()
    assert (enrolled.type, enrolled.told) == ("member.enrolled", {"tier": "", "segments": [], "attributes": {}})
    assert changed.type == "member.traits_changed"
    assert changed.told == {"tier": "gold", "segments": ["old", "vip"], "attributes": {"city": "Lahore"}}


def test_a_change_decided_on_an_old_version_is_refused(caller: Caller) -> None:
    program = caller.program()
    member = caller.member(program)
    caller.update(member, AMINA, expected_version=1)
    with refused("VERSION_MISMATCH", expected_version=1, version=2):
        caller.update(member, pb.Profile(given_name="Else"), expected_version=1)
    with refused("VERSION_MISMATCH", expected_version=3, version=2):
        caller.change_status(member, pb.MEMBER_STATUS_SUSPENDED, expected_version=3)
    with refused("VERSION_MISMATCH", expected_version=1, version=2):
        caller.set_traits(member, GOLD, expected_version=1)
    assert caller.get(program, member.member_id).profile == AMINA
    assert caller.change_status(member, pb.MEMBER_STATUS_SUSPENDED, expected_version=2).response.member.version == 3


def test_a_birth_date_in_the_future_is_refused(caller: Caller) -> None:
    member = caller.member(caller.program())
    with refused("INVALID_FIELD", field="profile.birth_date"):
        caller.update(member, pb.Profile(birth_date="2999-01-01"))


def test_a_member_goes_from_any_status_to_any_other(caller: Caller) -> None:
    member = caller.member(caller.program())
    for status in (
        pb.MEMBER_STATUS_SUSPENDED,
        pb.MEMBER_STATUS_EARN_ONLY,
        pb.MEMBER_STATUS_ACTIVE,
        pb.MEMBER_STATUS_TERMINATED,
    ):
        assert caller.change_status(member, status).response.member.status == status


@pytest.mark.parametrize("status", [pb.MEMBER_STATUS_ACTIVE, pb.MEMBER_STATUS_SUSPENDED, pb.MEMBER_STATUS_EARN_ONLY])
def test_a_terminated_member_stays_terminated(caller: Caller, status: pb.MemberStatus.ValueType) -> None:
    program = caller.program()
    member = caller.member(program)
    gone = caller.change_status(member, pb.MEMBER_STATUS_TERMINATED).response.member
    with refused("MEMBER_TERMINATED"):
        caller.change_status(member, status)
    with refused("MEMBER_TERMINATED"):
        caller.update(member, AMINA)
    with refused("MEMBER_TERMINATED"):
        caller.set_traits(member, GOLD)
    with refused("MEMBER_TERMINATED"):
        caller.add(member, card("another"))
    assert caller.change_status(member, pb.MEMBER_STATUS_TERMINATED).response.member == gone


def test_a_terminated_member_is_still_found(caller: Caller) -> None:
    program = caller.program()
    member = caller.member(program, card("4711"))
    caller.change_status(member, pb.MEMBER_STATUS_TERMINATED)
    assert caller.resolve(program, card("4711")).status == pb.MEMBER_STATUS_TERMINATED
    with refused("IDENTIFIER_TAKEN"):
        caller.enrol(program, card("4711"))


def test_the_version_is_judged_before_the_status(caller: Caller) -> None:
    member = caller.member(caller.program())
    caller.change_status(member, pb.MEMBER_STATUS_TERMINATED)
    with refused("VERSION_MISMATCH"):
        caller.update(member, AMINA, expected_version=1)


def test_a_status_is_given_with_a_reason(caller: Caller) -> None:
    member = caller.member(caller.program())
    with refused("INVALID_FIELD", field="reason"):
        caller.change_status(member, pb.MEMBER_STATUS_SUSPENDED, reason="")
    with refused("INVALID_FIELD", field="status"):
        caller.change_status(member, pb.MEMBER_STATUS_UNSPECIFIED)


def test_a_member_of_nobody_cannot_be_changed(caller: Caller) -> None:
    nobody = pb.Member(program_id=caller.program(), member_id=new_id())
    with refused("MEMBER_NOT_FOUND"):
        caller.update(nobody, AMINA)
    with refused("MEMBER_NOT_FOUND"):
        caller.change_status(nobody, pb.MEMBER_STATUS_SUSPENDED)
    with refused("MEMBER_NOT_FOUND"):
        caller.set_traits(nobody, GOLD)
    with refused("MEMBER_NOT_FOUND"):
        caller.add(nobody, card("1"))
    with refused("MEMBER_NOT_FOUND"):
        caller.remove(nobody, new_id())


def test_a_member_cannot_be_changed_from_another_program(caller: Caller) -> None:
    member = caller.member(caller.program())
    member.program_id = caller.program()
    with refused("MEMBER_NOT_FOUND"):
        caller.update(member, AMINA)
    with refused("MEMBER_NOT_FOUND"):
        caller.set_traits(member, GOLD)
