"""Adding and removing what a member is found by."""

from __future__ import annotations

from loyalty.members.v1 import members_pb2 as pb

from tests.factories.members import Caller, card, email, new_id, phone, refused


def test_an_added_identifier_comes_last_and_finds_the_member(caller: Caller) -> None:
    program = caller.program()
    member = caller.member(program, card("4711"))

    changed = caller.add(member, phone("0301 2345678")).response.member

    assert [each.value for each in changed.identifiers] == ["4711", "+923012345678"]
    assert changed.version == 2
    assert changed.identifiers[1].added_at == changed.updated_at
    assert caller.resolve(program, phone("+923012345678")) == changed


def test_an_identifier_that_the_member_has_already_changes_nothing(caller: Caller) -> None:
    member = caller.member(caller.program(), email("amina@example.org"))
    assert caller.add(member, email("Amina@Example.org")).response.member == member


def test_an_identifier_of_another_member_is_refused(caller: Caller) -> None:
    program = caller.program()
    caller.member(program, card("4711"))
    with refused("IDENTIFIER_TAKEN", field="identifier"):
        caller.add(caller.member(program), card("4711"))


def test_a_malformed_identifier_is_refused_by_its_field(caller: Caller) -> None:
    member = caller.member(caller.program())
    with refused("INVALID_FIELD", field="identifier.value"):
        caller.add(member, email("nobody"))
    with refused("INVALID_FIELD", field="identifier.value"):
        caller.add(member, card("  "))
    with refused("INVALID_FIELD", field="identifier.kind"):
        caller.add(member, pb.NewIdentifier(value="1"))


def test_a_member_has_twenty_identifiers_at_most(caller: Caller) -> None:
    member = caller.member(caller.program(), *(card(str(number)) for number in range(19)))
    member = caller.add(member, card("19")).response.member
    with refused("TOO_MANY_IDENTIFIERS", identifiers_max=20):
        caller.add(member, card("20"))
    assert caller.add(member, card("19")).response.member == member


def test_a_removed_identifier_is_free_for_another_member(caller: Caller) -> None:
    program = caller.program()
    member = caller.member(program, card("4711"), card("4712"))

    changed = caller.remove(member, member.identifiers[0].identifier_id).response.member

    assert [each.value for each in changed.identifiers] == ["4712"]
    assert changed.version == 2
    with refused("MEMBER_NOT_FOUND"):
        caller.resolve(program, card("4711"))
    heir = caller.member(program, card("4711"))
    assert caller.resolve(program, card("4711")) == heir


def test_the_last_identifier_cannot_be_removed(caller: Caller) -> None:
    program = caller.program()
    member = caller.member(program, card("4711"))
    with refused("LAST_IDENTIFIER"):
        caller.remove(member, member.identifiers[0].identifier_id)
    assert caller.resolve(program, card("4711")) == member


def test_even_the_last_identifier_of_a_terminated_member_can_be_freed(caller: Caller) -> None:
    program = caller.program()
    member = caller.member(program, phone("03012345678"))
    caller.change_status(member, pb.MEMBER_STATUS_TERMINATED)

    freed = caller.remove(member, member.identifiers[0].identifier_id).response.member

    assert (list(freed.identifiers), freed.version) == ([], 3)
    assert caller.get(program, member.member_id) == freed
    assert caller.member(program, phone("03012345678")).member_id != member.member_id


def test_an_identifier_of_another_member_cannot_be_removed(caller: Caller) -> None:
    program = caller.program()
    one, other = caller.member(program, card("1"), card("2")), caller.member(program)
    with refused("IDENTIFIER_NOT_FOUND", identifier_id=one.identifiers[0].identifier_id):
        caller.remove(other, one.identifiers[0].identifier_id)
    unknown = new_id()
    with refused("IDENTIFIER_NOT_FOUND", identifier_id=unknown):
        caller.remove(one, unknown)
