"""Earning rules: what they say, when they are in force, and what they make of a receipt."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from services.points.domain.errors import RuleNotActive, RuleNotDraft, VersionMismatch
from services.points.domain.sales import PurchaseLine, Returned, Sale, kept_amount


class Rounding(enum.Enum):
    """How a fraction of a point ends, once per purchase and rule."""

    DOWN = "down"
    HALF_UP = "half_up"
    UP = "up"

    def apply(self, exact: Fraction) -> int:
        """The whole points for `exact` ones, which are not negative."""
        if self is Rounding.DOWN:
            return exact.numerator // exact.denominator
        if self is Rounding.UP:
            return -(-exact.numerator // exact.denominator)
        return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


class RuleState(enum.Enum):
    """The life of a rule's version: draft → active → ended."""

    DRAFT = "draft"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True)
class EarningTerms:
    """`points` for every `per_amount_minor` of eligible money, rounded once; when, and for how long they last."""

    name: str
    points: int
    per_amount_minor: int
    currency: str
    excluded_skus: tuple[str, ...]
    excluded_categories: tuple[str, ...]
    starts_at: datetime | None
    ends_at: datetime | None
    rounding: Rounding
    pending_days: int
    expiry_days: int
    wallet: str


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


class LineVerdict(enum.Enum):
    """Whether a line counted, or what kept it out."""

    COUNTED = "counted"
    SKU_EXCLUDED = "sku_excluded"
    CATEGORY_EXCLUDED = "category_excluded"


@dataclass(frozen=True)
class LineExplanation:
    """What a rule made of one line."""

    line_id: str
    amount_minor: int
    verdict: LineVerdict


@dataclass(frozen=True)
class Explanation:
    """Why a rule gave what it gave: its rate and every line with its verdict."""

    eligible_amount_minor: int
    currency: str
    points: int
    per_amount_minor: int
    rounding: Rounding
    lines: tuple[LineExplanation, ...]


@dataclass(frozen=True)
class Earning:
    """What one rule made of one purchase."""

    rule_id: UUID
    rule_version: int
    rule_name: str
    points: int
    wallet: str
    available_at: datetime
    expires_at: datetime | None
    explanation: Explanation


def evaluate(rules: Iterable[EarningRule], sale: Sale, returned: Returned) -> tuple[Earning, ...]:
    """What the rules in force when the sale occurred make of the goods kept of it, rules that give nothing too."""
    return tuple(
        _earning(rule, sale, returned)
        for rule in rules
        if rule.in_force(sale.occurred_at) and rule.terms.currency == sale.currency
    )


def points_kept(earning: Earning, sale: Sale, returned: Returned) -> int:
    """What the earning would have been if only the kept goods had been bought, under the same version of the rule.

    Reads the verdicts that were stored with the earning, so that it needs no rule that may have changed since.
    """
    why = earning.explanation
    counted = {line.line_id for line in why.lines if line.verdict is LineVerdict.COUNTED}
    eligible = sum((kept_amount(line, returned) for line in sale.lines if line.line_id in counted), Fraction(0))
    return _rounded(eligible, why.points, why.per_amount_minor, why.rounding)


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


def _earning(rule: EarningRule, sale: Sale, returned: Returned) -> Earning:
    terms = rule.terms
    judged = [(line, kept_amount(line, returned), _verdict(terms, line)) for line in sale.lines]
    eligible = sum((amount for _, amount, verdict in judged if verdict is LineVerdict.COUNTED), Fraction(0))
    lines = tuple(LineExplanation(line.line_id, int(amount), verdict) for line, amount, verdict in judged)
    rate = (terms.points, terms.per_amount_minor, terms.rounding)
    available_at = sale.occurred_at + timedelta(days=terms.pending_days)
    return Earning(
        rule_id=rule.rule_id,
        rule_version=rule.version,
        rule_name=terms.name,
        points=_rounded(eligible, *rate),
        wallet=terms.wallet,
        available_at=available_at,
        expires_at=available_at + timedelta(days=terms.expiry_days) if terms.expiry_days else None,
        explanation=Explanation(
            int(eligible), sale.currency, terms.points, terms.per_amount_minor, terms.rounding, lines
        ),
    )


def _verdict(terms: EarningTerms, line: PurchaseLine) -> LineVerdict:
    if line.sku in terms.excluded_skus:
        return LineVerdict.SKU_EXCLUDED
    if line.category in terms.excluded_categories:
        return LineVerdict.CATEGORY_EXCLUDED
    return LineVerdict.COUNTED


def _rounded(eligible_minor: Fraction, points: int, per_amount_minor: int, rounding: Rounding) -> int:
    # A receipt whose counted lines add up to nothing or less (goods taken back within the sale) earns nothing.
    return rounding.apply(eligible_minor * points / per_amount_minor) if eligible_minor > 0 else 0
