"""Members are brought back to what other services know, after the register was restored from an older state."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from loyalty.members.v1 import members_pb2 as pb

from kit.client import invoke
from services.members import tables
from services.members.check import check
from tests.factories.members import DEADLINE_MS, Caller, card, master_keys, new_id, pepper, refused

GOLD = pb.Traits(tier="gold", segments=["vip"], attributes={"city": "Lahore"})


def restore(
    caller: Caller,
    program_id: str,
    member_id: str,
    known_version: int,
    status: pb.MemberStatus.ValueType = pb.MEMBER_STATUS_SUSPENDED,
    *,
    request_id: str = "",
) -> pb.Member:
    request = pb.RestoreMemberRequest(
        program_id=program_id,
        request_id=request_id or new_id(),
        member_id=member_id,
        known_version=known_version,
        status=status,
        traits=GOLD,
        reason="restored",
    )
    return invoke(caller.stub.RestoreMember, request, call=caller.call, deadline_ms=DEADLINE_MS).response.member


def events(engine: sa.Engine, member_id: str) -> list[tuple[str, int, str]]:
    outbox = tables.outbox
    query = sa.select(outbox.c.type, outbox.c.version, outbox.c.payload["status"].astext)
    with engine.connect() as connection:
        rows = connection.execute(query.where(outbox.c.aggregateid == member_id).order_by(outbox.c.version))
        return [(row[0], row[1], row[2]) for row in rows]


def expect_proved(engine: sa.Engine) -> None:
    assert list(check(engine, master_keys(), pepper())) == []


def test_a_member_who_is_lost_is_recreated_under_their_id_and_found_once_an_identifier_is_added(
    caller: Caller, engine: sa.Engine
) -> None:
    program, member_id, request_id = caller.program(), new_id(), new_id()
    restored = restore(caller, program, member_id, 7, request_id=request_id)
    assert (restored.member_id, restored.version, restored.status) == (member_id, 8, pb.MEMBER_STATUS_SUSPENDED)
    assert (restored.traits, list(restored.identifiers)) == (GOLD, [])
    assert events(engine, member_id) == [("member.restored", 8, "suspended")]
    expect_proved(engine)
    assert restore(caller, program, member_id, 7, request_id=request_id) == restored
    assert restore(caller, program, member_id, 7) == restored

    caller.add(restored, card("4711"))
    assert caller.resolve(program, card("4711")).version == 9
    expect_proved(engine)


def test_a_member_of_an_older_version_gets_one_beyond_what_is_known(caller: Caller, engine: sa.Engine) -> None:
    program = caller.program()
    member = caller.member(program, card("4711"))
    restored = restore(caller, program, member.member_id, 5)
    assert (restored.version, restored.status, restored.traits) == (6, pb.MEMBER_STATUS_SUSPENDED, GOLD)
    assert caller.resolve(program, card("4711")) == restored
    assert events(engine, member.member_id)[-1] == ("member.restored", 6, "suspended")
    expect_proved(engine)


def test_at_the_same_version_a_member_stays_as_they_are_and_is_announced_again(
    caller: Caller, engine: sa.Engine
) -> None:
    program = caller.program()
    member = caller.member(program)
    restored = restore(caller, program, member.member_id, member.version)
    assert (restored.version, restored.status, restored.traits) == (2, pb.MEMBER_STATUS_ACTIVE, pb.Traits())
    assert events(engine, member.member_id)[-1] == ("member.restored", 2, "active")
    expect_proved(engine)


def test_a_member_of_a_later_version_does_not_change(caller: Caller, engine: sa.Engine) -> None:
    program = caller.program()
    member = caller.member(program)
    later = caller.set_traits(member, GOLD).response.member
    assert restore(caller, program, member.member_id, 1) == later
    assert len(events(engine, member.member_id)) == 2


def test_who_is_terminated_stays_terminated(caller: Caller, engine: sa.Engine) -> None:
    program = caller.program()
    member = caller.member(program)
    caller.change_status(member, pb.MEMBER_STATUS_TERMINATED)
    restored = restore(caller, program, member.member_id, 4, pb.MEMBER_STATUS_ACTIVE)
    assert (restored.version, restored.status) == (5, pb.MEMBER_STATUS_TERMINATED)
    expect_proved(engine)


def test_no_member_is_recreated_in_a_program_that_is_not_there(caller: Caller) -> None:
    with refused("PROGRAM_NOT_FOUND"):
        restore(caller, new_id(), new_id(), 1)


@pytest.mark.parametrize("field", ["known_version", "status", "traits", "reason"])
def test_what_is_missing_is_named(caller: Caller, field: str) -> None:
    request = pb.RestoreMemberRequest(
        program_id=new_id(),
        request_id=new_id(),
        member_id=new_id(),
        known_version=1,
        status=pb.MEMBER_STATUS_ACTIVE,
        traits=GOLD,
        reason="restored",
    )
    request.ClearField(field)  # type: ignore[arg-type]  # the stubs list the names
    with refused("INVALID_FIELD", field=field):
        invoke(caller.stub.RestoreMember, request, call=caller.call, deadline_ms=DEADLINE_MS)
