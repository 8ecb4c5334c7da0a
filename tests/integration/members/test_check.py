"""The checker finds what is planted, and nothing where all is well."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from loyalty.members.v1 import members_pb2 as pb

from services.members import tables
from services.members.check import check
from services.members.domain.identifiers import Identifier, IdentifierKind
from services.members.sealing import MasterKeys, Pepper, WrappedKey
from services.members.storage import sealed
from tests.factories.members import Caller, card, master_keys, new_id, pepper
from tests.fixtures.digests import digest_anew


def found(engine: sa.Engine) -> set[str]:
    return {finding.check for finding in check(engine, master_keys(), pepper())}


@pytest.mark.usefixtures("member")
def test_nothing_is_found_where_all_is_well(engine: sa.Engine) -> None:
    assert list(check(engine, master_keys(), pepper())) == []


def test_nothing_is_found_in_an_empty_database(engine: sa.Engine) -> None:
    assert found(engine) == set()


PLANTED = {
    "an identifier that nobody can look up": (
        "identifier_claimed",
        "DELETE FROM identifiers WHERE member_id = :m",
    ),
    "an identifier that is looked up under another member": (
        "identifier_claimed",
        "UPDATE identifiers SET member_id = (SELECT member_id FROM members WHERE status = 'terminated') "
        "WHERE member_id = :m",
    ),
    "a look-up of an identifier that nobody has": (
        "identifier_claimed",
        "INSERT INTO identifiers SELECT program_id, 'card', sha256('x'), member_id, gen_random_uuid() "
        "FROM members WHERE member_id = :m",
    ),
    "a member that nobody can find": ("member_findable", "DELETE FROM member_identifiers WHERE member_id = :m"),
    "too many identifiers": (
        "member_findable",
        "INSERT INTO member_identifiers SELECT member_id, gen_random_uuid(), program_id, kind, "
        "sha256(number::text::bytea), value, added_at FROM member_identifiers, generate_series(1, 20) AS number "
        "WHERE member_id = :m",
    ),
    "a version without a change": (
        "versions_contiguous",
        "UPDATE members SET version = version + 1 WHERE member_id = :m",
    ),
    "a change that is gone": (
        "versions_contiguous",
        "DELETE FROM member_changes WHERE member_id = :m AND version = 2",
    ),
    "a status that no change gave": (
        "versions_contiguous",
        "UPDATE members SET status = 'active' WHERE member_id = :m",
    ),
    "a member without a program": ("program_known", "DELETE FROM programs"),
    "an identifier of another program": (
        "program_known",
        "UPDATE member_identifiers SET program_id = gen_random_uuid() WHERE member_id = :m",
    ),
    "an API key without a program": ("program_known", "UPDATE api_keys SET program_id = gen_random_uuid()"),
    "a change that was not announced": (
        "change_announced",
        "DELETE FROM outbox WHERE aggregateid = :m AND version = 2",
    ),
    "an event that tells another status": (
        "change_announced",
        'UPDATE outbox SET payload = \'{"status": "active"}\' WHERE aggregateid = :m AND version = 3',
    ),
    "an event of a change that there was not": (
        "change_announced",
        "UPDATE outbox SET version = 99 WHERE aggregateid = :m AND version = 2",
    ),
    "a tier that no change gave": ("traits_kept", "UPDATE members SET tier = 'silver' WHERE member_id = :m"),
    "a segment that no change took": (
        "traits_kept",
        "UPDATE members SET segments = array_remove(segments, 'vip') WHERE member_id = :m",
    ),
    "an attribute of somebody who was given none": (
        "traits_kept",
        'UPDATE members SET attributes = \'{"city": "Lahore"}\' WHERE member_id <> :m',
    ),
    "segments in disorder": (
        "traits_kept",
        "WITH now AS (UPDATE members SET segments = '{vip,old}' WHERE member_id = :m RETURNING member_id) "
        "UPDATE member_changes SET traits = jsonb_set(traits, '{segments}', '[\"vip\", \"old\"]') "
        "FROM now WHERE kind = 'traits_changed' AND member_changes.member_id = now.member_id",
    ),
    "traits that were not told": (
        "traits_announced",
        "UPDATE outbox SET payload = payload - 'segments' WHERE aggregateid = :m AND version = 4",
    ),
    "a profile of somebody else": (
        "seal_opens",
        "UPDATE members SET given_name = birth_date, birth_date = given_name WHERE member_id = :m",
    ),
    "a data key that does not open": (
        "seal_opens",
        "UPDATE members SET data_key = set_byte(data_key, 30, get_byte(data_key, 30) # 255) WHERE member_id = :m",
    ),
    "an API key of which no gateway has heard": (
        "key_change_announced",
        "DELETE FROM outbox WHERE type = 'api_key.created'",
    ),
    "a revocation of which no gateway has heard": (
        "key_change_announced",
        "DELETE FROM outbox WHERE type = 'api_key.revoked'",
    ),
    "a revocation that was taken back": (
        "key_change_announced",
        "UPDATE api_keys SET revoked_at = NULL WHERE revoked_at IS NOT NULL",
    ),
    "an API key that is announced and not there": (
        "key_change_announced",
        "UPDATE outbox SET aggregateid = gen_random_uuid() WHERE type = 'api_key.created'",
    ),
    "a caller that no key names": (
        "caller_kept",
        "UPDATE api_keys SET caller_id = gen_random_uuid() WHERE caller_id <> api_key_id",
    ),
    "a caller with two roles": (
        "caller_kept",
        "UPDATE api_keys SET role = 'admin' WHERE caller_id <> api_key_id",
    ),
    "an identifier that does not open": (
        "seal_opens",
        "UPDATE member_identifiers SET value = set_byte(value, 20, get_byte(value, 20) # 255) WHERE member_id = :m",
    ),
    "a reason that does not open": (
        "seal_opens",
        "UPDATE member_changes SET reason = set_byte(reason, 20, get_byte(reason, 20) # 255) "
        "WHERE member_id = :m AND version = 2",
    ),
    "a stored answer that does not open": (
        "seal_opens",
        "UPDATE stored_answers SET answer = set_byte(answer, 30, get_byte(answer, 30) # 255)",
    ),
    "an identifier that is looked up by something else": (
        "lookup_matches",
        "WITH own AS (UPDATE member_identifiers SET lookup_hash = sha256('x') WHERE member_id = :m) "
        "UPDATE identifiers SET lookup_hash = sha256('x') WHERE member_id = :m",
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_defect_is_found(engine: sa.Engine, member: pb.Member, planted: str) -> None:
    name, statement = PLANTED[planted]
    with engine.begin() as connection:
        text = sa.text(statement.replace("::", r"\:\:"))
        values = {"m": member.member_id} if ":m" in statement else {}
        assert connection.execute(text, values).rowcount != 0
    assert name in found(engine)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE programs SET name = 'Cafe' || chr(769)",
        "UPDATE api_keys SET name = name || chr(8203)",
        "UPDATE members SET tier = chr(65279) || 'gold' WHERE tier = 'gold'",
        "UPDATE members SET segments = ARRAY['vip ', 'x'] WHERE tier = 'gold'",
        "UPDATE members SET attributes = jsonb_build_object('city', 'La' || chr(173) || 'hore') WHERE tier = 'gold'",
    ],
)
@pytest.mark.usefixtures("member")
def test_a_stored_name_in_another_form_is_found(engine: sa.Engine, statement: str) -> None:
    with engine.begin() as connection:
        assert connection.exec_driver_sql(statement).rowcount != 0
    assert "name_canonical" in found(engine)


def _keep(engine: sa.Engine, member: pb.Member, value: str) -> None:
    """Lets the member's last identifier be a card of this value, as an older release might have kept it."""
    own, claims = tables.member_identifiers, tables.identifiers
    identifier_id = uuid.UUID(member.identifiers[-1].identifier_id)
    program_id = uuid.UUID(member.program_id)
    kept = Identifier(identifier_id, IdentifierKind.CARD, value, datetime.now(UTC))
    with engine.begin() as connection:
        row = connection.execute(sa.select(tables.members).where(tables.members.c.member_id == member.member_id)).one()
        key = master_keys().open_data_key(row.member_id, WrappedKey(row.master_key_id, row.data_key))
        changes = {"kind": "card", "lookup_hash": pepper().lookup_hash(program_id, "card", value)}
        connection.execute(sa.update(claims).where(claims.c.identifier_id == identifier_id).values(**changes))
        sealed_value = sealed.identifier_value(key, kept)
        where = own.c.identifier_id == identifier_id
        connection.execute(sa.update(own).where(where).values(**changes, value=sealed_value))
        digest_anew(connection, own, claims)


