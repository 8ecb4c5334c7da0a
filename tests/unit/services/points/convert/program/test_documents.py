"""Rules as a document on the wire: what is wrong in it is named by its path."""

from __future__ import annotations

import dataclasses
import json

import pytest
from loyalty.points.v1 import program_pb2
from loyalty.points.v1 import terms_pb2 as pb

from gateway.wire.points.terms import terms_of
from kit.errors import Invalid
from services.points.convert.earning.terms import to_terms
from services.points.convert.program import documents as convert
from services.points.convert.program.documents import DEFINITIONS_MAX
from services.points.domain.earning.expiry import Expiry, ExpiryDate, ExpiryKind, TierExpiry
from services.points.domain.earning.limits import Limit, LimitScope, LimitSpan, LimitUnit
from services.points.domain.earning.terms import EarningTerms, Rounding, ValidHours
from services.points.domain.program.documents import RuleDefinition, compare
from services.points.domain.sales.sale import TenderKind
from tests.factories import points as make
from tests.unit.services.points import requests

PROGRAM = str(make.PROGRAM)


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ([requests.definition(""), requests.definition()], "rules[0].key"),
        ([requests.definition("Base")], "rules[0].key"),
        ([requests.definition(), requests.definition()], "rules[1].key"),
        ([requests.definition(str(n)) for n in range(DEFINITIONS_MAX + 1)], "rules"),
        ([requests.definition(), requests.definition("b", factor=pb.Factor(numerator=1))], "rules[1].terms.factor"),
        ([requests.definition(excluded_skus=["A", ""])], "rules[0].terms.excluded_skus[1]"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(rules: list[program_pb2.RuleDefinition], field: str) -> None:
    request = requests.import_earning_rules(*rules)
    request.program_id = PROGRAM
    with pytest.raises(Invalid) as refused:
        convert.import_earning_rules(request)
    assert refused.value.field == field

    both = requests.diff_earning_rules(*rules)
    both.program_id = PROGRAM
    with pytest.raises(Invalid) as refused:
        convert.diff_earning_rules(both)
    assert refused.value.field == f"after.{field}"
    both.before.CopyFrom(both.after)
    with pytest.raises(Invalid) as refused:
        convert.diff_earning_rules(both)
    assert refused.value.field == f"before.{field}"


def test_a_comparison_with_nothing_needs_saying() -> None:
    with pytest.raises(Invalid) as refused:
        convert.diff_earning_rules(program_pb2.DiffEarningRulesRequest(program_id=PROGRAM))
    assert refused.value.field == "after"


def test_an_export_can_be_imported() -> None:
    rules = (RuleDefinition("base", make.terms()), RuleDefinition("tea", make.terms(condition="purchase.hour == 3")))
    exported = convert.export_earning_rules_response(rules)
    request = requests.import_earning_rules(*exported.rules)
    request.program_id = PROGRAM
    assert [rule.terms.condition for rule in convert.import_earning_rules(request).rules] == ["", "purchase.hour == 3"]
    assert convert.export_earning_rules_response(convert.import_earning_rules(request).rules) == exported


def test_a_difference_tells_values_as_a_document_has_them() -> None:
    dates = Expiry(ExpiryKind.DATES, days=3, dates=(ExpiryDate(3, 31), ExpiryDate(12, 31, 2027)))
    plain = make.terms(excluded_tenders=(TenderKind.POINTS,))
    rich = make.terms(
        excluded_skus=("B", "A"),
        starts_at=make.NOON,
        rounding=Rounding.HALF_UP,
        valid_hours=(ValidHours((1, 5), 60, 120),),
        excluded_tenders=(),
        limits=(Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.POINTS, 5),),
        expiry=dates,
        expiry_by_tier=(TierExpiry("gold", dates),),
        qualifying=True,
    )
    document = terms_of(to_terms(rich)).model_dump(mode="json") | {"excluded_skus": ["A", "B"]}
    (change,) = compare([RuleDefinition("base", plain)], [RuleDefinition("base", rich)])
    assert {each.field: json.loads(each.after) for each in change.fields} == {
        each.field: document[each.field] for each in change.fields
    }
    assert len(change.fields) == 10


def test_a_difference_knows_the_fields_that_a_document_has() -> None:
    known = {field.name for field in dataclasses.fields(EarningTerms)} | {"all_tenders_earn"}
    assert known == set(pb.EarningTerms.DESCRIPTOR.fields_by_name)
