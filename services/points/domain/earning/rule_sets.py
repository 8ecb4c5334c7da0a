"""A program's rules as they are judged by, what an evaluation of them depends on, and where it is done."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from services.points.domain.earning.activities import ActivityReport
from services.points.domain.earning.conditions import Conditions, NoConditions
from services.points.domain.earning.earners import Earner
from services.points.domain.earning.evaluation_steps import RuleSteps, rule_steps
from services.points.domain.earning.rules import EarningRule
from services.points.domain.sales.sale import Sale


@dataclass(frozen=True)
class RuleSet:
    """A program's rules, every version that is or was in force, and who answers their conditions."""

    rules: tuple[EarningRule, ...]
    conditions: Conditions
    # What one receipt or activity may cost; None for work of our own, which nobody waits for.
    steps_max: int | None = None
    # Where long evaluations are kept; None has each done where it is met.
    evaluations: Evaluations | None = None

    @functools.cached_property
    def by_version(self) -> dict[tuple[UUID, int], EarningRule]:
        """Each by what earnings name it."""
        return {(rule.rule_id, rule.version): rule for rule in self.rules}

    @functools.cached_property
    def _steps(self) -> dict[tuple[UUID, int], RuleSteps]:
        return {}

    def steps(self, rules: Iterable[EarningRule], lines: int) -> int:
        """The most steps that these of the rules cost for so many lines."""
        return sum(self._steps_of(rule).of(lines) for rule in rules)

    def _steps_of(self, rule: EarningRule) -> RuleSteps:
        key = rule.rule_id, rule.version
        steps = self._steps.get(key)
        if steps is None:
            steps = self._steps[key] = rule_steps(rule.terms, self.conditions)
        return steps


@dataclass(frozen=True)
class Question:
    """What an evaluation depends on: rules, what they judge, what came back of it, and who earns."""

    rules: tuple[tuple[UUID, int], ...]
    subject: Sale | ActivityReport
    returned: Mapping[str, int]
    earner: Earner
    # Whether what the sale takes back is judged, and not the sale.
    of_loose: bool = False

    @property
    def key(self) -> Hashable:
        """Tells most questions apart, and is quickly made."""
        subject = self.subject
        about = subject.receipt if isinstance(subject, Sale) else (subject.source, subject.activity_key)
        return self.rules, about, self.of_loose, frozenset(self.returned.items())


Result = TypeVar("Result")


class Evaluations(Protocol):
    """Decides where an evaluation is done, by its steps."""

    def evaluated(self, steps: int, question: Question, work: Callable[[], Result]) -> Result:
        """The result of the work, which may have been done before."""
        ...


def evaluated(rules: RuleSet, steps: int, question: Question, work: Callable[[], Result]) -> Result:
    """The result of the work, wherever it is done."""
    return work() if rules.evaluations is None else rules.evaluations.evaluated(steps, question, work)


def names_of(rules: Iterable[EarningRule]) -> tuple[tuple[UUID, int], ...]:
    """Each of the rules by what earnings name it."""
    return tuple((rule.rule_id, rule.version) for rule in rules)


def rule_set(*rules: EarningRule) -> RuleSet:
    """Rules without conditions."""
    return RuleSet(rules, NoConditions())
