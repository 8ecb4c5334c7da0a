"""Stored answers against a real database: two requests with one key leave one effect."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from kit.call import Call
from kit.database import LostRaceError, metadata, retrying, transaction
from kit.errors import Precondition
from kit.idempotency import IdempotencyKeyReused, Outcome, StoredAnswers, stored_answers_table

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PROGRAM = uuid.uuid4()
CALLER = Call("till-1")

catalogue = metadata()
answers_table = stored_answers_table(catalogue)
jars = sa.Table("jars", catalogue, sa.Column("name", sa.Text))


@dataclass(frozen=True)
class OpenJar:
    program_id: uuid.UUID
    request_id: str
    name: str


@dataclass(frozen=True)
class Opened:
    name: str


class JarStuck(Precondition):
    reason = "JAR_STUCK"


@pytest.fixture
def answers(engine: sa.Engine) -> StoredAnswers:
    catalogue.create_all(engine)
    return StoredAnswers(answers_table)


def open_jar(engine: sa.Engine, answers: StoredAnswers, command: OpenJar) -> Outcome[Opened]:
    def attempt() -> Outcome[Opened]:
        with transaction(engine) as connection:

            def work() -> Opened:
                connection.execute(sa.insert(jars).values(name=command.name))
                return Opened(command.name)

            return answers.once(connection, CALLER, command, Opened, work, now=NOW)

    return retrying(attempt)


def opened(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(jars.c.name)))


def test_who_comes_second_with_one_key_loses_the_race(engine: sa.Engine, answers: StoredAnswers) -> None:
    command = OpenJar(PROGRAM, "key", "plums")
    with pytest.raises(LostRaceError), transaction(engine) as second:

        def beaten() -> Opened:
            open_jar(engine, answers, command)
            return Opened("never")

        answers.once(second, CALLER, command, Opened, beaten, now=NOW)
    assert opened(engine) == ["plums"]


def test_many_at_once_with_one_key_open_one_jar(engine: sa.Engine, answers: StoredAnswers) -> None:
    command, clients = OpenJar(PROGRAM, "key", "plums"), 5
    ready = threading.Barrier(clients)
    outcomes: list[Outcome[Opened]] = []

    def client() -> None:
        ready.wait()
        outcomes.append(open_jar(engine, answers, command))

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [outcome.unwrap() for outcome in outcomes] == [Opened("plums")] * clients
    assert sum(not outcome.replayed for outcome in outcomes) == 1
    assert opened(engine) == ["plums"]


def test_a_refusal_is_kept_and_replayed_with_its_reason(engine: sa.Engine, answers: StoredAnswers) -> None:
    command = OpenJar(PROGRAM, "key", "plums")

    def stuck() -> Opened:
        raise JarStuck("the lid does not turn", tries=3)

    with transaction(engine) as connection:
        answers.once(connection, CALLER, command, Opened, stuck, now=NOW)
    again = open_jar(engine, answers, command)

    assert again.replayed
    with pytest.raises(Precondition) as refused:
        again.unwrap()
    assert (refused.value.reason, refused.value.metadata) == ("JAR_STUCK", {"tries": "3"})
    assert opened(engine) == []


def test_a_key_with_other_content_names_what_differs(engine: sa.Engine, answers: StoredAnswers) -> None:
    open_jar(engine, answers, OpenJar(PROGRAM, "key", "plums"))
    with pytest.raises(IdempotencyKeyReused) as refused:
        open_jar(engine, answers, OpenJar(PROGRAM, "key", "pears"))
    assert refused.value.metadata["fields"] == "name"
    assert opened(engine) == ["plums"]


def test_old_answers_are_forgotten_a_few_at_a_time(engine: sa.Engine, answers: StoredAnswers) -> None:
    for number in range(3):
        open_jar(engine, answers, OpenJar(PROGRAM, f"key-{number}", "plums"))
    later = NOW.replace(year=2027)
    with transaction(engine) as connection:
        assert answers.forget_before(connection, NOW, limit=2) == 0
        assert answers.forget_before(connection, later, limit=2) == 2
        assert answers.forget_before(connection, later, limit=2) == 1
