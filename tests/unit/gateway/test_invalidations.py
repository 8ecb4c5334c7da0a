"""What one process of a gateway announces, every other has forgotten before it turns to its memory again."""

from __future__ import annotations

import multiprocessing
import threading
import uuid
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from gateway.invalidations import RING_SIZE, InvalidationKind, Invalidations, invalidations_file_in

MEMBER, KEY = InvalidationKind.MEMBER_IDENTIFIERS, InvalidationKind.API_KEY


class Process:
    """One process's side, with what it was made to forget."""

    def __init__(self, path: str) -> None:
        self.forgot: list[tuple[InvalidationKind, str]] = []
        self.forgot_all = 0
        self.invalidations = Invalidations(lambda kind, owner: self.forgot.append((kind, owner)), self._all, path)

    def _all(self) -> None:
        self.forgot_all += 1


@pytest.fixture
def path(tmp_path: Path) -> str:
    return invalidations_file_in(str(tmp_path))


@pytest.fixture
def pair(path: str) -> tuple[Process, Process]:
    return Process(path), Process(path)


def ids(many: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(many)]


def test_who_announces_forgets_at_once_and_others_when_they_catch_up(pair: tuple[Process, Process]) -> None:
    one, other = pair
    member_id, key_id = ids(2)
    one.invalidations.announce(MEMBER, member_id)
    one.invalidations.announce(KEY, key_id)
    assert one.forgot == [(MEMBER, member_id), (KEY, key_id)]
    assert other.forgot == []
    other.invalidations.catch_up()
    other.invalidations.catch_up()
    assert other.forgot == one.forgot


def test_who_is_further_behind_than_the_ring_is_long_forgets_everything(pair: tuple[Process, Process]) -> None:
    one, other = pair
    for member_id in ids(RING_SIZE + 1):
        one.invalidations.announce(MEMBER, member_id)
    other.invalidations.catch_up()
    assert (other.forgot, other.forgot_all) == ([], 1)


def test_as_many_as_the_ring_is_long_are_forgotten_one_by_one(pair: tuple[Process, Process]) -> None:
    one, other = pair
    for member_id in ids(RING_SIZE):
        one.invalidations.announce(MEMBER, member_id)
    other.invalidations.catch_up()
    assert (other.forgot, other.forgot_all) == (one.forgot, 0)


def test_a_process_that_begins_later_knows_nothing_and_has_nothing_to_forget(path: str) -> None:
    one = Process(path)
    one.invalidations.announce(MEMBER, ids(1)[0])
    late = Process(path)
    late.invalidations.catch_up()
    assert late.forgot == []


def test_without_a_file_a_process_is_alone() -> None:
    one, other = Process(""), Process("")
    (member_id,) = ids(1)
    one.invalidations.announce(MEMBER, member_id)
    other.invalidations.catch_up()
    assert one.forgot == [(MEMBER, member_id)]
    assert other.forgot == []


def _announce(path: str, member_ids: list[str], ready: Connection) -> None:
    process = Process(path)
    ready.send(None)
    for member_id in member_ids:
        process.invalidations.announce(MEMBER, member_id)


def test_threads_and_processes_that_announce_at_once_lose_nothing(path: str) -> None:
    here, given = Process(path), [ids(100) for _ in range(4)]
    processes = multiprocessing.get_context("spawn")
    receiving, sending = processes.Pipe(duplex=False)
    elsewhere = processes.Process(target=_announce, args=(path, given[0], sending))
    elsewhere.start()
    receiving.recv()

    def announce(own: list[str]) -> None:
        for each in own:
            here.invalidations.announce(MEMBER, each)

    threads = [threading.Thread(target=announce, args=(own,)) for own in given[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elsewhere.join()
    here.invalidations.catch_up()
    assert sorted(owner for _, owner in here.forgot) == sorted(each for own in given for each in own)
