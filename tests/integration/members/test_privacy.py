"""No table, stream or log holds personal data in the clear, and what is sealed opens in its own place alone."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import grpc
import pytest
import sqlalchemy as sa
import structlog
from loyalty.members.v1 import members_pb2 as pb

from kit.client import ServiceFailed
from kit.digests import field_digests
from kit.errors import Refusal
from services.members import tables
from services.members.convert.members import enrol
from tests.factories.members import Caller, card, email, external_id, new_id, pepper, phone

PERSONAL = (
    "CARD-4711-XY",
    "3012345678",
    "amina.private",
    "crm-secret-9",
    "Aminatu",
    "Qureshi",
    "1990-02-28",
    "ur-Arab-PK",
    "moved to Multan",
)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that is logged, with every value shown as it is."""
    written = io.StringIO()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=repr)],
        logger_factory=structlog.WriteLoggerFactory(file=written),
        cache_logger_on_first_use=False,
    )
    yield written
    structlog.reset_defaults()


def a_life(caller: Caller) -> pb.Member:
    """A member in whose life every kind of change and several refusals happen."""
    program = caller.program()
    profile = pb.Profile(given_name="Aminatu", family_name="Qureshi", birth_date="1990-02-28", language="ur-Arab-PK")
    member = caller.member(program, card("CARD-4711-XY"), phone("0301 2345678"), profile=profile)
    caller.add(member, email("Amina.Private@example.org"))
    member = caller.add(member, external_id("crm-secret-9")).response.member
    caller.update(member, pb.Profile(given_name="Aminatu-Noor", family_name="Qureshi"))
    caller.remove(member, member.identifiers[0].identifier_id)
    caller.change_status(member, pb.MEMBER_STATUS_SUSPENDED, reason="moved to Multan")
    for identifier in (phone("0301 2345678"), email("amina.private@EXAMPLE.org")):
        with pytest.raises(Refusal) as taken:
            caller.enrol(program, identifier)
        assert not [word for word in PERSONAL if word in f"{taken.value} {taken.value.metadata}"]
    with pytest.raises(Refusal):
        caller.enrol(program, phone("3012345678000000"))
    return caller.get(program, member.member_id)


def dump(engine: sa.Engine) -> str:
    """Every row of every table as text, and what bytes there are once more as if they were letters."""
    rows: list[str] = []
    with engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            rows += connection.execute(sa.text(f"SELECT t::text FROM {table} AS t")).scalars()  # noqa: S608 - words of the tests
            for row in connection.execute(sa.text(f"SELECT * FROM {table}")):  # noqa: S608 - words of the tests
                rows += [part.decode("latin-1") for part in row if isinstance(part, bytes)]
    return "\n".join(rows)


def test_no_column_of_any_table_holds_personal_data(caller: Caller, engine: sa.Engine) -> None:
    a_life(caller)
    content = dump(engine).lower()
    for word in PERSONAL:
        assert word.lower() not in content
        assert word.lower().encode().hex() not in content


def test_the_dump_would_show_what_lies_open(caller: Caller, engine: sa.Engine) -> None:
    caller.create_program(name="Visible Bazaar")
    assert "visible bazaar" in dump(engine).lower()


def test_no_line_of_the_log_holds_personal_data(caller: Caller, log: io.StringIO) -> None:
    a_life(caller)
    assert len(log.getvalue().splitlines()) > 10
    for word in PERSONAL:
        assert word not in log.getvalue()


def test_one_value_is_sealed_differently_each_time(caller: Caller, engine: sa.Engine) -> None:
    program = caller.program()
    for number in range(3):
        caller.member(program, card(str(number)), profile=pb.Profile(given_name="Amina"))
    with engine.connect() as connection:
        assert len(set(connection.execute(sa.select(tables.members.c.given_name)).scalars())) == 3


