"""Every write happens once, however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from loyalty.members.v1 import members_pb2 as pb

from kit.client import invoke
from kit.errors import Refusal
from tests.factories.members import Caller, card, new_id, refused

Write = Callable[[Caller, str], Any]


def enrolling(caller: Caller) -> Write:
    program = caller.program()
    return lambda who, request_id: who.enrol(program, card("4711"), request_id=request_id)


def updating(caller: Caller) -> Write:
    member = caller.member(caller.program())
    return lambda who, request_id: who.update(member, pb.Profile(given_name="Amina"), request_id=request_id)


def changing_status(caller: Caller) -> Write:
    member = caller.member(caller.program())
    return lambda who, request_id: who.change_status(member, pb.MEMBER_STATUS_SUSPENDED, request_id=request_id)


def setting_traits(caller: Caller) -> Write:
    member = caller.member(caller.program())
    traits = pb.Traits(tier="gold", segments=["vip"], attributes={"city": "Lahore"})
    return lambda who, request_id: who.set_traits(member, traits, request_id=request_id)


def adding(caller: Caller) -> Write:
    member = caller.member(caller.program())
    return lambda who, request_id: who.add(member, card("4711"), request_id=request_id)


def removing(caller: Caller) -> Write:
    member = caller.member(caller.program(), card("1"), card("2"))
    return lambda who, request_id: who.remove(member, member.identifiers[0].identifier_id, request_id=request_id)


def creating_a_program(caller: Caller) -> Write:
    program_id = new_id()
    return lambda who, request_id: who.create_program(program_id, request_id=request_id)


def revoking(caller: Caller) -> Write:
    program = caller.program()
    api_key_id = caller.create_api_key(program).response.api_key.api_key_id
    return lambda who, request_id: who.revoke_api_key(program, api_key_id, request_id=request_id)


WRITES = [enrolling, updating, changing_status, setting_traits, adding, removing, creating_a_program, revoking]


@pytest.mark.parametrize("writing", WRITES)
def test_the_same_request_gets_the_first_answer_again(caller: Caller, writing: Callable[[Caller], Write]) -> None:
    write = writing(caller)
    first, again = write(caller, "wish-1"), write(caller, "wish-1")
    assert (first.replayed, again.replayed) == (False, True)
    assert again.response == first.response


def test_a_replay_gives_the_answer_of_then(caller: Caller) -> None:
    member = caller.member(caller.program())
    first = caller.update(member, pb.Profile(given_name="Amina"), request_id="wish-1")
    caller.update(member, pb.Profile(given_name="Else"))
    assert caller.update(member, pb.Profile(given_name="Amina"), request_id="wish-1").response == first.response


def test_another_caller_may_have_the_same_request_id(caller: Caller) -> None:
    program = caller.program()
    one = caller.enrol(program, card("1"), request_id="wish-1")
    other = caller.as_caller("caller-2").enrol(program, card("2"), request_id="wish-1")
    assert one.response.member.member_id != other.response.member.member_id


def test_another_request_under_the_same_request_id_is_refused(caller: Caller) -> None:
    program = caller.program()
    caller.enrol(program, card("1"), request_id="wish-1")
    with refused("IDEMPOTENCY_KEY_REUSED", fields="identifiers"):
        caller.enrol(program, card("2"), request_id="wish-1")
    with refused("IDEMPOTENCY_KEY_REUSED", fields="profile"):
        caller.enrol(program, card("1"), profile=pb.Profile(given_name="Amina"), request_id="wish-1")


def test_a_refusal_is_an_outcome_and_is_replayed(caller: Caller) -> None:
    program = caller.program()
    holder = caller.member(program, card("4711"), card("4712"))
    with refused("IDENTIFIER_TAKEN"):
        caller.enrol(program, card("4711"), request_id="wish-1")
    caller.remove(holder, holder.identifiers[0].identifier_id)
    # The card is free now, and still the first outcome stands.
    with pytest.raises(Refusal) as replay:
        caller.enrol(program, card("4711"), request_id="wish-1")
    assert (replay.value.reason, replay.value.replayed) == ("IDENTIFIER_TAKEN", True)
    caller.enrol(program, card("4711"), request_id="wish-2")


def test_a_malformed_request_is_judged_anew(caller: Caller) -> None:
    program = caller.program()
    with refused("INVALID_FIELD"):
        caller.enrol(program, card("1"), card("1"), request_id="wish-1")
    assert not caller.enrol(program, card("1"), request_id="wish-1").replayed


def test_a_request_without_an_idempotency_key_or_a_caller_is_refused(caller: Caller) -> None:
    program = caller.program()
    request = pb.EnrolRequest(program_id=program, identifiers=[card("1")])
    with refused("INVALID_FIELD", field="request_id"):
        invoke(caller.stub.Enrol, request, call=caller.call, deadline_ms=20_000)
    with refused("CALLER_MISSING"):
        caller.as_caller("").enrol(program, card("1"))


def test_a_stored_answer_is_sealed(caller: Caller, engine: sa.Engine) -> None:
    caller.enrol(caller.program(), card("4711"), profile=pb.Profile(given_name="Amina"))
    with engine.connect() as connection:
        answers = connection.execute(sa.text("SELECT answer FROM stored_answers")).scalars().all()
    assert answers
    assert not [answer for answer in answers if b"Amina" in answer or b"4711" in answer or answer[:1] == b"{"]
