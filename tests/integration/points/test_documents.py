"""Rules as a document against the real database: exported, compared, imported."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from kit.errors import Invalid
from services.points import tables
from services.points.conditions import CelConditions
from services.points.domain.commands import CallOffEarningRule, EndEarningRule
from services.points.domain.earning.expiry import Expiry, ExpiryKind, TierExpiry
from services.points.domain.program.documents import ImportAnswer, ImportEarningRules, RuleChangeKind, RuleDefinition
from services.points.handlers import RuleDocumentHandlers
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.schedules import earned, scheduled, states

IDLE = Expiry(ExpiryKind.INACTIVITY, days=90)


@pytest.fixture
def documents(points: Points) -> RuleDocumentHandlers:
    return RuleDocumentHandlers(points.storage, CelConditions())


def wish(
    *rules: RuleDefinition, key: str = "", dry_run: bool = False, program: uuid.UUID = make.PROGRAM
) -> ImportEarningRules:
    return ImportEarningRules(program, key or f"key-{make.a_number()}", rules, dry_run)


def said(key: str = "base", **terms: object) -> RuleDefinition:
    return RuleDefinition(key, make.terms(**terms))


def rows(points: Points) -> list[str]:
    """Every rule and every stored answer there is."""
    with points.engine.connect() as connection:
        found = [
            row
            for table in (tables.earning_rules, tables.stored_answers, tables.program_settings)
            for row in connection.execute(sa.select(table))
        ]
    return sorted(map(repr, found))


def test_rules_carried_into_another_program_say_the_same_there(points: Points, documents: RuleDocumentHandlers) -> None:
    points.rule(name="Base")
    points.rule(name="Tea", included_categories=("tea",), condition="purchase.weekday == 5", time_zone="Asia/Karachi")
    points.rule(name="While active", expiry=IDLE, expiry_by_tier=(TierExpiry("gold", Expiry(ExpiryKind.NEVER)),))
    exported = documents.export_earning_rules(make.PROGRAM, False)
    assert [rule.key for rule in exported] == ["base", "tea", "while-active"]

    other = uuid.uuid4()
    documents.import_earning_rules(TILL, wish(*exported, program=other)).unwrap()

    assert documents.export_earning_rules(other, False) == ()
    assert documents.export_earning_rules(other, True) == exported


def test_nothing_is_activated_and_twice_is_as_once(points: Points, documents: RuleDocumentHandlers) -> None:
    rule = points.rule(name="Base")
    changed = said(points=3, name="Base")

    first = documents.import_earning_rules(TILL, wish(changed, said("new"))).unwrap()
    assert [(change.key, change.kind) for change in first.changes] == [
        ("base", RuleChangeKind.CHANGED),
        ("new", RuleChangeKind.ADDED),
    ]
    assert [(draft.key, draft.version) for draft in first.drafts] == [("base", 2), ("new", 1)]
    assert (states(points, rule), earned(points)) == (["draft", "active"], 10)

    again = documents.import_earning_rules(TILL, wish(changed, said("new"))).unwrap()
    assert again == ImportAnswer((), ())
    assert states(points, rule) == ["draft", "active"]


def test_the_same_request_is_answered_as_before(points: Points, documents: RuleDocumentHandlers) -> None:
    request = wish(said())
    first = documents.import_earning_rules(TILL, request)
    second = documents.import_earning_rules(TILL, request)
    assert (second.replayed, second.unwrap()) == (True, first.unwrap())


def test_a_rule_that_the_document_does_not_name_stays_as_it_is(points: Points, documents: RuleDocumentHandlers) -> None:
    rule = points.rule(name="Base")
    answer = documents.import_earning_rules(TILL, wish(said("new"))).unwrap()
    assert [(change.key, change.kind) for change in answer.changes] == [
        ("base", RuleChangeKind.REMOVED),
        ("new", RuleChangeKind.ADDED),
    ]
    assert states(points, rule) == ["active"]


def test_a_dry_run_tells_the_same_and_leaves_no_trace(points: Points, documents: RuleDocumentHandlers) -> None:
    points.rule(name="Base")
    before = rows(points)
    preview = documents.import_earning_rules(TILL, wish(said(points=3), key="k", dry_run=True)).unwrap()
    assert rows(points) == before
    answer = documents.import_earning_rules(TILL, wish(said(points=3), key="k")).unwrap()
    assert (preview.changes, preview.drafts) == (answer.changes, ())


def test_one_rule_that_is_wrong_keeps_all_out(points: Points, documents: RuleDocumentHandlers) -> None:
    before = rows(points)
    with pytest.raises(Invalid) as refused:
        documents.import_earning_rules(TILL, wish(said(), said("bad", condition="purchase.total > 1")))
    assert refused.value.field == "rules[1].terms.condition"
    assert rows(points) == before


def test_a_rule_that_has_ended_is_taken_up_again_under_its_key(points: Points, documents: RuleDocumentHandlers) -> None:
    rule = points.rule(name="Base")
    document = documents.export_earning_rules(make.PROGRAM, False)
    points.clock.advance(hours=1)
    points.rules.end_earning_rule(TILL, EndEarningRule(make.PROGRAM, "e", rule.rule_id)).unwrap()
    answer = documents.import_earning_rules(TILL, wish(*document)).unwrap()
    assert [(draft.rule_id, draft.version) for draft in answer.drafts] == [(rule.rule_id, 2)]


def test_what_was_called_off_is_not_what_the_rule_says(points: Points, documents: RuleDocumentHandlers) -> None:
    rule, second = scheduled(points)
    (told,) = documents.export_earning_rules(make.PROGRAM, False)
    assert told.terms == second.terms
    points.rules.call_off_earning_rule(TILL, CallOffEarningRule(make.PROGRAM, "c", rule.rule_id, 0)).unwrap()
    (told,) = documents.export_earning_rules(make.PROGRAM, False)
    assert told.terms == rule.terms
    assert documents.import_earning_rules(TILL, wish(told)).unwrap().drafts == ()
    answer = documents.import_earning_rules(TILL, wish(RuleDefinition(told.key, second.terms))).unwrap()
    assert [draft.version for draft in answer.drafts] == [3]


def test_a_document_is_compared_with_another_or_with_what_is(points: Points, documents: RuleDocumentHandlers) -> None:
    points.rule(name="Base")
    (change,) = documents.diff_earning_rules(make.PROGRAM, None, [said(name="Base", points=2)])
    assert [(field.field, field.before, field.after) for field in change.fields] == [("points", "1", "2")]
    (change,) = documents.diff_earning_rules(make.PROGRAM, [said(points=5)], [said(points=2)])
    assert [(field.field, field.before, field.after) for field in change.fields] == [("points", "5", "2")]


def test_two_imports_at_once_write_each_draft_once(points: Points, documents: RuleDocumentHandlers) -> None:
    rule = points.rule(name="Base")

    def bring(number: int) -> int:
        request = wish(said(points=3, name="Base"), said("new"), key=f"k{number}")
        return len(documents.import_earning_rules(TILL, request).unwrap().drafts)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(bring, range(8))) == [0] * 7 + [2]
    assert states(points, rule) == ["draft", "active"]
