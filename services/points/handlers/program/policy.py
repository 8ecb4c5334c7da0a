"""How a program treats its accounts: read and set."""

from __future__ import annotations

from uuid import UUID

from kit.call import Call
from kit.idempotency import Outcome
from services.points.domain.commands import SetProgramPolicy
from services.points.domain.program.policy import ProgramPolicy, expect_policy_version
from services.points.storage import Storage


class PolicyHandlers:
    """What those decide who run the program."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def get_program_policy(self, program_id: UUID) -> ProgramPolicy:
        """How the program treats its accounts."""
        with self._storage.transaction() as tx:
            return tx.rules.policy(program_id)

    def set_program_policy(self, call: Call, command: SetProgramPolicy) -> Outcome[ProgramPolicy]:
        """Sets how the program treats its accounts."""

        def work() -> ProgramPolicy:
            before = tx.rules.policy(command.program_id, lock=True)
            expect_policy_version(before, command.expected_version)
            policy = ProgramPolicy(
                command.program_id,
                command.shortfall,
                command.adjustment_limit,
                command.transfers,
                command.unspendable_wallets,
                command.inactivity_activities,
                command.time_zone,
                before.version + 1,
            )
            tx.rules.put_policy(policy)
            return policy

        with self._storage.transaction() as tx:
            return tx.once(call, command, ProgramPolicy, work)
