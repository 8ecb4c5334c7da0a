"""What a batch knows of programs and members: policy, rules, and whether somebody may earn and spend."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from services.points.batch.reads import Reads
from services.points.batch.rulebook import Rulebook
from services.points.domain.earning.rule_sets import RuleSet
from services.points.domain.errors import MemberUnknownForNow
from services.points.domain.program.policy import KnownMember, ProgramPolicy
from services.points.storage import Setting, Transaction, Whose


class MemberNotYetKnown(MemberUnknownForNow):
    """The projection does not hold this member yet; whoever submitted the operation asks `members` and tries again."""


class BatchMembers:
    """The part of the context that is about programs and their members."""

    def __init__(self, tx: Transaction, rulebook: Rulebook) -> None:
        self._tx = tx
        self._rulebook = rulebook
        self._settings: dict[Whose, Setting] = {}

    def load(self, reads: Iterable[Reads], owners: Iterable[Whose]) -> None:
        """Loads whoever operations name, and the owners of purchases among them."""
        found = list(reads)
        whose = {(each.program_id, each.member_id) for each in found}
        whose |= {(each.program_id, each.counterpart_id) for each in found if each.counterpart_id}
        # A return is nobody's by itself, also as a part of what is somebody's.
        whose |= {(each.program_id, None) for each in found if each.return_id or each.taking_back}
        self._settings = self._tx.known_members.settings(whose | set(owners))

    def policy(self, program_id: UUID, member_id: UUID | None = None) -> ProgramPolicy:
        """How the program treats its accounts; asked of whom the operation is about."""
        return self._settings[program_id, member_id].policy

    def policies(self) -> dict[UUID, ProgramPolicy]:
        """The policy of each program that operations name."""
        return {program_id: setting.policy for (program_id, _), setting in self._settings.items()}

    def known(self, program_id: UUID, member_id: UUID) -> KnownMember:
        """What the member may do, or MemberNotYetKnown."""
        member = self._settings[program_id, member_id].member
        if member is None:
            raise MemberNotYetKnown("the member is new here and has to be looked up, try again")
        return member

    def rules(self, program_id: UUID, member_id: UUID | None = None) -> RuleSet:
        """Every rule that is or was in force."""
        return self._rulebook.effective(self._tx, program_id, self._settings[program_id, member_id].rules_revision)
