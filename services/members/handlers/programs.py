"""Creating and listing programs."""

from __future__ import annotations

from kit.call import Call
from kit.errors import Invalid
from kit.idempotency import Outcome
from kit.page import Page, PageRequest, page_of
from services.members import phones
from services.members.domain import programs
from services.members.domain.commands import CreateProgram
from services.members.domain.errors import ProgramExists
from services.members.domain.programs import Program
from services.members.ports import Storage, Transaction


class ProgramHandlers:
    """The RPCs about programs."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def create_program(self, call: Call, command: CreateProgram) -> Outcome[Program]:
        """Creates a program under the id that its maker chose."""
        with self._storage.transaction() as tx:
            return tx.once(call, command, Program, lambda: self._create_program(tx, command))

    def list_programs(self, page: PageRequest) -> Page[Program]:
        """Programs by name."""
        with self._storage.transaction() as tx:
            found = tx.programs.page(page)
        return page_of(found, page, lambda program: (program.name, str(program.program_id)))

    def _create_program(self, tx: Transaction, command: CreateProgram) -> Program:
        if not phones.knows_region(command.region):
            raise Invalid("region", "must be a region that has dialling rules, such as GB or PK")
        program = programs.create(command, tx.now)
        if not tx.programs.insert(program):
            raise ProgramExists(command.program_id)
        return program