def test_an_identifier_that_no_caller_finds_is_found(engine: sa.Engine, caller: Caller, member: pb.Member) -> None:
    _keep(engine, member, "9820 0000\u200f17")
    assert found(engine) == {"identifier_canonical"}
    # What would be refused today has no other form.
    _keep(engine, member, "\u0421-1001")
    assert found(engine) == {"identifier_canonical"}
    # Its canonical form is a second member's.
    caller.enrol(member.program_id, card("9820000017"))
    _keep(engine, member, "9820 0000\u200f17")
    assert found(engine) == {"identifier_canonical", "identifier_collides"}
    # As docs/operations.md says: the other one goes, and the member gets it anew.
    other = caller.resolve(member.program_id, card("9820000017"))
    caller.add(other, card("7"))
    caller.remove(other, other.identifiers[0].identifier_id)
    caller.add(member, card("9820 0000\u200f17"))
    caller.remove(member, member.identifiers[-1].identifier_id)
    assert found(engine) == set()


def test_findings_name_rows_and_hold_nothing_personal(engine: sa.Engine, member: pb.Member) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE members SET given_name = birth_date, birth_date = given_name")
    findings = list(check(engine, master_keys(), pepper()))
    assert {finding.check for finding in findings} == {"seal_opens", "row_unchanged"}
    for finding in findings:
        assert finding.subject.endswith(member.member_id) or finding.check == "row_unchanged"
        assert "Amina" not in finding.problem + finding.subject
        assert "1990" not in finding.problem


@pytest.mark.usefixtures("member")
def test_other_keys_open_nothing(engine: sa.Engine) -> None:
    findings = list(check(engine, MasterKeys(bytes(32)), pepper()))
    assert {finding.check for finding in findings} == {"seal_opens"}
    findings = list(check(engine, master_keys(), Pepper(bytes(32))))
    assert {finding.check for finding in findings} == {"lookup_matches"}


def test_a_program_of_a_member_is_asked_for_by_its_id(engine: sa.Engine, caller: Caller) -> None:
    caller.member(caller.program())
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE members SET program_id = :other"), {"other": new_id()})
    assert "program_known" in found(engine)
