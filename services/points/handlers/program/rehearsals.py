"""Rehearsals: what rules would have given for past purchases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from kit import ids
from kit.call import Call
from kit.errors import Invalid
from kit.idempotency import Outcome
from services.points.domain.earning.rules import EarningRule
from services.points.domain.errors import RehearsalNotFound, TooManyRehearsals
from services.points.domain.program.documents import RuleDefinition, present
from services.points.domain.program.rehearsals import (
    Comparison,
    Position,
    Rehearsal,
    RehearsalPlan,
    RehearsalState,
    RehearseEarningRules,
    in_force_throughout,
)
from services.points.handlers.earning.rules import first_draft
from services.points.ports import CheckedConditions
from services.points.storage import Storage, Transaction

# Of one program, at the same time.
RUNNING_MAX = 3


@dataclass(frozen=True)
class RehearsalStarted:
    """The stored answer of RehearseEarningRules."""

    rehearsal_id: UUID


class RehearsalHandlers:
    """What marketers ask before they publish. A job does the work; see `jobs.rehearse_rules`."""

    def __init__(self, storage: Storage, conditions: CheckedConditions) -> None:
        self._storage = storage
        self._conditions = conditions

    def rehearse_earning_rules(self, call: Call, command: RehearseEarningRules) -> Outcome[RehearsalStarted]:
        """Begins a rehearsal."""
        for index, rule in enumerate(command.rules):
            try:
                self._conditions.expect_valid(rule.terms)
            except Invalid as problem:
                raise problem.within(f"rules[{index}]") from problem

        def work() -> RehearsalStarted:
            tx.rules.lock(command.program_id)
            running = tx.rehearsals.running(command.program_id)
            if running >= RUNNING_MAX:
                raise TooManyRehearsals(f"{running} rehearsals of the program are running", running=running)
            rehearsal = _begun(tx, command)
            tx.rehearsals.append(rehearsal)
            return RehearsalStarted(rehearsal.rehearsal_id)

        with self._storage.transaction() as tx:
            return tx.once(call, command, RehearsalStarted, work)

    def get_rehearsal(self, program_id: UUID, rehearsal_id: UUID) -> Rehearsal:
        """A rehearsal as it stands."""
        with self._storage.transaction() as tx:
            found = tx.rehearsals.find(program_id, rehearsal_id)
        if found is None:
            raise RehearsalNotFound("the program has no such rehearsal")
        return found


def _begun(tx: Transaction, command: RehearseEarningRules) -> Rehearsal:
    plan = RehearsalPlan(
        rules=tuple(in_force_throughout(rule, command.start) for rule in _cast(tx, command)),
        wallet=command.wallet,
        start=command.start,
        end=command.end,
        purchases_max=command.purchases_max,
        value_minor=command.value_minor,
        per_points=command.per_points,
    )
    return Rehearsal(
        ids.ordered_id(),
        command.program_id,
        RehearsalState.RUNNING,
        plan,
        Position(command.start),
        Comparison(),
        0,
        tx.now,
    )


def _cast(tx: Transaction, command: RehearseEarningRules) -> Sequence[EarningRule]:
    """The rules that take part: those of the document in the place of their own, and unless told otherwise the others.

    Without a document, each rule in its newest version, drafts and all. Rules that activities trigger take no part.
    """
    versions = tx.rules.all_versions(command.program_id)
    rules = {rule.key: rule for rule in present(versions, tx.now, drafts=not command.rules)}
    newest = {rule.key: rule for rule in sorted(versions, key=lambda rule: rule.version)}
    said = {rule.key: _draft(tx, command.program_id, rule, newest.get(rule.key)) for rule in command.rules}
    taking_part = said if command.only else rules | said
    of_purchases = (rule for rule in taking_part.values() if not rule.terms.trigger.is_activity)
    # In the order in which the rulebook has them.
    return sorted(of_purchases, key=lambda rule: rule.rule_id)


def _draft(tx: Transaction, program_id: UUID, rule: RuleDefinition, newest: EarningRule | None) -> EarningRule:
    draft = first_draft(program_id, rule.key, rule.terms, tx.now)
    return draft if newest is None else replace(draft, rule_id=newest.rule_id, version=newest.version + 1)
