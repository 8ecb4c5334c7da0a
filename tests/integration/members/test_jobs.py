"""The timed work, a round at a time."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from loyalty.members.v1 import members_pb2 as pb

from kit.chassis import jobs as housekeeping
from services.members import jobs
from services.members.check import check
from services.members.handlers import MemberHandlers
from services.members.sealing import MasterKeys
from services.members.storage import Storage
from tests.factories.members import MASTER_KEY, Caller, card, pepper


def count(engine: sa.Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)  # noqa: S608 - words of the tests


def age(engine: sa.Engine, table: str, column: str, days: int) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE {table} SET {column} = now() - make_interval(days => {days})"))  # noqa: S608 - words of the tests


def test_stored_answers_are_forgotten_after_thirty_days_a_batch_at_a_time(
    caller: Caller, storage: Storage, engine: sa.Engine
) -> None:
    for _ in range(3):
        caller.program()
    age(engine, "stored_answers", "stored_at", 31)
    caller.program()
    assert housekeeping.forget_stored_answers(storage, limit=2)
    assert count(engine, "stored_answers") == 2
    assert not housekeeping.forget_stored_answers(storage, limit=2)
    assert count(engine, "stored_answers") == 1


def test_events_are_pruned_a_week_after_they_were_published(
    caller: Caller, storage: Storage, engine: sa.Engine
) -> None:
    program = caller.program()
    caller.member(program)
    age(engine, "outbox", "published_at", 8)
    caller.member(program)
    assert not housekeeping.prune_events(storage, limit=10)
    # The second one waits to be published, and does so for as long as it takes.
    assert count(engine, "outbox") == 1


def test_data_keys_move_to_a_new_master_key_and_the_old_one_can_go(
    caller: Caller, storage: Storage, engine: sa.Engine
) -> None:
    program = caller.program()
    wanted = [caller.member(program, card(str(number)), profile=pb.Profile(given_name="Amina")) for number in range(3)]
    new_key = bytes(range(64, 96))
    rotating = Storage(engine, MasterKeys(new_key, [MASTER_KEY]), pepper())

    assert jobs.rewrap_data_keys(rotating, limit=2)
    assert not jobs.rewrap_data_keys(rotating, limit=2)
    assert not jobs.rewrap_data_keys(rotating, limit=2)

    with_the_new_one = MemberHandlers(Storage(engine, MasterKeys(new_key), pepper()))
    for member in wanted:
        found = with_the_new_one.get_member(uuid.UUID(program), uuid.UUID(member.member_id))
        assert found.profile.given_name == "Amina"
    # Stored answers stay sealed under the old one until they are forgotten.
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM stored_answers")
    assert list(check(engine, MasterKeys(new_key), pepper())) == []
