"""A program's rules are read once per change, and the programs longest unused are forgotten first."""

from __future__ import annotations

import uuid
from typing import cast

from services.points.batch.rulebook import Rulebook
from services.points.domain.earning.conditions import NoConditions
from services.points.domain.earning.rules import EarningRule
from services.points.storage import Transaction
from tests.factories import points as make


class Shelf:
    """A transaction's view of the rules, which counts who looks."""

    def __init__(self) -> None:
        self.rules = self
        self.stored: dict[uuid.UUID, tuple[EarningRule, ...]] = {}
        self.reads: list[uuid.UUID] = []

    def effective(self, program_id: uuid.UUID) -> tuple[EarningRule, ...]:
        self.reads.append(program_id)
        return self.stored.get(program_id, ())


def ask(rulebook: Rulebook, shelf: Shelf, program_id: uuid.UUID, revision: int = 1) -> tuple[EarningRule, ...]:
    return rulebook.effective(cast("Transaction", shelf), program_id, revision).rules


def test_rules_are_read_once() -> None:
    rulebook, shelf = Rulebook(10, NoConditions()), Shelf()
    shelf.stored[make.PROGRAM] = (make.a_rule(),)
    assert [ask(rulebook, shelf, make.PROGRAM) for _ in range(3)] == [shelf.stored[make.PROGRAM]] * 3
    assert len(shelf.reads) == 1


def test_that_there_are_none_is_remembered_too() -> None:
    rulebook, shelf = Rulebook(10, NoConditions()), Shelf()
    assert [ask(rulebook, shelf, make.PROGRAM, 0) for _ in range(2)] == [(), ()]
    assert len(shelf.reads) == 1


def test_a_revision_that_has_moved_on_has_them_read_again() -> None:
    rulebook, shelf = Rulebook(10, NoConditions()), Shelf()
    ask(rulebook, shelf, make.PROGRAM, 1)
    shelf.stored[make.PROGRAM] = (make.a_rule(),)
    assert ask(rulebook, shelf, make.PROGRAM, 1) == ()
    assert ask(rulebook, shelf, make.PROGRAM, 2) == shelf.stored[make.PROGRAM]
    assert len(shelf.reads) == 2


def test_a_program_reads_its_own_rules() -> None:
    rulebook, shelf = Rulebook(10, NoConditions()), Shelf()
    programs = [uuid.uuid4() for _ in range(3)]
    shelf.stored = {program_id: (make.a_rule(),) for program_id in programs}
    for program_id in programs * 2:
        assert ask(rulebook, shelf, program_id) == shelf.stored[program_id]
    assert shelf.reads == programs


def test_the_program_longest_unused_is_forgotten_first() -> None:
    rulebook, shelf = Rulebook(2, NoConditions()), Shelf()
    first, second, third = (uuid.uuid4() for _ in range(3))
    for program_id in (first, second, first, third):
        ask(rulebook, shelf, program_id)
    shelf.reads.clear()

    for program_id in (first, third):
        ask(rulebook, shelf, program_id)
    assert shelf.reads == []
    ask(rulebook, shelf, second)
    assert shelf.reads == [second]
