"""Requests about members, and members on the wire."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from loyalty.members.v1 import members_pb2 as pb

from kit.errors import Invalid
from services.members.convert import members as convert
from services.members.domain.identifiers import IdentifierKind
from services.members.domain.profiles import Profile, ProfileChanges
from tests.factories.members import card, identifier, member, new_id
from tests.fixtures.edge import read


def update(**profile: str) -> pb.UpdateMemberRequest:
    return pb.UpdateMemberRequest(
        program_id=new_id(), request_id="wish-1", member_id=new_id(), profile=pb.Profile(**profile)
    )


def test_absent_fields_are_not_named_and_empty_ones_are() -> None:
    command = read(convert.update_member, update(given_name=" Amina ", birth_date="", language="ur"))
    assert command.changes == ProfileChanges(
        ("given_name", "birth_date", "language"), Profile(given_name="Amina", language="ur")
    )
    assert read(convert.update_member, update()).changes == ProfileChanges((), Profile())


@pytest.mark.parametrize(
    ("profile", "field"),
    [
        ({"given_name": "n" * 101}, "profile.given_name"),
        ({"family_name": "a\nb"}, "profile.family_name"),
        ({"birth_date": "28.2.1990"}, "profile.birth_date"),
        ({"birth_date": "1990-02-30"}, "profile.birth_date"),
        ({"language": "Urdu, please"}, "profile.language"),
        ({"language": "ur" + "-Arab" * 8}, "profile.language"),
    ],
)
def test_a_malformed_profile_is_refused_by_its_field(profile: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read(convert.update_member, update(**profile))
    assert refusal.value.field == field


@pytest.mark.parametrize("language", ["en", "ur", "en-GB", "ur-Arab-PK", "zh-Hant-TW", "de-CH-1996", "en-x-us"])
def test_languages_are_given_as_tags(language: str) -> None:
    assert read(convert.update_member, update(language=language)).changes.values.language == language


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"program_id": "mine"}, "program_id"),
        ({"request_id": ""}, "request_id"),
        ({"identifiers": []}, "identifiers"),
        ({"identifiers": [card(str(number)) for number in range(21)]}, "identifiers"),
        ({"identifiers": [card("1"), pb.NewIdentifier(value="2")]}, "identifiers[1].kind"),
        ({"identifiers": [card("1"), card("")]}, "identifiers[1].value"),
        ({"identifiers": [card("1"), card("n" * 255)]}, "identifiers[1].value"),
        ({"identifiers": [card("\x00")]}, "identifiers[0].value"),
    ],
)
def test_a_malformed_enrolment_is_refused_by_its_field(changes: dict[str, Any], field: str) -> None:
    good: dict[str, Any] = {"program_id": new_id(), "request_id": "wish-1", "identifiers": [card("1")]}
    read(convert.enrol, pb.EnrolRequest(**good))
    with pytest.raises(Invalid) as refusal:
        read(convert.enrol, pb.EnrolRequest(**(good | changes)))
    assert refusal.value.field == field


@pytest.mark.parametrize("version", [-1, -(2**63)])
def test_a_version_is_not_negative(version: int) -> None:
    request = update()
    request.expected_version = version
    with pytest.raises(Invalid) as refusal:
        read(convert.update_member, request)
    assert refusal.value.field == "expected_version"


@pytest.mark.parametrize(("reason", "fits"), [("", False), ("r", True), ("r" * 500, True), ("r" * 501, False)])
def test_a_reason_has_one_to_five_hundred_characters(reason: str, fits: bool) -> None:
    request = pb.ChangeMemberStatusRequest(
        program_id=new_id(),
        request_id="wish-1",
        member_id=new_id(),
        status=pb.MEMBER_STATUS_SUSPENDED,
        reason=reason,
    )
    if fits:
        assert read(convert.change_member_status, request).reason == reason
    else:
        with pytest.raises(Invalid):
            read(convert.change_member_status, request)


def test_what_has_not_been_told_is_absent_on_the_wire() -> None:
    assert not convert.member(member()).profile.ListFields()
    told = convert.member(member(profile=Profile("Amina", "", date(1990, 2, 28), ""))).profile
    assert told == pb.Profile(given_name="Amina", birth_date="1990-02-28")


def test_a_member_travels_whole() -> None:
    before = member(identifier("a@b.org", IdentifierKind.EMAIL), version=3)
    sent = convert.member(before)
    assert (sent.member_id, sent.version, sent.status) == (str(before.member_id), 3, pb.MEMBER_STATUS_ACTIVE)
    assert sent.enrolled_at.ToDatetime(before.enrolled_at.tzinfo) == before.enrolled_at
    (found,) = sent.identifiers
    assert (found.kind, found.value) == (pb.IDENTIFIER_KIND_EMAIL, "a@b.org")
    assert found.masked_value == "a•••@b.org"
