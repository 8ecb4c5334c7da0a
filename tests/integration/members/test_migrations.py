"""The migrations make what the tables say."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from loyalty.members.v1 import members_pb2 as pb
from sqlalchemy import exc

from kit import migrations
from services.members import tables
from tests.factories.members import Caller
from tests.fixtures.servers import as_owner


def test_the_migrated_database_is_what_the_tables_say(database_url: str) -> None:
    assert migrations.drift(as_owner(database_url), "members") == []


def test_a_members_tables_lead_their_keys_with_the_member() -> None:
    for table in (tables.members, tables.member_identifiers, tables.member_changes):
        assert next(iter(table.primary_key.columns)).name == "member_id"
        unique = [constraint for constraint in table.constraints if isinstance(constraint, sa.UniqueConstraint)]
        assert all("member_id" in constraint.columns for constraint in unique)
    for table in tables.metadata.sorted_tables:
        assert all(key.column is tables.members.c.member_id for key in table.foreign_keys)


def test_the_database_itself_refuses_what_the_domain_rules_out(engine: sa.Engine) -> None:
    columns = "member_id, program_id, status, version, master_key_id, data_key, enrolled_at, updated_at, "
    columns += "tier, segments, attributes"
    traits = {"tier": "gold", "segments": ["old", "vip"], "attributes": '{"city": "Lahore"}'}
    good = {"status": "active", "version": 1, "id_bytes": 8, "key_bytes": 61} | traits
    for bad in (
        {"status": "asleep"},
        {"version": 0},
        {"id_bytes": 7},
        {"key_bytes": 32},
        {"tier": "t" * 65},
        {"segments": [""]},
        {"segments": [None]},
        {"segments": [str(number) for number in range(51)]},
        {"attributes": '["city"]'},
        {"attributes": '{"city": 7}'},
        {"attributes": '{"city": ["Lahore"]}'},
        {"attributes": json.dumps({f"n{number}": "" for number in range(21)})},
    ):
        insert = sa.text(
            f"INSERT INTO members ({columns}) VALUES (gen_random_uuid(), gen_random_uuid(), :status, :version, "  # noqa: S608 - words of the tests
            "decode(repeat('00', :id_bytes), 'hex'), decode(repeat('00', :key_bytes), 'hex'), now(), now(), "
            ":tier, :segments, CAST(:attributes AS jsonb))"
        )
        with pytest.raises(exc.IntegrityError, match="ck_members_"), engine.begin() as connection:
            connection.execute(insert, good | bad)
    with engine.begin() as connection:
        most = {"segments": [str(number) for number in range(50)], "tier": "t" * 64}
        connection.execute(insert, good | most | {"attributes": json.dumps({f"n{number}": "" for number in range(20)})})


def test_a_change_keeps_traits_where_it_is_one_of_traits(caller: Caller, engine: sa.Engine) -> None:
    member = caller.member(caller.program())
    caller.set_traits(member, pb.Traits(tier="gold"))
    for kind in ("traits_changed", "enrolled"):
        other = "NULL" if kind == "traits_changed" else "'{}'"
        change = sa.text(f"UPDATE member_changes SET traits = {other} WHERE kind = :kind")  # noqa: S608 - words of the tests
        with pytest.raises(exc.IntegrityError, match="ck_member_changes_traits_told"), engine.begin() as connection:
            connection.execute(change, {"kind": kind})
