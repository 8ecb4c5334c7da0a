"""Enrolling members and finding them again."""

from __future__ import annotations

import pytest
from loyalty.members.v1 import members_pb2 as pb

from tests.factories.members import Caller, card, email, external_id, new_id, phone, refused


def test_a_member_is_found_by_each_of_their_identifiers(caller: Caller) -> None:
    program = caller.program()
    profile = pb.Profile(given_name="Amina", family_name="Qureshi", birth_date="1990-02-28", language="ur")
    every = (card("4711"), phone("0301 2345678"), email("Amina@Example.org"), external_id("crm-9"))

    member = caller.enrol(program, *every, profile=profile).response.member

    for identifier in every:
        assert caller.resolve(program, identifier) == member
    assert caller.get(program, member.member_id) == member
    assert member.profile == profile
    assert (member.status, member.version) == (pb.MEMBER_STATUS_ACTIVE, 1)
    assert member.enrolled_at == member.updated_at
    assert [each.value for each in member.identifiers] == ["4711", "+923012345678", "amina@example.org", "crm-9"]
    assert [each.masked_value for each in member.identifiers] == ["••••", "•••• 5678", "a•••@example.org", "••••"]


def test_a_member_without_a_profile_is_welcome(caller: Caller) -> None:
    member = caller.member(caller.program())
    assert member.profile == pb.Profile()


def test_a_phone_written_in_two_ways_is_one_identifier(caller: Caller) -> None:
    program = caller.program(region="PK")
    member = caller.member(program, phone("0301-2345678"))
    for written in ("+92 301 2345678", "00923012345678", "(0301) 2345 678"):
        assert caller.resolve(program, phone(written)).member_id == member.member_id
        with refused("IDENTIFIER_TAKEN"):
            caller.enrol(program, phone(written))


def test_a_phone_is_read_by_the_rules_of_the_programs_region(caller: Caller) -> None:
    british, pakistani = caller.program(region="GB"), caller.program(region="PK")
    assert caller.member(british, phone("07400 123456")).identifiers[0].value == "+447400123456"
    with refused("INVALID_FIELD", field="identifiers[0].value"):
        caller.enrol(pakistani, phone("07400 123456"))


def test_small_and_capital_letters_differ_in_cards_and_not_in_addresses(caller: Caller) -> None:
    program = caller.program()
    one, other = caller.member(program, card("ab-1")), caller.member(program, card("AB-1"))
    assert one.member_id != other.member_id
    caller.member(program, email("amina@example.org"))
    with refused("IDENTIFIER_TAKEN"):
        caller.enrol(program, email(" AMINA@example.ORG "))


def test_the_same_value_of_another_kind_is_another_identifier(caller: Caller) -> None:
    program = caller.program()
    assert caller.member(program, card("9000")).member_id != caller.member(program, external_id("9000")).member_id


def test_the_same_identifier_in_another_program_is_another_member(caller: Caller) -> None:
    one, other = caller.program(), caller.program()
    first, second = caller.member(one, card("4711")), caller.member(other, card("4711"))
    assert first.member_id != second.member_id
    assert caller.resolve(one, card("4711")) == first
    assert caller.resolve(other, card("4711")) == second


def test_an_identifier_of_another_member_is_refused_by_its_field(caller: Caller) -> None:
    program = caller.program()
    caller.member(program, card("4711"))
    with refused("IDENTIFIER_TAKEN", field="identifiers[1]"):
        caller.enrol(program, card("new"), card("4711"))
    # Nothing of the refused request stays.
    with refused("MEMBER_NOT_FOUND"):
        caller.resolve(program, card("new"))


def test_the_same_identifier_twice_in_a_request_is_malformed(caller: Caller) -> None:
    with refused("INVALID_FIELD", field="identifiers[2]"):
        caller.enrol(caller.program(), phone("03012345678"), card("1"), phone("+923012345678"))


@pytest.mark.parametrize("count", [0, 21])
def test_a_member_has_one_to_twenty_identifiers_from_the_start(caller: Caller, count: int) -> None:
    with refused("INVALID_FIELD", field="identifiers"):
        caller.enrol(caller.program(), *(card(str(number)) for number in range(count)))


def test_twenty_identifiers_stay_in_the_order_they_were_given(caller: Caller) -> None:
    program = caller.program()
    wanted = [str(number) for number in range(20, 0, -1)]
    member = caller.member(program, *map(card, wanted))
    assert [each.value for each in caller.get(program, member.member_id).identifiers] == wanted


def test_a_birth_date_in_the_future_is_refused(caller: Caller) -> None:
    with refused("INVALID_FIELD", field="profile.birth_date"):
        caller.enrol(caller.program(), card("1"), profile=pb.Profile(birth_date="2999-01-01"))


def test_nobody_is_enrolled_in_a_program_that_does_not_exist(caller: Caller) -> None:
    program = new_id()
    with refused("PROGRAM_NOT_FOUND", program_id=program):
        caller.enrol(program, card("1"))
    with refused("PROGRAM_NOT_FOUND", program_id=program):
        caller.resolve(program, card("1"))


def test_an_unknown_identifier_finds_nobody(caller: Caller) -> None:
    with refused("MEMBER_NOT_FOUND"):
        caller.resolve(caller.program(), card("4711"))


def test_a_phone_that_cannot_exist_is_malformed_when_looked_up(caller: Caller) -> None:
    with refused("INVALID_FIELD", field="identifier.value"):
        caller.resolve(caller.program(), phone("12"))


def test_a_member_is_not_seen_from_another_program(caller: Caller) -> None:
    member = caller.member(caller.program())
    with refused("MEMBER_NOT_FOUND"):
        caller.get(caller.program(), member.member_id)
