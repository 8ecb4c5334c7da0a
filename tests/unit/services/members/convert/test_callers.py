"""Requests about programs and API keys."""

from __future__ import annotations

import uuid

import pytest
from loyalty.members.v1 import members_pb2 as pb

from kit.errors import Invalid
from services.members.convert import callers as convert
from services.members.domain.callers import CallerRole
from tests.factories.members import new_id
from tests.fixtures.edge import read
from tests.fixtures.pages import with_token


def test_a_program_is_read_whole() -> None:
    program_id = new_id()
    request = pb.CreateProgramRequest(
        request_id="wish-1", program_id=program_id, name=" Bazaar ", currency="PKR", region="PK"
    )
    command = read(convert.create_program, request)
    assert (str(command.program_id), command.name, command.currency, command.region) == (
        program_id,
        "Bazaar",
        "PKR",
        "PK",
    )


@pytest.mark.parametrize("region", ["", "pk", "PAK", "P1"])
def test_a_region_has_two_capital_letters(region: str) -> None:
    request = pb.CreateProgramRequest(
        request_id="wish-1", program_id=new_id(), name="Bazaar", currency="PKR", region=region
    )
    with pytest.raises(Invalid) as refusal:
        read(convert.create_program, request)
    assert refusal.value.field == "region"


@pytest.mark.parametrize("role", CallerRole)
def test_every_role_is_read(role: CallerRole) -> None:
    request = pb.CreateApiKeyRequest(
        program_id=new_id(), request_id="wish-1", name="till 4", role=convert.ROLES.to_proto(role)
    )
    assert read(convert.create_api_key, request).role is role


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_hash_has_thirty_two_bytes(length: int) -> None:
    with pytest.raises(Invalid):
        read(convert.authenticate_api_key, pb.AuthenticateApiKeyRequest(key_hash=bytes(length)))


def test_a_token_of_a_list_is_read_again() -> None:
    sort_key = ("Bazaar", new_id())
    assert read(convert.list_programs, with_token(pb.ListProgramsRequest(), *sort_key)).after == sort_key


@pytest.mark.parametrize("sort_key", [("Bazaar", "not an id"), ("\x00", str(uuid.uuid4())), ("", str(uuid.uuid4()))])
def test_a_token_that_was_made_up_is_refused(sort_key: tuple[str, str]) -> None:
    with pytest.raises(Invalid) as refusal:
        read(convert.list_programs, with_token(pb.ListProgramsRequest(), *sort_key))
    assert refusal.value.field == "page_token"
