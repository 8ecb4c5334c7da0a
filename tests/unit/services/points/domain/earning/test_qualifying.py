"""What counts of a purchase, and what no longer does when goods come back."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

from services.points.domain.earning.activity_evaluation import assess_activity
from services.points.domain.earning.counters import LimitContext, limit_context_of
from services.points.domain.earning.earners import Earner
from services.points.domain.earning.evaluation import evaluate, untouched
from services.points.domain.earning.qualifying import QualifyingMovement, adjusted, clawed_back, earned
from services.points.domain.earning.rule_sets import rule_set
from services.points.domain.earning.rules import EarningRule
from services.points.domain.ledger.accounts import AccountKey, Cause, Entry, EntryKind
from services.points.domain.sales.purchases import Purchase
from services.points.storage.documents import earning_document, terms_document
from services.points.storage.earning.qualifying import movement_id
from tests.factories import points as make

BUYER, RETURN = uuid.uuid4(), uuid.uuid4()
SALE = make.a_sale(occurred_at=make.NOON - timedelta(days=9))


def a_purchase(*rules: EarningRule) -> Purchase:
    earnings = evaluate(rule_set(*rules), SALE, {})
    return Purchase(uuid.uuid4(), make.PROGRAM, BUYER, SALE, earnings, make.NOON)


def counted(bought: Purchase) -> list[QualifyingMovement]:
    limit_context = limit_context_of(bought.program_id, BUYER, bought.sale)
    return earned(limit_context, Cause(purchase_id=bought.purchase_id), bought.earnings)


def test_what_a_rule_gave_counts_if_it_says_so_when_the_purchase_occurred() -> None:
    plain, stars = make.a_rule(points=2), make.a_rule(points=3, wallet="stars", qualifying=True)
    bought = a_purchase(plain, stars)
    key = AccountKey(make.PROGRAM, BUYER, "stars")
    assert counted(bought) == [QualifyingMovement(key, 30, SALE.occurred_at, bought.purchase_id, stars.rule_id)]


def test_nothing_counts_of_a_rule_that_gave_nothing() -> None:
    bought = a_purchase(make.a_rule(qualifying=True, per_amount_minor=10_000))
    assert bought.earnings[0].qualifying
    assert counted(bought) == []


def test_what_an_activity_gave_counts_as_well() -> None:
    rule, report, activity_id = (
        make.a_rule(**make.activity_terms(qualifying=True)),
        make.an_activity_report(),
        uuid.uuid4(),
    )
    earnings = assess_activity(rule_set(rule), report, Earner("active")).earnings(untouched)
    limit_context = LimitContext(make.PROGRAM, BUYER, report.occurred_at, "", "")
    key = AccountKey(make.PROGRAM, BUYER, "points")
    (movement,) = earned(limit_context, Cause(activity_id=activity_id), earnings)
    assert movement == QualifyingMovement(key, 50, make.NOON, None, rule.rule_id, activity_id=activity_id)
    again = replace(movement, activity_id=uuid.uuid4())
    assert movement_id(movement) != movement_id(again)


def test_a_return_takes_as_of_the_purchase() -> None:
    rule = make.a_rule(qualifying=True)
    bought = a_purchase(rule)
    (earning,) = bought.earnings
    key = AccountKey(make.PROGRAM, BUYER, "points")
    assert clawed_back(bought, BUYER, RETURN, earning, 4) == [
        QualifyingMovement(key, -4, SALE.occurred_at, bought.purchase_id, rule.rule_id, RETURN)
    ]


def test_a_return_of_what_never_counted_takes_nothing() -> None:
    bought = a_purchase(make.a_rule())
    assert clawed_back(bought, BUYER, RETURN, bought.earnings[0], 4) == []


def test_a_movement_has_one_id_for_its_cause_and_rule() -> None:
    key = AccountKey(make.PROGRAM, BUYER, "points")
    first = QualifyingMovement(key, 5, SALE.occurred_at, uuid.uuid4(), uuid.uuid4())
    others = [
        replace(first, return_id=RETURN),
        replace(first, return_id=RETURN, rule_id=uuid.uuid4()),
        replace(first, rule_id=uuid.uuid4()),
        replace(first, purchase_id=uuid.uuid4()),
    ]
    assert len({movement_id(each) for each in (first, *others)}) == 5
    assert movement_id(replace(first, units=6, occurred_at=make.NOON)) == movement_id(first)


def test_an_adjustment_counts_if_somebody_said_so_when_it_was_posted() -> None:
    key = AccountKey(make.PROGRAM, BUYER, "points")
    entry = Entry(key, 7, EntryKind.ADJUSTMENT, -3, 0, Cause(qualifying=True), None, make.NOON, make.NOON)
    (movement,) = adjusted(entry)
    assert movement == QualifyingMovement(key, -3, make.NOON, entry_version=7)
    assert adjusted(replace(entry, cause=Cause())) == []
    others = [replace(movement, entry_version=8), replace(movement, key=replace(key, wallet="stars"))]
    assert len({movement_id(each) for each in (movement, *others)}) == 3


def test_what_was_stored_before_rules_could_qualify_does_not() -> None:
    (earning,) = a_purchase(make.a_rule(qualifying=True)).earnings
    old = earning_document.dump_python(earning, mode="json")
    del old["qualifying"]
    assert earning_document.validate_python(old, strict=False) == replace(earning, qualifying=False)
    terms = terms_document.dump_python(make.terms(), mode="json")
    del terms["qualifying"]
    assert terms_document.validate_python(terms, strict=False) == make.terms()
