"""When a rule's points lapse, on the wire: nonsense is refused by its field, and what is said comes back."""

from __future__ import annotations

from typing import Any

import pytest
from loyalty.points.v1 import earning_pb2
from loyalty.points.v1 import terms_pb2 as pb

from services.points.convert.earning import rules as convert
from services.points.convert.earning.terms import terms_of, to_terms
from services.points.domain.earning.expiry import Expiry, ExpiryDate, ExpiryKind, TierExpiry
from tests.factories import points as make
from tests.unit.services.points import requests
from tests.unit.services.points.convert.refusals import expect_refused


def creation(expiry_days: int = 0, **changes: Any) -> earning_pb2.CreateEarningRuleRequest:
    return requests.create_earning_rule(requests.terms(expiry_days=expiry_days, **changes))


DAYS, MONTH, DATES = pb.EXPIRY_KIND_DAYS, pb.EXPIRY_KIND_MONTH_END, pb.EXPIRY_KIND_DATES
IDLE = pb.EXPIRY_KIND_INACTIVITY


@pytest.mark.parametrize(
    ("expiry", "path"),
    [
        (pb.Expiry(), "kind"),
        (pb.Expiry(kind=DAYS), "days"),
        (pb.Expiry(kind=DAYS, days=36_501), "days"),
        (pb.Expiry(kind=IDLE), "days"),
        (pb.Expiry(kind=IDLE, days=36_501), "days"),
        (pb.Expiry(kind=IDLE, days=1, periods_later=1), "periods_later"),
        (pb.Expiry(kind=IDLE, days=1, dates=["03-31"]), "dates"),
        (pb.Expiry(kind=MONTH, days=1), "days"),
        (pb.Expiry(kind=MONTH, periods_later=121), "periods_later"),
        (pb.Expiry(kind=DAYS, days=1, periods_later=1), "periods_later"),
        (pb.Expiry(kind=DATES), "dates"),
        (pb.Expiry(kind=MONTH, dates=["03-31"]), "dates"),
        (pb.Expiry(kind=DATES, dates=["03-31"] * 51), "dates"),
        (pb.Expiry(kind=DATES, dates=["03-31", "31 March"]), "dates[1]"),
        (pb.Expiry(kind=DATES, dates=["00-01"]), "dates[0]"),
        (pb.Expiry(kind=DATES, dates=["13-01"]), "dates[0]"),
        (pb.Expiry(kind=DATES, dates=["04-31"]), "dates[0]"),
        (pb.Expiry(kind=DATES, dates=["2027-02-29"]), "dates[0]"),
        (pb.Expiry(kind=DATES, dates=["0000-02-28"]), "dates[0]"),
    ],
)
def test_an_expiry_that_makes_no_sense_is_named(expiry: pb.Expiry, path: str) -> None:
    expect_refused(convert.create_earning_rule, creation(expiry=expiry), f"terms.expiry.{path}")
    tier = pb.TierExpiry(tier="gold", expiry=expiry)
    expect_refused(
        convert.create_earning_rule, creation(expiry_by_tier=[tier]), f"terms.expiry_by_tier[0].expiry.{path}"
    )


def test_days_are_said_in_one_place() -> None:
    expect_refused(convert.create_earning_rule, creation(5, expiry=pb.Expiry(kind=MONTH)), "terms.expiry_days")


def test_a_tier_is_named_and_named_once() -> None:
    gold = pb.TierExpiry(tier="gold", expiry=pb.Expiry(kind=MONTH))
    nameless = pb.TierExpiry(expiry=pb.Expiry(kind=MONTH))
    many = [pb.TierExpiry(tier=str(number), expiry=pb.Expiry(kind=MONTH)) for number in range(21)]
    for tiers, path in (([gold, gold], "[1].tier"), ([nameless], "[0].tier"), (many, "")):
        expect_refused(convert.create_earning_rule, creation(expiry_by_tier=tiers), f"terms.expiry_by_tier{path}")


@pytest.mark.parametrize(
    "expiry",
    [
        None,
        Expiry(ExpiryKind.NEVER),
        Expiry(ExpiryKind.DAYS, days=36_500),
        Expiry(ExpiryKind.INACTIVITY, days=36_500),
        Expiry(ExpiryKind.QUARTER_END, periods_later=120),
        Expiry(ExpiryKind.DATES, days=30, dates=(ExpiryDate(2, 29), ExpiryDate(12, 31, 2027))),
    ],
)
def test_what_is_said_comes_back(expiry: Expiry | None) -> None:
    by_tier = () if expiry is None else (TierExpiry("gold", expiry),)
    terms = make.terms(expiry=expiry, expiry_by_tier=by_tier)
    assert terms_of(to_terms(terms)) == terms
