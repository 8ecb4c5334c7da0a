"""Earning rules: written, activated, ended, read."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kit import ids
from kit.call import Call
from kit.idempotency import Outcome
from kit.page import Page, PageRequest, page_of
from services.points.domain.commands import (
    ActivateEarningRule,
    CallOffEarningRule,
    CreateEarningRule,
    EndEarningRule,
    ReviseEarningRule,
)
from services.points.domain.earning.evaluation_steps import STEPS_MAX_DEFAULT, expect_activatable
from services.points.domain.earning.rules import (
    EarningRule,
    RuleState,
    activate,
    call_off,
    end,
    expect_version,
    key_from,
)
from services.points.domain.earning.terms import EarningTerms
from services.points.domain.errors import RuleKeyTaken, RuleNotFound, RuleNotScheduled
from services.points.ports import CheckedConditions
from services.points.storage import Storage, Transaction


class RuleHandlers:
    """What marketers do."""

    def __init__(
        self, storage: Storage, conditions: CheckedConditions, evaluation_steps_max: int = STEPS_MAX_DEFAULT
    ) -> None:
        self._storage = storage
        self._conditions = conditions
        self._steps_max = evaluation_steps_max

    def create_earning_rule(self, call: Call, command: CreateEarningRule) -> Outcome[EarningRule]:
        """Writes a new rule as a draft."""
        self._conditions.expect_valid(command.terms)

        def work() -> EarningRule:
            tx.rules.lock(command.program_id)
            taken = tx.rules.keys(command.program_id)
            if command.key in taken:
                raise RuleKeyTaken("another rule of the program has this key", key=command.key)
            rule = first_draft(
                command.program_id, command.key or key_from(command.terms.name, taken), command.terms, tx.now
            )
            tx.rules.put(rule)
            return rule

        with self._storage.transaction() as tx:
            return tx.once(call, command, EarningRule, work)

    def revise_earning_rule(self, call: Call, command: ReviseEarningRule) -> Outcome[EarningRule]:
        """Writes the rule's next version as a draft."""
        self._conditions.expect_valid(command.terms)

        def work() -> EarningRule:
            latest = _versions(tx, command.program_id, command.rule_id)[0]
            expect_version(latest, command.expected_version)
            rule = next_draft(latest, command.terms, tx.now)
            tx.rules.put(rule)
            return rule

        with self._storage.transaction() as tx:
            return tx.once(call, command, EarningRule, work)

    def activate_earning_rule(self, call: Call, command: ActivateEarningRule) -> Outcome[EarningRule]:
        """Lets a draft earn from its beginning on, and the version before it until then."""

        def work() -> EarningRule:
            versions = _versions(tx, command.program_id, command.rule_id)
            wanted = command.version or versions[0].version
            draft = next((rule for rule in versions if rule.version == wanted), None)
            if draft is None:
                raise RuleNotFound("the rule has no such version", version=wanted)
            active, *ended = activate(draft, versions, tx.now)
            self._expect_affordable(tx, [active, *ended])
            # Those that end go first: a rule has one last version at a time, also within a transaction.
            tx.rules.put(*ended, active)
            return active.as_of(tx.now)

        with self._storage.transaction() as tx:
            return tx.once(call, command, EarningRule, work)

    def _expect_affordable(self, tx: Transaction, changed: list[EarningRule]) -> None:
        """Refuses a version beside which the greatest receipt could cost too much."""
        active = changed[0]
        rules = {(rule.rule_id, rule.version): rule for rule in (*tx.rules.effective(active.program_id), *changed)}
        begins_at = max(tx.now, active.effective_from or tx.now)
        if active.terms.trigger.is_activity:
            return
        beside = [
            rule.terms
            for rule in rules.values()
            if rule.in_force(begins_at)
            and rule.terms.currency == active.terms.currency
            and not rule.terms.trigger.is_activity
        ]
        expect_activatable(beside, self._conditions, self._steps_max)

    def call_off_earning_rule(self, call: Call, command: CallOffEarningRule) -> Outcome[EarningRule]:
        """Calls a scheduled version off; the one before it earns on."""

        def work() -> EarningRule:
            versions = _versions(tx, command.program_id, command.rule_id)
            void, *heirs = call_off(_scheduled(versions, command.version, tx.now), versions, tx.now)
            tx.rules.put(void, *heirs)
            return void.as_of(tx.now)

        with self._storage.transaction() as tx:
            return tx.once(call, command, EarningRule, work)

    def end_earning_rule(self, call: Call, command: EndEarningRule) -> Outcome[EarningRule]:
        """Ends the active version."""

        def work() -> EarningRule:
            versions = _versions(tx, command.program_id, command.rule_id)
            ended, *others = end(versions, tx.now)
            tx.rules.put(ended, *others)
            return ended.as_of(tx.now)

        with self._storage.transaction() as tx:
            return tx.once(call, command, EarningRule, work)

    def get_earning_rule(self, program_id: UUID, rule_id: UUID) -> list[EarningRule]:
        """All versions of a rule, newest first."""
        with self._storage.transaction() as tx:
            versions = [rule.as_of(tx.now) for rule in tx.rules.versions(program_id, rule_id)]
        if not versions:
            raise RuleNotFound("the program has no such rule")
        return versions

    def list_earning_rules(self, program_id: UUID, page: PageRequest) -> Page[EarningRule]:
        """Each rule in its latest version, by name."""
        with self._storage.transaction() as tx:
            rules = [rule.as_of(tx.now) for rule in tx.rules.latest(program_id, page)]
        return page_of(rules, page, lambda rule: (rule.terms.name, str(rule.rule_id)))


def first_draft(program_id: UUID, key: str, terms: EarningTerms, now: datetime) -> EarningRule:
    """A new rule."""
    return EarningRule(ids.ordered_id(), program_id, 1, RuleState.DRAFT, terms, now, key=key)


def next_draft(latest: EarningRule, terms: EarningTerms, now: datetime) -> EarningRule:
    """The version after the latest."""
    return EarningRule(
        latest.rule_id, latest.program_id, latest.version + 1, RuleState.DRAFT, terms, now, key=latest.key
    )


def _versions(tx: Transaction, program_id: UUID, rule_id: UUID) -> list[EarningRule]:
    # All who change rules of a program wait for one another here, so that they do nowhere else.
    tx.rules.lock(program_id)
    versions = tx.rules.versions(program_id, rule_id)
    if not versions:
        raise RuleNotFound("the program has no such rule")
    return versions


def _scheduled(versions: list[EarningRule], wanted: int, now: datetime) -> EarningRule:
    """The version that is to be called off."""
    if wanted:
        found = next((rule for rule in versions if rule.version == wanted), None)
        if found is None:
            raise RuleNotFound("the rule has no such version", version=wanted)
        return found
    waiting = [rule for rule in versions if rule.state_at(now) is RuleState.SCHEDULED]
    if not waiting:
        raise RuleNotScheduled("no version of the rule is scheduled")
    return max(waiting, key=lambda rule: rule.effective_from or now)
