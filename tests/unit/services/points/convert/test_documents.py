"""Rules as a document on the wire: what is wrong in it is named by its path."""

from __future__ import annotations

import pytest
from loyalty.points.v1 import points_pb2 as pb

from kit.errors import Invalid
from services.points.convert import documents as convert
from services.points.convert.documents import DEFINITIONS_MAX
from services.points.domain.documents import RuleDefinition
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
def test_what_is_wrong_is_named_by_its_path(rules: list[pb.RuleDefinition], field: str) -> None:
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
        convert.diff_earning_rules(pb.DiffEarningRulesRequest(program_id=PROGRAM))
    assert refused.value.field == "after"


def test_an_export_can_be_imported() -> None:
    rules = (RuleDefinition("base", make.terms()), RuleDefinition("tea", make.terms(condition="purchase.hour == 3")))
    exported = convert.export_earning_rules_response(rules)
    request = requests.import_earning_rules(*exported.rules)
    request.program_id = PROGRAM
    assert [rule.terms.condition for rule in convert.import_earning_rules(request).rules] == ["", "purchase.hour == 3"]
    assert convert.export_earning_rules_response(convert.import_earning_rules(request).rules) == exported
