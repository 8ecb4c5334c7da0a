"""The sentence that a cashier reads out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.points.domain.earning.earnings import Earning, Reason
from services.points.domain.earning.evaluation import evaluate
from services.points.domain.earning.limits import Limit, LimitPolicy, LimitScope, LimitSpan, LimitUnit, LimitUsage
from services.points.domain.earning.rule_sets import rule_set
from services.points.domain.earning.rules import EarningRule
from services.points.domain.earning.sentences import earning_sentence, entry_sentence
from services.points.domain.earning.sentences.numbers import amount
from services.points.domain.earning.terms import Effect, Factor, Rounding, Trigger, ValidHours
from services.points.domain.ledger.accounts import Cause, Entry, EntryKind
from services.points.domain.sales.sale import PurchaseLine, Tender, TenderKind
from tests.factories import points as make
from tests.unit.services.points.domain.opened import KEY, NOW


def earned(rule: EarningRule, *lines: PurchaseLine) -> Earning:
    (earning,) = evaluate(rule_set(rule), make.a_sale(*lines), {})
    return earning


def an_entry(kind: EntryKind, amount: int, earning: Earning | None = None) -> Entry:
    return Entry(KEY, 1, kind, amount, amount, Cause(reason="spilled tea"), earning, NOW, NOW)


def test_a_rate_a_sum_and_a_result() -> None:
    earning = earned(make.a_rule(points=1_500), make.a_line(123_456))
    assert earning_sentence(earning) == (
        "Everyday: 1,500 points for every GBP 1.00; GBP 1,234.56 counted (1 line), rounded down to 1,234 steps, "
        "1,851,000 points."
    )


def test_lines_left_out_are_counted_too() -> None:
    rule = make.a_rule(excluded_skus=("STAMP",), rounding=Rounding.HALF_UP)
    lines = [make.a_line(50), make.a_line(100, line_id="2"), make.a_line(900, line_id="3", sku="STAMP")]
    assert earning_sentence(earned(rule, *lines)) == (
        "Everyday: 1 point for every GBP 1.00; GBP 1.50 counted (2 lines, 1 line left out), rounded to 2 points."
    )


def test_one_point_is_no_points() -> None:
    assert earning_sentence(earned(make.a_rule(rounding=Rounding.UP), make.a_line(1))).endswith(
        "rounded up to 1 point."
    )


@pytest.mark.parametrize(
    ("currency", "money"),
    [("GBP", "GBP 12.34"), ("JPY", "JPY 1,234"), ("KWD", "KWD 1.234"), ("PKR", "PKR 12.34")],
)
def test_money_has_the_digits_of_its_currency(currency: str, money: str) -> None:
    sale = make.a_sale(make.a_line(1234))
    rule = make.a_rule(currency=currency)
    (earning,) = evaluate(rule_set(rule), type(sale)(sale.receipt, NOW, currency, sale.lines, (), ""), {})
    assert f"; {money} counted" in earning_sentence(earning)


def test_money_below_nothing_has_its_sign_before_the_number() -> None:
    assert amount(-5, "GBP") == "-0.05"


@pytest.mark.parametrize(
    ("kind", "amount", "sentence"),
    [
        (EntryKind.EARN, 10, "10 points earned."),
        (EntryKind.RETURN, -10, "10 points taken back for returned goods."),
        (EntryKind.SPEND, -1, "1 point spent."),
        (EntryKind.REVERSAL, 1, "1 point given back: spilled tea."),
        (EntryKind.EXPIRY, -1_000, "1,000 points expired."),
        (EntryKind.ADJUSTMENT, 5, "5 points given by hand: spilled tea."),
        (EntryKind.ADJUSTMENT, -5, "5 points taken by hand: spilled tea."),
        (EntryKind.RECOVERY, -2, "2 points taken for goods returned earlier."),
    ],
)
def test_every_entry_says_why(kind: EntryKind, amount: int, sentence: str) -> None:
    assert entry_sentence(an_entry(kind, amount)) == sentence


def test_an_expiry_for_inactivity_says_for_how_long_there_was_none() -> None:
    entry = an_entry(EntryKind.EXPIRY, -10)
    assert entry_sentence(replace(entry, inactivity_days=90)) == "10 points expired after 90 days without activity."
    assert entry_sentence(replace(entry, inactivity_days=1)) == "10 points expired after 1 day without activity."


def test_every_kind_of_entry_has_a_sentence() -> None:
    assert all(entry_sentence(an_entry(kind, 1)) for kind in EntryKind)


def test_an_earn_says_what_its_rule_says() -> None:
    earning = earned(make.a_rule())
    assert entry_sentence(an_entry(EntryKind.EARN, 10, earning)) == earning_sentence(earning)


# ---- every effect and every reason

RATE = make.a_rule(excluded_tenders=(TenderKind.POINTS,))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"effect": Effect.PER_UNIT, "points": 5},
            "5 points for every unit; 3 counted (2 lines), rounded down to 3 steps, 15 points",
        ),
        ({"effect": Effect.FIXED, "points": 100}, "100 points for this purchase"),
        ({"effect": Effect.FIXED, "points": 1, "trigger": Trigger.LINE}, "1 point for each line, 2 points in all"),
        ({"effect": Effect.ADDITION, "points": 5}, "5 points on top of the 10 points of the other rules"),
        (
            {"effect": Effect.MULTIPLIER, "factor": Factor(3, 2)},
            "the 10 points of the other rules times 1.5, which is 5 points more",
        ),
        ({"included_skus": ("X",)}, "no points, because nothing that was bought counts for it"),
        ({"per_amount_minor": 9_999}, "no points, because what counts is too little for a point"),
        ({"condition": "?"}, "no points, because its condition could not be decided"),
        ({"valid_hours": (ValidHours((7,), 0, 60),)}, "no points, because the purchase was outside of its hours"),
        ({"stacking_group": "g"}, "no points, because Base gave points instead"),
    ],
)
def test_a_rule_says_what_it_did_beside_another(changes: dict[str, Any], sentence: str) -> None:
    base = make.a_rule(name="Base", stacking_group="g", priority=1, exclusive=True)
    sale = make.a_sale(make.a_line(600, quantity=2), make.a_line(400, line_id="2"))
    earning = evaluate(rule_set(base, make.a_rule(**changes)), sale, {})[1]
    assert earning_sentence(earning) == f"Everyday: {sentence}."


def test_what_does_not_earn_is_named() -> None:
    sale = make.a_sale(tenders=(Tender(TenderKind.CASH, 600), Tender(TenderKind.POINTS, 400)))
    (earning,) = evaluate(rule_set(RATE), sale, {})
    assert earning_sentence(earning) == (
        "Everyday: 1 point for every GBP 1.00; GBP 10.00 counted (1 line), less GBP 4.00 paid in ways that do not "
        "earn, rounded down to 6 points."
    )


OF_LIMITS = (Reason.CUT_BY_CAP, Reason.CUT_BY_BUDGET, Reason.CAP_MET, Reason.BUDGET_MET)


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in (Reason.APPLIED, *OF_LIMITS)])
def test_every_reason_has_a_sentence(reason: Reason) -> None:
    earning = earned(RATE)
    told = replace(earning, points=0, explanation=replace(earning.explanation, reason=reason))
    assert earning_sentence(told).startswith("Everyday: no points, because ")


# ---- limits

A_DAY = Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.POINTS, 100)
ONCE = Limit(LimitScope.PROGRAM, LimitSpan.EVER, LimitUnit.PURCHASES, 1)
A_STORE = Limit(LimitScope.STORE, LimitSpan.WEEK, LimitUnit.POINTS, 1_000)
A_CASHIER = Limit(LimitScope.MEMBER_AND_CASHIER, LimitSpan.MONTH, LimitUnit.PURCHASES, 2)
A_PURCHASE = Limit(LimitScope.MEMBER, LimitSpan.PURCHASE, LimitUnit.POINTS, 4)


@pytest.mark.parametrize(
    ("limit", "used", "policy", "reason", "told"),
    [
        (
            A_DAY,
            94,
            LimitPolicy.CUT,
            Reason.CUT_BY_CAP,
            "1 point for every GBP 1.00; GBP 10.00 counted (1 line), rounded down to 10 points; only 6 points given, "
            "because the limit of 100 points a day for each member allows no more",
        ),
        (A_DAY, 100, LimitPolicy.CUT, Reason.CAP_MET, "the limit of 100 points a day for each member is used up"),
        (
            A_DAY,
            94,
            LimitPolicy.REFUSE,
            Reason.CAP_MET,
            "the limit of 100 points a day for each member has only 6 of the 10 points left",
        ),
        (
            ONCE,
            1,
            LimitPolicy.CUT,
            Reason.BUDGET_MET,
            "1 purchase in all for all members together is used up",
        ),
        (A_STORE, 1_200, LimitPolicy.CUT, Reason.BUDGET_MET, "of 1,000 points a week for each store is used up"),
        (A_CASHIER, 2, LimitPolicy.CUT, Reason.CAP_MET, "2 purchases a month for each member with one cashier is"),
        (
            A_PURCHASE,
            0,
            LimitPolicy.CUT,
            Reason.CUT_BY_CAP,
            "4 points given, because the limit of 4 points a purchase allows",
        ),
    ],
)
def test_a_limit_says_what_it_let_through(
    limit: Limit, used: int, policy: LimitPolicy, reason: Reason, told: str
) -> None:
    rule = make.a_rule(limits=(limit,), limit_policy=policy)
    (earning,) = evaluate(rule_set(rule), make.a_sale(), {}, usage_of=lambda _: (LimitUsage(limit, None, used),))
    assert earning.explanation.reason is reason
    sentence = earning_sentence(earning)
    assert told in sentence
    assert ("no points, because" in sentence) is (earning.points == 0)


def test_a_limit_that_is_not_in_the_way_is_not_mentioned() -> None:
    assert earning_sentence(earned(make.a_rule(limits=(A_DAY,)))) == earning_sentence(earned(make.a_rule()))
