"""Earning rules: their versions, and when each is in force."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.points.domain.errors import RuleNotActive, RuleNotDraft, VersionMismatch
from services.points.domain.terms import EarningTerms


class RuleState(enum.Enum):
    """The life of a rule's version: draft → active → ended."""

    DRAFT = "draft"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True)
class EarningRule:
    """One version of a rule. Effective for purchases that occurred in [effective_from, effective_until)."""

    rule_id: UUID
    program_id: UUID
    version: int
    state: RuleState
    terms: EarningTerms
    created_at: datetime
    activated_at: datetime | None = None
    ended_at: datetime | None = None
    effective_from: datetime | None = None
    effective_until: datetime | None = None

    def in_force(self, occurred_at: datetime) -> bool:
        """Whether a purchase that occurred then earns by this version; also long after the version has ended."""
        if self.effective_from is None or occurred_at < self.effective_from:
            return False
        return self.effective_until is None or occurred_at < self.effective_until


def activate(draft: EarningRule, versions: Iterable[EarningRule], now: datetime) -> tuple[EarningRule, ...]:
    """The versions that change when the draft is activated: the draft, and those it takes over from.

    The first version to be active may reach back to its `starts_at`, for late uploads. A later one begins now at the
    earliest: what happened before keeps earning by the version that was active then.
    """
    if draft.state is not RuleState.DRAFT:
        raise RuleNotDraft(f"version {draft.version} is {draft.state.value}", version=draft.version)
    predecessors = [rule for rule in versions if rule.activated_at is not None]
    starts_at = draft.terms.starts_at or now
    effective_from = max(starts_at, now) if predecessors else starts_at
    active = replace(
        draft,
        state=RuleState.ACTIVE,
        activated_at=now,
        effective_from=effective_from,
        effective_until=draft.terms.ends_at,
    )
    return (active, *_cut(predecessors, now, effective_from))


def end(active: EarningRule, versions: Iterable[EarningRule], now: datetime) -> tuple[EarningRule, ...]:
    """The versions that change when the rule is ended by hand, the active one first."""
    if active.state is not RuleState.ACTIVE:
        raise RuleNotActive(f"version {active.version} is {active.state.value}", version=active.version)
    others = (rule for rule in versions if rule.version != active.version and rule.activated_at is not None)
    return (_ended(active, now, now), *_cut(others, now, now))


def expect_version(rule: EarningRule, expected_version: int) -> None:
    """Refuses a change that was decided on another version; 0 expects nothing."""
    if expected_version not in (0, rule.version):
        raise VersionMismatch(
            f"the rule is at version {rule.version}, the change was decided on version {expected_version}",
            version=rule.version,
            expected_version=expected_version,
        )


def _cut(rules: Iterable[EarningRule], now: datetime, until: datetime) -> list[EarningRule]:
    """Those of the rules that would reach beyond `until`, ended there.

    One that has ended may be among them: it earns on until its successor, activated ahead of time, begins.
    """
    return [ended for rule in rules if (ended := _ended(rule, now, until)) != rule]


def _ended(rule: EarningRule, now: datetime, until: datetime) -> EarningRule:
    ends_at = until if rule.effective_until is None else min(until, rule.effective_until)
    return replace(rule, state=RuleState.ENDED, ended_at=rule.ended_at or now, effective_until=ends_at)
