"""The chain of `members`: programs, what happened to members, and which keys were granted and revoked."""

from __future__ import annotations

import sqlalchemy as sa
from loyalty.members.v1 import members_pb2 as pb

from kit.migrations.grants import grants_of
from services.members import tables
from services.members.chain import FACETS
from tests.factories.members import Caller, card
from tests.fixtures.tampering import sealed, unnoticed

UNSEALED = {"seals"}


def test_whatever_is_tampered_with_is_found(caller: Caller, engine: sa.Engine, serving_engine: sa.Engine) -> None:
    program_id = caller.program()
    member = caller.member(program_id, card("9820000000000017"))
    caller.change_status(member, pb.MEMBER_STATUS_SUSPENDED)
    keys = [caller.create_api_key(program_id).response.api_key for _ in range(3)]
    caller.revoke_api_key(program_id, keys[0].api_key_id)
    rows = sealed(serving_engine, "members", FACETS)
    assert rows.keys() == {facet.name for facet in FACETS}
    assert unnoticed(engine, "members", tables.metadata, FACETS) == []


def test_what_is_only_appended_is_sealed() -> None:
    appended = {name for name, rights in grants_of("members").items() if rights.is_append_only}
    assert appended - {facet.table for facet in FACETS} == UNSEALED
