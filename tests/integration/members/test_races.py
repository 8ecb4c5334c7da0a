"""Two requests at once, on a real database.

The rivals meet at a barrier after each has looked and found the identifier free, so that every run is the race.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from loyalty.members.v1 import members_pb2 as pb

from kit.errors import Refusal
from services.members import check
from services.members.storage.identifiers import Identifiers
from services.members.storage.members import Members
from tests.factories.members import Caller, card, master_keys, new_id, pepper, phone

PATIENCE_S = 20


@pytest.fixture
def meet_before(monkeypatch: pytest.MonkeyPatch) -> Callable[[type, str], None]:
    """`meet_before(Identifiers, "claim")`: the next two who come there wait for each other and go on together."""

    def arrange(statements: type, name: str) -> None:
        barrier = threading.Barrier(2)
        seats = iter(range(2))
        go_on = getattr(statements, name)

        def meet(*arguments: Any, **named: Any) -> Any:
            if next(seats, None) is not None:  # whoever lost is judged again and waits for nobody
                barrier.wait(PATIENCE_S)
            return go_on(*arguments, **named)

        monkeypatch.setattr(statements, name, meet)

    return arrange


@pytest.fixture
def meeting(meet_before: Callable[[type, str], None]) -> Callable[[], None]:
    """After this, the next two who want identifiers have both found them free before either claims."""
    return lambda: meet_before(Identifiers, "claim")


@pytest.fixture(autouse=True)
def sound(engine: sa.Engine) -> Iterator[None]:
    """Whoever won, the facts agree afterwards: no orphan of the others is left."""
    yield
    assert list(check.check(engine, master_keys(), pepper())) == []


def at_once(*works: Callable[[], Any]) -> list[str]:
    """Runs all at once; says of each the reason it was refused for, or "ok"."""

    def outcome(work: Callable[[], Any]) -> str:
        try:
            work()
        except Refusal as refusal:
            return refusal.reason
        return "ok"

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(outcome, works))


def test_of_two_enrolments_with_one_phone_exactly_one_wins(caller: Caller, meeting: Callable[[], None]) -> None:
    program = caller.program()
    meeting()
    outcomes = at_once(
        lambda: caller.enrol(program, phone("03012345678")),
        lambda: caller.enrol(program, phone("+92 301 2345678")),
    )
    assert sorted(outcomes) == ["IDENTIFIER_TAKEN", "ok"]


def test_crossing_sets_of_identifiers_neither_block_each_other_nor_leave_a_rest(
    caller: Caller, meeting: Callable[[], None], engine: sa.Engine
) -> None:
    program = caller.program()
    meeting()
    outcomes = at_once(
        lambda: caller.enrol(program, card("shared-1"), card("mine"), card("shared-2")),
        lambda: caller.enrol(program, card("shared-2"), card("yours"), card("shared-1")),
    )
    assert sorted(outcomes) == ["IDENTIFIER_TAKEN", "ok"]
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM identifiers")) == 3


def test_two_that_share_nothing_both_win(caller: Caller, meeting: Callable[[], None]) -> None:
    program = caller.program()
    meeting()
    assert at_once(lambda: caller.enrol(program, card("1")), lambda: caller.enrol(program, card("2"))) == ["ok", "ok"]


def test_an_enrolment_and_an_added_identifier_race_for_it(caller: Caller, meeting: Callable[[], None]) -> None:
    program = caller.program()
    member = caller.member(program)
    meeting()
    outcomes = at_once(lambda: caller.enrol(program, card("4711")), lambda: caller.add(member, card("4711")))
    assert sorted(outcomes) == ["IDENTIFIER_TAKEN", "ok"]


def test_two_members_that_want_each_others_next_identifiers_do_not_block_each_other(
    caller: Caller, meeting: Callable[[], None]
) -> None:
    program = caller.program()
    one, other = caller.member(program), caller.member(program)
    meeting()
    assert at_once(lambda: caller.add(one, card("a")), lambda: caller.add(other, card("b"))) == ["ok", "ok"]
    assert at_once(lambda: caller.add(one, card("b")), lambda: caller.add(other, card("a"))) == ["IDENTIFIER_TAKEN"] * 2


def test_a_request_sent_twice_at_once_enrols_one_member(caller: Caller, meeting: Callable[[], None]) -> None:
    program = caller.program()
    meeting()
    answers = []
    outcomes = at_once(
        *[lambda: answers.append(caller.enrol(program, card("4711"), request_id="wish-1"))] * 2,
    )
    assert outcomes == ["ok", "ok"]
    assert answers[0].response == answers[1].response
    assert sorted(answer.replayed for answer in answers) == [False, True]


def test_a_removal_sent_twice_at_once_succeeds_twice(caller: Caller, meet_before: Callable[[type, str], None]) -> None:
    member = caller.member(caller.program(), card("1"), card("2"))
    identifier_id = member.identifiers[0].identifier_id
    meet_before(Members, "lock")
    answers = []
    outcomes = at_once(*[lambda: answers.append(caller.remove(member, identifier_id, request_id="wish-1"))] * 2)
    assert outcomes == ["ok", "ok"]
    assert answers[0].response == answers[1].response
    assert sorted(answer.replayed for answer in answers) == [False, True]


def test_many_changes_at_once_are_each_made_once(caller: Caller) -> None:
    program = caller.program()
    member = caller.member(program)
    works = [lambda number=number: caller.add(member, card(f"new-{number}")) for number in range(12)]
    assert at_once(*works) == ["ok"] * 12
    found = caller.get(program, member.member_id)
    assert (found.version, len(found.identifiers)) == (13, 13)


def test_the_twentieth_place_is_given_once(caller: Caller) -> None:
    program = caller.program()
    member = caller.member(program, *(card(str(number)) for number in range(19)))
    outcomes = at_once(*[lambda value=value: caller.add(member, card(value)) for value in "abcd"])
    assert sorted(outcomes) == ["TOO_MANY_IDENTIFIERS"] * 3 + ["ok"]


def test_of_two_changes_decided_on_one_version_one_is_made(caller: Caller) -> None:
    member = caller.member(caller.program())
    outcomes = at_once(
        lambda: caller.update(member, pb.Profile(given_name="Amina"), expected_version=1),
        lambda: caller.change_status(member, pb.MEMBER_STATUS_SUSPENDED, expected_version=1),
    )
    assert sorted(outcomes) == ["VERSION_MISMATCH", "ok"]


def test_of_the_last_two_identifiers_one_stays(caller: Caller) -> None:
    member = caller.member(caller.program(), card("1"), card("2"))
    one, other = (each.identifier_id for each in member.identifiers)
    outcomes = at_once(lambda: caller.remove(member, one), lambda: caller.remove(member, other))
    assert sorted(outcomes) == ["LAST_IDENTIFIER", "ok"]


def test_of_two_programs_under_one_id_one_is_created(caller: Caller) -> None:
    wanted = new_id()
    outcomes = at_once(*[lambda: caller.create_program(wanted)] * 2)
    assert sorted(outcomes) == ["PROGRAM_EXISTS", "ok"]


def test_two_who_tell_traits_at_once_do_not_undo_each_other(
    caller: Caller, meet_before: Callable[[type, str], None]
) -> None:
    member = caller.member(caller.program())
    gold, vip = pb.Traits(tier="gold"), pb.Traits(segments=["vip"])
    meet_before(Members, "lock")
    outcomes = at_once(*(lambda each=each: caller.set_traits(member, each, expected_version=1) for each in (gold, vip)))
    assert sorted(outcomes) == ["VERSION_MISMATCH", "ok"]
    found = caller.get(member.program_id, member.member_id)
    assert (found.version, found.traits) == (2, gold if outcomes[0] == "ok" else vip)


def test_two_who_tell_the_same_at_once_make_one_version(
    caller: Caller, meet_before: Callable[[type, str], None]
) -> None:
    member = caller.member(caller.program())
    meet_before(Members, "lock")
    assert at_once(*[lambda: caller.set_traits(member, pb.Traits(tier="gold"))] * 2) == ["ok", "ok"]
    assert caller.get(member.program_id, member.member_id).version == 2
