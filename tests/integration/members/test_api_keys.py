"""API keys: shown once, recognised by hash, revoked for good."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from loyalty.members.v1 import members_pb2 as pb

from kit import apikey
from tests.factories.members import Caller, new_id, refused


def test_a_key_authenticates_by_its_hash(caller: Caller) -> None:
    program = caller.program()
    created = caller.create_api_key(program, name="till 4", role=pb.CALLER_ROLE_TILL).response
    assert apikey.looks_right(created.secret)
    assert created.secret.startswith(created.api_key.prefix + "_")
    assert caller.authenticate(apikey.hash_of(created.secret)) == created.api_key
    assert (created.api_key.program_id, created.api_key.name) == (program, "till 4")
    assert not created.api_key.HasField("revoked_at")


@pytest.mark.parametrize("role", [pb.CALLER_ROLE_TILL, pb.CALLER_ROLE_APP, pb.CALLER_ROLE_STAFF, pb.CALLER_ROLE_ADMIN])
def test_every_role_can_have_a_key_and_shows_in_it(caller: Caller, role: pb.CallerRole.ValueType) -> None:
    created = caller.create_api_key(caller.program(), role=role).response
    assert created.api_key.role == role
    assert created.secret.split("_")[1] == pb.CallerRole.Name(role).removeprefix("CALLER_ROLE_").lower()


def test_a_key_is_shown_once(caller: Caller) -> None:
    program = caller.program()
    created = caller.create_api_key(program, request_id="till-4").response
    with refused("API_KEY_ALREADY_SHOWN", api_key_id=created.api_key.api_key_id):
        caller.create_api_key(program, request_id="till-4")
    assert list(caller.list_api_keys(program).api_keys) == [created.api_key]


def test_another_key_under_the_same_request_id_is_refused(caller: Caller) -> None:
    program = caller.program()
    caller.create_api_key(program, request_id="till-4", name="till 4")
    with refused("IDEMPOTENCY_KEY_REUSED", fields="name"):
        caller.create_api_key(program, request_id="till-4", name="till 5")


def test_no_table_holds_a_key(caller: Caller, engine: sa.Engine) -> None:
    secret = caller.create_api_key(caller.program()).response.secret.split("_")[3]
    with engine.connect() as connection:
        for table in ("api_keys", "stored_answers", "outbox"):
            rows = connection.execute(sa.text(f"SELECT t::text FROM {table} AS t")).scalars().all()  # noqa: S608 - words of the tests
            # Sealed or not, in the clear or as the hexadecimal that bytes are shown in.
            assert not [row for row in rows if secret in row or secret.encode().hex() in row]


def test_a_revoked_key_authenticates_nobody(caller: Caller) -> None:
    program = caller.program()
    created = caller.create_api_key(program).response
    revoked = caller.revoke_api_key(program, created.api_key.api_key_id).response.api_key
    assert revoked.HasField("revoked_at")
    with refused("API_KEY_REVOKED"):
        caller.authenticate(apikey.hash_of(created.secret))


def test_revoking_a_revoked_key_changes_nothing(caller: Caller) -> None:
    program = caller.program()
    api_key_id = caller.create_api_key(program).response.api_key.api_key_id
    once = caller.revoke_api_key(program, api_key_id).response
    assert caller.revoke_api_key(program, api_key_id).response == once


def test_an_unknown_key_authenticates_nobody(caller: Caller) -> None:
    with refused("API_KEY_UNKNOWN"):
        caller.authenticate(bytes(32))
    with refused("INVALID_FIELD", field="key_hash"):
        caller.authenticate(bytes(31))


def test_a_key_of_another_program_cannot_be_revoked(caller: Caller) -> None:
    api_key_id = caller.create_api_key(caller.program()).response.api_key.api_key_id
    with refused("API_KEY_NOT_FOUND", api_key_id=api_key_id):
        caller.revoke_api_key(caller.program(), api_key_id)


def test_a_key_belongs_to_a_program_that_exists(caller: Caller) -> None:
    program = new_id()
    with refused("PROGRAM_NOT_FOUND", program_id=program):
        caller.create_api_key(program)


def test_a_malformed_key_is_refused_by_its_field(caller: Caller) -> None:
    with refused("INVALID_FIELD", field="name"):
        caller.create_api_key(caller.program(), name=" ")
    with refused("INVALID_FIELD", field="role"):
        caller.create_api_key(caller.program(), role=pb.CALLER_ROLE_UNSPECIFIED)


def test_keys_are_listed_oldest_first_and_by_program(caller: Caller) -> None:
    program, other = caller.program(), caller.program()
    created = [caller.create_api_key(program, name=f"till {number}").response.api_key for number in range(5)]
    caller.create_api_key(other)
    first = caller.list_api_keys(program, page_size=3)
    second = caller.list_api_keys(program, page_size=3, page_token=first.next_page_token)
    assert [*first.api_keys, *second.api_keys] == created
    assert not second.next_page_token


def test_a_token_that_was_made_up_is_refused(caller: Caller) -> None:
    with refused("INVALID_FIELD", field="page_token"):
        caller.list_api_keys(caller.program(), page_token="WyJhIl0")


def test_a_key_is_the_first_of_its_caller_and_the_next_one_takes_the_caller_over(caller: Caller) -> None:
    program = caller.program()
    first = caller.create_api_key(program).response.api_key
    second = caller.create_api_key(program, replaces=first.api_key_id).response
    third = caller.create_api_key(program, replaces=second.api_key.api_key_id).response.api_key
    assert first.caller_id == first.api_key_id
    assert second.api_key.caller_id == third.caller_id == first.caller_id
    assert caller.authenticate(apikey.hash_of(second.secret)).caller_id == first.caller_id
    assert not caller.list_api_keys(program).api_keys[0].HasField("revoked_at")


def test_a_key_that_was_revoked_can_be_replaced(caller: Caller) -> None:
    program = caller.program()
    first = caller.create_api_key(program).response.api_key
    caller.revoke_api_key(program, first.api_key_id)
    assert caller.create_api_key(program, replaces=first.api_key_id).response.api_key.caller_id == first.caller_id


def test_a_caller_keeps_its_role_and_its_program(caller: Caller) -> None:
    program = caller.program()
    till = caller.create_api_key(program, role=pb.CALLER_ROLE_TILL).response.api_key.api_key_id
    with refused("CALLER_ROLE_DIFFERS", role="till"):
        caller.create_api_key(program, role=pb.CALLER_ROLE_ADMIN, replaces=till)
    with refused("API_KEY_NOT_FOUND", api_key_id=till):
        caller.create_api_key(caller.program(), replaces=till)
    with refused("INVALID_FIELD", field="replaces_api_key_id"):
        caller.create_api_key(program, replaces="till 4")
    assert len(caller.list_api_keys(program).api_keys) == 1


def test_a_key_made_before_callers_had_names_is_the_first_of_its_caller(caller: Caller, engine: sa.Engine) -> None:
    program = caller.program()
    created = caller.create_api_key(program).response
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE api_keys SET caller_id = NULL"))
    old = caller.authenticate(apikey.hash_of(created.secret))
    assert old.caller_id == old.api_key_id
    assert caller.create_api_key(program, replaces=old.api_key_id).response.api_key.caller_id == old.api_key_id


def test_each_change_of_a_key_is_announced_once_and_without_its_secret(caller: Caller, engine: sa.Engine) -> None:
    program = caller.program()
    created = caller.create_api_key(program).response
    for _ in range(2):
        caller.revoke_api_key(program, created.api_key.api_key_id)
    with engine.connect() as connection:
        query = sa.text("SELECT type, version, payload FROM outbox WHERE aggregateid = :id ORDER BY version")
        rows = connection.execute(query, {"id": created.api_key.api_key_id}).all()
    payload = {"role": "till", "caller_id": created.api_key.caller_id}
    assert [tuple(row) for row in rows] == [("api_key.created", 1, payload), ("api_key.revoked", 2, payload)]