def test_every_member_has_a_key_of_their_own(caller: Caller, engine: sa.Engine) -> None:
    program = caller.program()
    one, other = (caller.member(program, profile=pb.Profile(given_name="Amina")) for _ in range(2))
    copy = sa.text(
        "UPDATE members SET given_name = (SELECT given_name FROM members WHERE member_id = :one) "
        "WHERE member_id = :other"
    )
    with engine.begin() as connection:
        connection.execute(copy, {"one": one.member_id, "other": other.member_id})
    assert caller.get(program, one.member_id).profile.given_name == "Amina"
    with pytest.raises(ServiceFailed):
        caller.get(program, other.member_id)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE members SET given_name = set_byte(given_name, 20, get_byte(given_name, 20) # 255)",
        "UPDATE members SET given_name = family_name, family_name = given_name",
        "UPDATE members SET data_key = set_byte(data_key, 30, get_byte(data_key, 30) # 255)",
        "UPDATE members SET master_key_id = '\\x0000000000000000'",
        "UPDATE member_identifiers SET value = (SELECT given_name FROM members)",
    ],
)
def test_what_was_tampered_with_is_never_shown(caller: Caller, engine: sa.Engine, tampering: str) -> None:
    program = caller.program()
    member = caller.member(program, profile=pb.Profile(given_name="Amina", family_name="Qureshi"))
    with engine.begin() as connection:
        connection.exec_driver_sql(tampering)
    with pytest.raises(ServiceFailed) as failed:
        caller.get(program, member.member_id)
    # A stranger learns that something went wrong, and no more.
    assert isinstance(failed.value.__cause__, grpc.RpcError)
    assert "seal" not in str(failed.value)


def test_values_do_not_show_in_a_repr() -> None:
    request = pb.EnrolRequest(
        program_id=new_id(),
        request_id="wish-1",
        identifiers=[card("CARD-4711-XY")],
        profile=pb.Profile(given_name="Aminatu", birth_date="1990-02-28"),
    )
    shown = repr(enrol(request))
    assert "CARD" in shown  # the kind
    assert not [word for word in PERSONAL if word in shown]


def test_a_look_up_hash_is_of_use_in_its_program_and_kind_alone(caller: Caller, engine: sa.Engine) -> None:
    one, other = caller.program(), caller.program()
    caller.member(one, card("9000"), external_id("9000"))
    caller.member(other, card("9000"))
    with engine.connect() as connection:
        assert len(set(connection.execute(sa.select(tables.identifiers.c.lookup_hash)).scalars())) == 3


def test_what_a_request_said_cannot_be_guessed_without_the_pepper(caller: Caller, engine: sa.Engine) -> None:
    program = caller.program()
    request = pb.EnrolRequest(program_id=program, request_id="wish-1", identifiers=[phone("03012345678")])
    caller.enrol(program, phone("03012345678"), request_id="wish-1")
    with engine.connect() as connection:
        query = "SELECT fingerprint FROM stored_answers WHERE operation = 'Enrol'"
        (stored,) = connection.execute(sa.text(query)).scalars()
    assert stored["identifiers"] == field_digests(enrol(request), key=pepper().fingerprint_key)["identifiers"]
    assert stored["identifiers"] != field_digests(enrol(request))["identifiers"]


def test_events_tell_what_has_changed_and_not_to_what(caller: Caller, engine: sa.Engine) -> None:
    member = a_life(caller)
    with engine.connect() as connection:
        query = "SELECT type, version, payload FROM outbox WHERE aggregateid = :member ORDER BY version"
        told = connection.execute(sa.text(query), {"member": member.member_id}).all()
    assert [(kind, version) for kind, version, _ in told] == [
        ("member.enrolled", 1),
        ("member.updated", 2),
        ("member.updated", 3),
        ("member.updated", 4),
        ("member.updated", 5),
        ("member.status_changed", 6),
    ]
    payloads = [payload for _, _, payload in told]
    traits = {"tier": "", "segments": [], "attributes": {}}
    assert payloads[0] == {"status": "active"} | traits
    assert payloads[1] == {"status": "active", "changed": ["identifiers"]} | traits
    assert payloads[3] == {"status": "active", "changed": ["profile.given_name"]} | traits
    assert payloads[5] == {"status": "suspended"} | traits
    assert not [word for word in PERSONAL if word in json.dumps(payloads)]
