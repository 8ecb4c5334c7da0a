"""Rules as a document that people keep, compare and carry from program to program."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import orjson
from loyalty.points.v1 import program_pb2 as pb
from pydantic import Field

from gateway.wire.base import RequestModel, ResponseModel, UrlModel, example
from gateway.wire.enums import word_of
from gateway.wire.points.rules import EXAMPLE, Key
from gateway.wire.points.terms import NewTerms, terms_of

DEFINITIONS_MAX = 500
FORMAT = "earning-rules/1"

ChangeWord = Literal["added", "changed", "removed"]


class RuleDefinition(RequestModel):
    """A rule by its key, which is the same in all programs, and what it says."""

    key: Key
    terms: NewTerms


class RuleDocument(RequestModel):
    """The rules of a program as a document, JSON or YAML. What is left out is as for a new rule."""

    model_config = example({"format": FORMAT, "rules": [{"key": "base", **EXAMPLE}]})

    format: Literal["earning-rules/1"] = "earning-rules/1"
    rules: list[RuleDefinition] = Field(max_length=DEFINITIONS_MAX)
    """Each key once."""

    def definitions(self) -> list[pb.RuleDefinition]:
        """The rules for `points`."""
        return [pb.RuleDefinition(key=rule.key, terms=rule.terms.to_proto()) for rule in self.rules]


class TwoDocuments(RequestModel):
    """What to compare with what."""

    model_config = example({"after": {"rules": [{"key": "base", **EXAMPLE}]}})

    before: RuleDocument | None = None
    """Null for the program's rules as they are once all that is scheduled has begun."""
    after: RuleDocument


class ExportQuery(UrlModel):
    """What of the rules, and how it is written."""

    drafts: bool = Field(False, description="Whether a draft stands for its rule where it is the newest version.")
    format: Literal["", "json", "yaml"] = Field("", description="Empty to go by `Accept`, which is JSON if silent.")


class ImportQuery(UrlModel):
    """Whether to do it."""

    dry_run: bool = Field(True, description="Whether only to tell what differs; nothing is written then.")


class FieldChange(ResponseModel):
    """A field of a rule's terms that differs."""

    field: str
    before: Any
    """As a document has it."""
    after: Any


class RuleChange(ResponseModel):
    """A rule that differs. `fields` is empty unless it stands in both."""

    key: str
    kind: ChangeWord
    fields: list[FieldChange]


class RuleDraft(ResponseModel):
    """A version that was written as a draft."""

    key: str
    rule_id: str
    version: int


class RuleDiff(ResponseModel):
    """What differs, by key."""

    changes: list[RuleChange]


class ImportedRules(ResponseModel):
    """What differed from the newest versions, and the drafts that were written; removed rules are left as they are."""

    dry_run: bool
    changes: list[RuleChange]
    drafts: list[RuleDraft]


def document_of(rules: Iterable[pb.RuleDefinition]) -> dict[str, Any]:
    """The document as plain data: rules by key, fields in a fixed order, and none that says what is said anyway."""
    return {"format": FORMAT, "rules": [_definition(rule) for rule in rules]}


def changes_of(changes: Iterable[pb.RuleChange]) -> list[RuleChange]:
    """What differs as answered."""
    return [
        RuleChange(
            key=change.key,
            kind=word_of(pb.RuleChangeKind, change.kind),
            fields=[
                FieldChange(
                    field=each.field, before=orjson.loads(each.before_json), after=orjson.loads(each.after_json)
                )
                for each in change.fields
            ],
        )
        for change in changes
    ]


def imported_of(response: pb.ImportEarningRulesResponse, *, dry_run: bool) -> ImportedRules:
    """What an import came to, as answered."""
    drafts = [RuleDraft(key=each.key, rule_id=each.rule_id, version=each.version) for each in response.drafts]
    return ImportedRules(dry_run=dry_run, changes=changes_of(response.changes), drafts=drafts)


def _definition(rule: pb.RuleDefinition) -> dict[str, Any]:
    terms = NewTerms.model_validate_json(terms_of(rule.terms).model_dump_json())
    return {"key": rule.key, "terms": terms.model_dump(mode="json", exclude_defaults=True)}
