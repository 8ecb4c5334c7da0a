"""Rules as a document, on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from loyalty.points.v1 import program_pb2 as pb

from kit.convert import EnumMap, request_id_of, uuid_of
from kit.errors import Invalid
from services.points.convert.earning.rules import optional_key
from services.points.convert.earning.terms import terms_of, to_terms
from services.points.domain.program.documents import (
    ImportAnswer,
    ImportEarningRules,
    RuleChange,
    RuleChangeKind,
    RuleDefinition,
)

DEFINITIONS_MAX = 500

_CHANGE_KIND = EnumMap(pb.RuleChangeKind, RuleChangeKind)


def export_earning_rules(request: pb.ExportEarningRulesRequest) -> tuple[UUID, bool]:
    """Whose rules are asked for, and whether drafts are among them."""
    return uuid_of(request.program_id, "program_id"), request.drafts


def diff_earning_rules(
    request: pb.DiffEarningRulesRequest,
) -> tuple[UUID, tuple[RuleDefinition, ...] | None, tuple[RuleDefinition, ...]]:
    """Two documents to compare; nothing for the first means the program's rules."""
    program_id = uuid_of(request.program_id, "program_id")
    before = definitions_of(request.before.rules, "before.rules") if request.HasField("before") else None
    if not request.HasField("after"):
        raise Invalid("after", "is missing")
    return program_id, before, definitions_of(request.after.rules, "after.rules")


def import_earning_rules(request: pb.ImportEarningRulesRequest) -> ImportEarningRules:
    """A document to follow."""
    return ImportEarningRules(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        rules=definitions_of(request.rules, "rules"),
        dry_run=request.dry_run,
    )


def definitions_of(rules: Sequence[pb.RuleDefinition], field: str) -> tuple[RuleDefinition, ...]:
    """What a document says; what is wrong in it is named by its path."""
    if len(rules) > DEFINITIONS_MAX:
        raise Invalid(field, f"must have at most {DEFINITIONS_MAX} items")
    keys: set[str] = set()
    found = []
    for index, each in enumerate(rules):
        rule = _definition(each, f"{field}[{index}]")
        if rule.key in keys:
            raise Invalid(f"{field}[{index}].key", "stands in the document twice")
        keys.add(rule.key)
        found.append(rule)
    return tuple(found)


def _definition(rule: pb.RuleDefinition, field: str) -> RuleDefinition:
    key = optional_key(rule.key, f"{field}.key")
    if not key:
        raise Invalid(f"{field}.key", "is missing")
    try:
        return RuleDefinition(key, terms_of(rule.terms))
    except Invalid as problem:
        raise problem.within(field) from problem


# ---- To the wire -----------------------------------------------------------------------------------------------------


def export_earning_rules_response(rules: Iterable[RuleDefinition]) -> pb.ExportEarningRulesResponse:
    """The program's rules."""
    return pb.ExportEarningRulesResponse(
        rules=[pb.RuleDefinition(key=rule.key, terms=to_terms(rule.terms)) for rule in rules]
    )


def diff_earning_rules_response(changes: Iterable[RuleChange]) -> pb.DiffEarningRulesResponse:
    """What differs."""
    return pb.DiffEarningRulesResponse(changes=[_to_change(change) for change in changes])


def import_earning_rules_response(answer: ImportAnswer) -> pb.ImportEarningRulesResponse:
    """What differed, and what was written."""
    return pb.ImportEarningRulesResponse(
        changes=[_to_change(change) for change in answer.changes],
        drafts=[
            pb.RuleDraft(key=draft.key, rule_id=str(draft.rule_id), version=draft.version) for draft in answer.drafts
        ],
    )


def _to_change(change: RuleChange) -> pb.RuleChange:
    return pb.RuleChange(
        key=change.key,
        kind=_CHANGE_KIND.to_proto(change.kind),
        fields=[
            pb.FieldChange(field=each.field, before_json=each.before, after_json=each.after) for each in change.fields
        ],
    )
