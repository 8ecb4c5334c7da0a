"""A program's rules as a document: what stands in it, how two differ, and what has to be written to follow one."""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from services.points.domain.earning.expiry import ExpiryDate
from services.points.domain.earning.rules import EarningRule, RuleState
from services.points.domain.earning.terms import EarningTerms


@dataclass(frozen=True)
class RuleDefinition:
    """A rule as a document tells it: by its key, and not by ids and versions, which are others in each program."""

    key: str
    terms: EarningTerms


class RuleChangeKind(enum.Enum):
    """How a rule of one document stands in another."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True)
class FieldChange:
    """A field of a rule's terms that differs; both values as JSON."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class RuleChange:
    """A rule that differs; `fields` is empty unless it stands in both documents."""

    key: str
    kind: RuleChangeKind
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True)
class ImportEarningRules:
    """Has the program's drafts follow a document."""

    program_id: UUID
    request_id: str
    rules: tuple[RuleDefinition, ...]
    dry_run: bool


@dataclass(frozen=True)
class DraftWritten:
    """A version that an import wrote."""

    key: str
    rule_id: UUID
    version: int


@dataclass(frozen=True)
class ImportAnswer:
    """How the document differs from what was there, and the drafts that were written for it."""

    changes: tuple[RuleChange, ...]
    drafts: tuple[DraftWritten, ...]


def present(versions: Iterable[EarningRule], now: datetime, *, drafts: bool) -> list[EarningRule]:
    """One version of each rule: what it says once all that is scheduled has begun, by key.

    With `drafts`, the newest version is meant if it is a draft. Rules that have ended, and without `drafts` those that
    were never activated, are left out.
    """
    rules: dict[UUID, list[EarningRule]] = {}
    for version in versions:
        rules.setdefault(version.rule_id, []).append(version)
    found = (_present(each, now, drafts=drafts) for each in rules.values())
    return sorted((rule for rule in found if rule is not None), key=lambda rule: rule.key)


def definitions(rules: Iterable[EarningRule]) -> tuple[RuleDefinition, ...]:
    """The rules as a document tells them."""
    return tuple(RuleDefinition(rule.key, rule.terms) for rule in rules)


def compare(before: Iterable[RuleDefinition], after: Iterable[RuleDefinition]) -> tuple[RuleChange, ...]:
    """What changes from one document to another, by key."""
    old, new = {rule.key: rule.terms for rule in before}, {rule.key: rule.terms for rule in after}
    changes = (_change(key, old, new) for key in sorted(old.keys() | new.keys()))
    return tuple(change for change in changes if change is not None)


def _present(versions: Sequence[EarningRule], now: datetime, *, drafts: bool) -> EarningRule | None:
    newest = max(versions, key=lambda rule: rule.version)
    if drafts and newest.state_at(now) is RuleState.DRAFT:
        return newest
    live = [rule for rule in versions if rule.state_at(now) in (RuleState.SCHEDULED, RuleState.ACTIVE)]
    return max(live, key=lambda rule: rule.effective_from or now, default=None)


def _change(key: str, old: Mapping[str, EarningTerms], new: Mapping[str, EarningTerms]) -> RuleChange | None:
    if key not in old:
        return RuleChange(key, RuleChangeKind.ADDED)
    if key not in new:
        return RuleChange(key, RuleChangeKind.REMOVED)
    before, after = _fields(old[key]), _fields(new[key])
    fields = tuple(FieldChange(name, before[name], after[name]) for name in before if before[name] != after[name])
    return RuleChange(key, RuleChangeKind.CHANGED, fields) if fields else None


def _fields(terms: EarningTerms) -> dict[str, str]:
    said = {field.name: _plain(getattr(terms, field.name)) for field in dataclasses.fields(terms)}
    # Where a document names no tenders it means the usual ones, unless it says this.
    said["all_tenders_earn"] = not terms.excluded_tenders
    return {name: json.dumps(value, ensure_ascii=False, sort_keys=True) for name, value in said.items()}


def _plain(value: object) -> object:
    """The value as a document writes it."""
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, ExpiryDate):
        return str(value)
    if isinstance(value, tuple):
        # Lists of names are sets: nobody means their order.
        names = {plain for each in value if isinstance(plain := _plain(each), str)}
        return sorted(names) or [_plain(each) for each in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value
