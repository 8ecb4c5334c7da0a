"""Every step of a member's life."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from pydantic import TypeAdapter

from kit.errors import Invalid
from services.members.domain import members
from services.members.domain.commands import ChangeMemberStatus, Enrol, SetMemberTraits, UpdateMember
from services.members.domain.errors import (
    IdentifierNotFound,
    LastIdentifier,
    MemberTerminated,
    TooManyIdentifiers,
    VersionMismatch,
)
from services.members.domain.identifiers import IdentifierKind, NewIdentifier
from services.members.domain.members import ChangeKind, Member
from services.members.domain.profiles import Profile, ProfileChanges
from services.members.domain.statuses import MemberStatus
from services.members.domain.traits import Traits, canonical
from tests.factories.members import NOON, identifier, member

LATER = NOON + timedelta(minutes=5)
TERMINATED = MemberStatus.TERMINATED


def update(changes: ProfileChanges, expected_version: int = 0) -> UpdateMember:
    return UpdateMember(uuid.uuid4(), "wish-1", uuid.uuid4(), expected_version, changes)


def rename(name: str = "Amina") -> UpdateMember:
    return update(ProfileChanges(("given_name",), Profile(given_name=name)))


def become(status: MemberStatus, expected_version: int = 0) -> ChangeMemberStatus:
    return ChangeMemberStatus(uuid.uuid4(), "wish-1", uuid.uuid4(), expected_version, status, "as agreed")


def be(traits: Traits, expected_version: int = 0) -> SetMemberTraits:
    return SetMemberTraits(uuid.uuid4(), "wish-1", uuid.uuid4(), expected_version, traits)


def card(value: str) -> NewIdentifier:
    return NewIdentifier(IdentifierKind.CARD, value)


def test_a_new_member_is_active_and_at_version_one() -> None:
    command = Enrol(uuid.uuid4(), "wish-1", (), Profile(given_name="Amina"))
    member_id, identifier_id = uuid.uuid4(), uuid.uuid4()
    change = members.enrol(command, [card("1")], member_id, [identifier_id], NOON)
    enrolled = change.member
    assert (enrolled.member_id, enrolled.program_id) == (member_id, command.program_id)
    assert (enrolled.status, enrolled.version, enrolled.enrolled_at) == (MemberStatus.ACTIVE, 1, NOON)
    assert [(each.identifier_id, each.value) for each in enrolled.identifiers] == [(identifier_id, "1")]
    assert change.kind is ChangeKind.ENROLLED


def test_a_change_of_the_profile_names_the_fields_that_differ() -> None:
    before = member(profile=Profile(given_name="Amina", language="ur"))
    changes = ProfileChanges(("given_name", "family_name", "language"), Profile("Amina", "Qureshi", None, ""))
    change = members.update(before, update(changes), LATER)
    assert change is not None
    assert change.fields == ("family_name", "language")
    assert change.member.profile == Profile("Amina", "Qureshi")
    assert (change.member.version, change.member.updated_at) == (2, LATER)


def test_fields_that_are_not_named_stay() -> None:
    before = member(profile=Profile("Amina", "Qureshi", date(1990, 2, 28), "ur"))
    change = members.update(before, rename("Aminah"), LATER)
    assert change is not None
    assert change.member.profile == Profile("Aminah", "Qureshi", date(1990, 2, 28), "ur")


def test_a_child_born_today_where_it_is_tomorrow_already_is_no_error() -> None:
    for days, allowed in ((0, True), (1, True), (2, False)):
        command = update(ProfileChanges(("birth_date",), Profile(birth_date=NOON.date() + timedelta(days=days))))
        if allowed:
            assert members.update(member(), command, NOON) is not None
        else:
            with pytest.raises(Invalid):
                members.update(member(), command, NOON)


def test_what_is_already_so_is_no_change() -> None:
    before = member(identifier("1"), profile=Profile(given_name="Amina"))
    assert members.update(before, rename("Amina"), LATER) is None
    assert members.change_status(before, become(MemberStatus.ACTIVE), LATER) is None
    assert members.change_status(member(status=TERMINATED), become(TERMINATED), LATER) is None
    assert members.set_traits(before, be(Traits()), LATER) is None
    assert members.add_identifier(before, card("1"), uuid.uuid4(), LATER) is None


@pytest.mark.parametrize("expected_version", [1, 3])
def test_a_change_is_decided_on_the_present_version(expected_version: int) -> None:
    for status in MemberStatus:
        before = member(status=status, version=2)
        with pytest.raises(VersionMismatch) as refusal:
            members.change_status(before, become(TERMINATED, expected_version), LATER)
        assert refusal.value.metadata == {"expected_version": str(expected_version), "version": "2"}
        with pytest.raises(VersionMismatch):
            members.update(before, update(ProfileChanges((), Profile()), expected_version), LATER)
        with pytest.raises(VersionMismatch):
            members.set_traits(before, be(Traits("gold"), expected_version), LATER)


@pytest.mark.parametrize("before", MemberStatus)
@pytest.mark.parametrize("after", MemberStatus)
def test_any_status_follows_any_but_nothing_follows_terminated(before: MemberStatus, after: MemberStatus) -> None:
    there = member(status=before)
    if before is after:
        assert members.change_status(there, become(after), LATER) is None
    elif before is TERMINATED:
        with pytest.raises(MemberTerminated):
            members.change_status(there, become(after), LATER)
    else:
        change = members.change_status(there, become(after), LATER)
        assert change is not None
        assert (change.member.status, change.reason) == (after, "as agreed")


def test_new_traits_take_the_place_of_all_former_ones() -> None:
    before = member(traits=Traits("gold", ("vip",), {"city": "Lahore"}), profile=Profile(given_name="Amina"))
    change = members.set_traits(before, be(Traits(segments=("old",))), LATER)
    assert change is not None
    assert (change.kind, change.member.traits) == (ChangeKind.TRAITS_CHANGED, Traits(segments=("old",)))
    assert (change.member.version, change.member.updated_at) == (2, LATER)
    assert (change.member.profile, change.member.status) == (before.profile, before.status)


def test_traits_in_another_order_are_the_same_traits() -> None:
    before = member(traits=canonical("", ["vip", "old", "vip"], {"b": "2", "a": "1"}))
    assert before.traits.segments == ("old", "vip")
    again = canonical("", ["old", "vip"], {"a": "1", "b": "2"})
    assert members.set_traits(before, be(again), LATER) is None


def test_an_answer_of_before_traits_is_of_a_member_who_has_none() -> None:
    adapter, before = TypeAdapter(Member), member(identifier("1"))
    stored = adapter.dump_python(before, mode="json")
    del stored["traits"]
    assert adapter.validate_json(adapter.dump_json(before)) == before
    assert adapter.validate_python(stored) == before


def test_a_terminated_member_is_not_changed() -> None:
    gone = member(status=TERMINATED)
    with pytest.raises(MemberTerminated):
        members.update(gone, rename(), LATER)
    with pytest.raises(MemberTerminated):
        members.set_traits(gone, be(Traits()), LATER)
    with pytest.raises(MemberTerminated):
        members.add_identifier(gone, card("2"), uuid.uuid4(), LATER)


def test_twenty_identifiers_are_enough() -> None:
    full = member(*(identifier(str(number)) for number in range(20)))
    with pytest.raises(TooManyIdentifiers):
        members.add_identifier(full, card("20"), uuid.uuid4(), LATER)
    assert members.add_identifier(full, card("19"), uuid.uuid4(), LATER) is None


def test_an_added_identifier_comes_last() -> None:
    before = member(identifier("1"))
    added = members.add_identifier(before, card("2"), uuid.uuid4(), LATER)
    assert added is not None
    change, new = added
    assert change.member.identifiers == (*before.identifiers, new)
    assert (new.value, new.added_at) == ("2", LATER)


def test_a_removed_identifier_is_gone_and_the_others_stay() -> None:
    one, two, three = identifier("1"), identifier("2"), identifier("3")
    change, removed = members.remove_identifier(member(one, two, three), two.identifier_id, LATER)
    assert removed == two
    assert change.member.identifiers == (one, three)
    with pytest.raises(IdentifierNotFound):
        members.remove_identifier(change.member, two.identifier_id, LATER)


def test_the_last_identifier_goes_only_with_the_member() -> None:
    only = identifier("1")
    for status in MemberStatus:
        if status is TERMINATED:
            change, _ = members.remove_identifier(member(only, status=status), only.identifier_id, LATER)
            assert change.member.identifiers == ()
        else:
            with pytest.raises(LastIdentifier):
                members.remove_identifier(member(only, status=status), only.identifier_id, LATER)


def test_time_never_runs_backwards_for_a_member() -> None:
    before: Member = member()
    earlier = NOON - timedelta(seconds=3)
    change = members.update(before, rename(), earlier)
    assert change is not None
    assert change.member.updated_at == NOON


def test_neither_a_profile_nor_a_reason_shows_in_a_repr() -> None:
    change = members.change_status(member(profile=Profile("Amina")), become(TERMINATED), LATER)
    assert "Amina" not in repr(change)
    assert "agreed" not in repr(change)
    assert "agreed" not in repr(become(TERMINATED))
