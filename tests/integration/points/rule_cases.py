"""RPCs of rules, as the wire tests try them: on their good paths, and how some refuse."""

from __future__ import annotations

from collections.abc import Callable

from grpc import StatusCode
from loyalty.points.v1 import earning_pb2 as pb
from loyalty.points.v1 import program_pb2

from tests.integration.points.tills import Till
from tests.integration.points.wire_cases import good
from tests.unit.services.points import requests


@good
def create_earning_rule(till: Till) -> None:
    rule = till.get(requests.create_earning_rule(key="base")).rule
    assert (rule.version, rule.state, rule.key) == (1, pb.EARNING_RULE_STATE_DRAFT, "base")


@good
def revise_earning_rule(till: Till) -> None:
    rule = till.get(requests.revise_earning_rule(till.rule(), expected_version=1)).rule
    assert (rule.version, rule.state) == (2, pb.EARNING_RULE_STATE_DRAFT)


@good
def activate_earning_rule(till: Till) -> None:
    rule_id = till.get(requests.create_earning_rule()).rule.rule_id
    rule = till.get(requests.activate_earning_rule(rule_id)).rule
    assert (rule.state, rule.effective_from) == (pb.EARNING_RULE_STATE_ACTIVE, rule.terms.starts_at)


@good
def call_off_earning_rule(till: Till) -> None:
    rule = till.get(requests.call_off_earning_rule(till.scheduled_rule())).rule
    assert (rule.state, rule.effective_until) == (pb.EARNING_RULE_STATE_ENDED, rule.effective_from)


@good
def end_earning_rule(till: Till) -> None:
    rule = till.get(requests.end_earning_rule(till.rule())).rule
    assert (rule.state, rule.effective_until) == (pb.EARNING_RULE_STATE_ENDED, rule.ended_at)


@good
def get_earning_rule(till: Till) -> None:
    rule_id = till.rule()
    till.get(requests.revise_earning_rule(rule_id))
    versions = till.get(requests.get_earning_rule(rule_id)).versions
    assert [rule.version for rule in versions] == [2, 1]


@good
def list_earning_rules(till: Till) -> None:
    for name in ("Bread", "Apples", "Cheese"):
        till.rule(name=name)
    first = till.get(requests.list_earning_rules(page_size=2))
    rest = till.get(requests.list_earning_rules(page_size=2, page_token=first.next_page_token))
    assert [rule.terms.name for rule in [*first.rules, *rest.rules]] == ["Apples", "Bread", "Cheese"]
    assert rest.next_page_token == ""


@good
def export_earning_rules(till: Till) -> None:
    till.rule(name="Everyday")
    (rule,) = till.get(requests.export_earning_rules()).rules
    assert (rule.key, rule.terms.name, rule.terms.points) == ("everyday", "Everyday", 1)


@good
def diff_earning_rules(till: Till) -> None:
    till.rule(name="Base")
    (change,) = till.get(requests.diff_earning_rules(requests.definition(name="Base", points=3))).changes
    assert (change.key, change.kind) == ("base", program_pb2.RULE_CHANGE_KIND_CHANGED)
    (field,) = change.fields
    assert (field.field, field.before_json, field.after_json) == ("points", "1", "3")


@good
def import_earning_rules(till: Till) -> None:
    preview = till.get(requests.import_earning_rules(requests.definition(), dry_run=True))
    answer = till.get(requests.import_earning_rules(requests.definition()))
    assert (list(preview.changes), len(preview.drafts)) == (list(answer.changes), 0)
    (draft,) = answer.drafts
    (version,) = till.get(requests.get_earning_rule(draft.rule_id)).versions
    assert (version.key, version.state) == ("base", pb.EARNING_RULE_STATE_DRAFT)


@good
def rehearse_earning_rules(till: Till) -> None:
    assert till.get(requests.rehearse_earning_rules(requests.definition())).rehearsal_id


@good
def get_rehearsal(till: Till) -> None:
    begun = till.get(requests.rehearse_earning_rules(requests.definition()))
    rehearsal = till.get(requests.get_rehearsal(begun.rehearsal_id)).rehearsal
    assert (rehearsal.state, rehearsal.purchases) == (program_pb2.REHEARSAL_STATE_RUNNING, 0)
    assert rehearsal.covered_until == rehearsal.occurred_from


def rehearse_without_end(till: Till) -> None:
    for _ in range(4):
        till.get(requests.rehearse_earning_rules())


RULES_REFUSED: dict[str, tuple[StatusCode, Callable[[Till], object]]] = {
    "REHEARSAL_NOT_FOUND": (StatusCode.NOT_FOUND, lambda till: till.ask(requests.get_rehearsal())),
    "TOO_MANY_REHEARSALS": (StatusCode.RESOURCE_EXHAUSTED, rehearse_without_end),
}
