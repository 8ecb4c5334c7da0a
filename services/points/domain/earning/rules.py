"""Earning rules: their versions, and when each is in force."""

from __future__ import annotations

import enum
import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from kit.errors import Invalid
from services.points.domain.earning.terms import EarningTerms
from services.points.domain.errors import RuleNotActive, RuleNotDraft, RuleNotScheduled, VersionMismatch

# A key is lower-case letters, digits, hyphens and underscores.
KEY_LENGTH_MAX = 63
KEY_STEM_LENGTH_MAX = 50


class RuleState(enum.Enum):
    """The life of a rule's version: draft → scheduled → active → ended.

    Only drafts, and whether a version was activated and then cut short, are stored. What a version is at an instant
    follows from when it is effective, so that nothing has to happen at midnight for it to begin or end: see `as_of`.
    """

    DRAFT = "draft"
    SCHEDULED = "scheduled"
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
    # Names the rule within its program for good, the same in all versions.
    key: str = ""

    def in_force(self, occurred_at: datetime) -> bool:
        """Whether a purchase that occurred then earns by this version; also long after the version has ended."""
        if self.effective_from is None or occurred_at < self.effective_from:
            return False
        return self.effective_until is None or occurred_at < self.effective_until

    @property
    def is_void(self) -> bool:
        """Whether it was called off, or overtaken, before it began."""
        return (
            self.effective_from is not None
            and self.effective_until is not None
            and self.effective_until <= self.effective_from
        )

    def state_at(self, now: datetime) -> RuleState:
        """What the version is at an instant."""
        if self.effective_from is None:
            return RuleState.DRAFT
        if self.is_void or (self.effective_until is not None and self.effective_until <= now):
            return RuleState.ENDED
        return RuleState.SCHEDULED if now < self.effective_from else RuleState.ACTIVE

    def as_of(self, now: datetime) -> EarningRule:
        """The version as it is shown at an instant: what was decided and lies ahead has not happened yet."""
        state = self.state_at(now)
        if state is not RuleState.ENDED:
            return replace(self, state=state, ended_at=None)
        return replace(self, state=state, ended_at=self.ended_at if self.is_void else self.effective_until)


def activate(draft: EarningRule, versions: Iterable[EarningRule], now: datetime) -> tuple[EarningRule, ...]:
    """The versions that change when the draft is activated: the draft, and those it takes over from.

    The first version to be active may reach back to its `starts_at`, for late uploads. A later one begins now at the
    earliest: what happened before keeps earning by the version that was active then. One that begins later is
    scheduled, and the version before it earns until then; one that was to begin after it is overtaken. One that would
    end before it begins is refused: it would end the version before it and put nothing in its place.
    """
    if draft.state is not RuleState.DRAFT:
        raise RuleNotDraft(f"version {draft.version} is {draft.state_at(now).value}", version=draft.version)
    predecessors = [rule for rule in versions if rule.activated_at is not None and not rule.is_void]
    starts_at = draft.terms.starts_at or now
    effective_from = max(starts_at, now) if predecessors else starts_at
    ends_at = draft.terms.ends_at
    if ends_at is not None and ends_at <= effective_from:
        raise Invalid("terms.ends_at", f"is not after {effective_from.isoformat()}, when it would begin")
    active = replace(
        draft,
        state=RuleState.ACTIVE,
        activated_at=now,
        effective_from=effective_from,
        effective_until=ends_at,
    )
    return (active, *_cut(predecessors, now, effective_from))


def end(versions: Sequence[EarningRule], now: datetime) -> tuple[EarningRule, ...]:
    """The versions that change when the rule is ended by hand, the active one first; scheduled ones are called off."""
    active = next((rule for rule in versions if rule.state_at(now) is RuleState.ACTIVE), None)
    if active is None:
        raise RuleNotActive("no version of the rule is active")
    others = (rule for rule in versions if rule is not active and rule.activated_at is not None)
    return (_ended(active, now, now), *_cut(others, now, now))


def call_off(scheduled: EarningRule, versions: Iterable[EarningRule], now: datetime) -> tuple[EarningRule, ...]:
    """The versions that change when one is called off before it begins: it, and the one that earns on in its stead.

    It keeps its beginning and has no duration. A till whose clock runs ahead may have earned by it already, and what
    was earned by a version must find it when goods come back.
    """
    if scheduled.state_at(now) is not RuleState.SCHEDULED or scheduled.effective_from is None:
        state = scheduled.state_at(now).value
        raise RuleNotScheduled(f"version {scheduled.version} is {state}", version=scheduled.version)
    starts_at = scheduled.effective_from
    others = [rule for rule in versions if rule.version != scheduled.version and not rule.is_void]
    later = [rule.effective_from for rule in others if rule.effective_from and rule.effective_from >= starts_at]
    void = replace(scheduled, state=RuleState.ENDED, ended_at=now, effective_until=starts_at)
    heirs = (rule for rule in others if rule.ended_at is not None and rule.effective_until == starts_at)
    # The heir stands where the version stood: the last of the rule, or cut by the one that follows.
    return void, *(
        replace(
            heir,
            state=scheduled.state,
            ended_at=scheduled.ended_at,
            effective_until=min((each for each in (heir.terms.ends_at, *later) if each is not None), default=None),
        )
        for heir in heirs
    )


def key_from(name: str, taken: Collection[str]) -> str:
    """A key that reads like the name and is not taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub("[^a-z0-9]+", "-", plain).strip("-")[:KEY_STEM_LENGTH_MAX].strip("-") or "rule"
    numbered = (stem if number == 1 else f"{stem}-{number}" for number in itertools.count(1))
    return next(key for key in numbered if key not in taken)


def key_of_old(rule_id: UUID) -> str:
    """The key of a rule that was written before there were keys."""
    return f"rule-{rule_id.hex[-12:]}"


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
    if rule.effective_from is not None:
        ends_at = max(ends_at, rule.effective_from)
    return replace(rule, state=RuleState.ENDED, ended_at=rule.ended_at or now, effective_until=ends_at)
