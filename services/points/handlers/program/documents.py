"""A program's rules as a document: exported, compared, imported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from kit.call import Call
from kit.errors import Invalid
from kit.idempotency import Outcome, answered
from services.points.domain.earning.rules import EarningRule
from services.points.domain.program.documents import (
    DraftWritten,
    ImportAnswer,
    ImportEarningRules,
    RuleChange,
    RuleChangeKind,
    RuleDefinition,
    compare,
    definitions,
    present,
)
from services.points.handlers.earning.rules import first_draft, next_draft
from services.points.ports import CheckedConditions
from services.points.storage import Storage, Transaction


class RuleDocumentHandlers:
    """What marketers do with all rules of a program at once."""

    def __init__(self, storage: Storage, conditions: CheckedConditions) -> None:
        self._storage = storage
        self._conditions = conditions

    def export_earning_rules(self, program_id: UUID, drafts: bool) -> tuple[RuleDefinition, ...]:
        """The program's rules by key, as they are once all that is scheduled has begun; drafts only if asked."""
        with self._storage.transaction() as tx:
            return definitions(present(tx.rules.all_versions(program_id), tx.now, drafts=drafts))

    def diff_earning_rules(
        self, program_id: UUID, before: Sequence[RuleDefinition] | None, after: Sequence[RuleDefinition]
    ) -> tuple[RuleChange, ...]:
        """How one document differs from another, or from what the program's rules are."""
        if before is None:
            before = self.export_earning_rules(program_id, False)
        else:
            self._expect_valid(before, "before.rules")
        self._expect_valid(after, "after.rules")
        return compare(before, after)

    def import_earning_rules(self, call: Call, command: ImportEarningRules) -> Outcome[ImportAnswer]:
        """Writes a draft for each rule that differs from its newest version, all or none; nothing is activated."""
        self._expect_valid(command.rules, "rules")

        def work() -> ImportAnswer:
            tx.rules.lock(command.program_id)
            changes, drafts = _planned(tx, command)
            if drafts:
                tx.rules.put(*drafts)
            written = (DraftWritten(draft.key, draft.rule_id, draft.version) for draft in drafts)
            return ImportAnswer(changes, tuple(written))

        with self._storage.transaction() as tx:
            if command.dry_run:
                return answered(ImportAnswer(_planned(tx, command)[0], ()))
            return tx.once(call, command, ImportAnswer, work)

    def _expect_valid(self, rules: Iterable[RuleDefinition], field: str) -> None:
        for index, rule in enumerate(rules):
            try:
                self._conditions.expect_valid(rule.terms)
            except Invalid as problem:
                raise problem.within(f"{field}[{index}]") from problem


def _planned(tx: Transaction, command: ImportEarningRules) -> tuple[tuple[RuleChange, ...], list[EarningRule]]:
    """What differs, and the drafts that make it follow the document. Rules that it does not name stay as they are."""
    versions = tx.rules.all_versions(command.program_id)
    changes = compare(definitions(present(versions, tx.now, drafts=True)), command.rules)
    newest = {rule.key: rule for rule in sorted(versions, key=lambda rule: rule.version)}
    changed = {change.key for change in changes if change.kind is not RuleChangeKind.REMOVED}
    drafts = [
        _draft(command.program_id, rule, newest.get(rule.key), tx.now) for rule in command.rules if rule.key in changed
    ]
    return changes, drafts


def _draft(program_id: UUID, rule: RuleDefinition, newest: EarningRule | None, now: datetime) -> EarningRule:
    if newest is None:
        return first_draft(program_id, rule.key, rule.terms, now)
    return next_draft(newest, rule.terms, now)
