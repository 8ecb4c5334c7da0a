"""What rules make of a receipt beside each other, and that any returns leave what the kept goods would have earned."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.points.conditions import CelConditions
from services.points.domain.earning.earners import NOBODY, Earner
from services.points.domain.earning.earnings import Earning, Reason, earner_of
from services.points.domain.earning.evaluation import assess, evaluate, evaluate_again, evaluate_loose, untouched
from services.points.domain.earning.limits import Limit, LimitPolicy, LimitScope, LimitSpan, LimitUnit, LimitUsage
from services.points.domain.earning.rule_sets import RuleSet, rule_set
from services.points.domain.earning.rules import EarningRule
from services.points.domain.earning.sentences import earning_sentence
from services.points.domain.earning.terms import Effect, Factor, LineVerdict, Rounding, Trigger, ValidHours
from services.points.domain.sales.clawbacks import clawbacks_of
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.returns import PurchaseReturns
from services.points.domain.sales.sale import PurchaseLine, Sale, Tender, TenderKind, add_returned
from services.points.storage.documents import dump, earnings_document, load
from tests.factories import points as make

CONDITIONS = CelConditions()
BASKET = (
    make.a_line(1000, line_id="1", quantity=2, sku="TEA", category="tea"),
    make.a_line(500, line_id="2", quantity=1, sku="CUP", category="ware"),
    make.a_line(300, line_id="3", quantity=3, sku="GUM", category="sweets"),
)
SALE = make.a_sale(*BASKET)
ACTIVE = Earner("active")
VIP = Earner("active", "gold", ("old", "vip"), {"city": "Lahore"})


def a_rule(**changes: Any) -> EarningRule:
    """A rule; what is not points per amount has no amount."""
    if changes.get("effect", Effect.PER_AMOUNT) is not Effect.PER_AMOUNT:
        changes.setdefault("per_amount_minor", 0)
    return make.a_rule(**changes)


def rules_of(*rules: EarningRule) -> RuleSet:
    return RuleSet(rules, CONDITIONS)


def evaluated(*rules: EarningRule, sale: Sale = SALE, **more: Any) -> tuple[Earning, ...]:
    return evaluate(rules_of(*rules), sale, more.get("returned", {}), more.get("earner", ACTIVE))


def judged(*rules: EarningRule, sale: Sale = SALE, **more: Any) -> list[tuple[int, Reason]]:
    return [(earning.points, earning.explanation.reason) for earning in evaluated(*rules, sale=sale, **more)]


APPLIED = Reason.APPLIED
EVERYDAY = a_rule()
MULTIPLIER = {"effect": Effect.MULTIPLIER, "points": 0}


# ---- effects


@pytest.mark.parametrize(
    ("changes", "points"),
    [
        ({}, 18),
        ({"effect": Effect.PER_UNIT, "points": 5}, 30),
        ({"effect": Effect.FIXED, "points": 100}, 100),
        ({"effect": Effect.FIXED, "points": 100, "trigger": Trigger.LINE}, 300),
        ({"included_skus": ("TEA",)}, 10),
        ({"included_skus": ("TEA",), "included_categories": ("sweets",)}, 13),
        ({"included_categories": ("tea", "ware"), "excluded_skus": ("TEA",)}, 5),
        ({"condition": "line.amount_minor >= 500", "trigger": Trigger.LINE}, 15),
        ({"condition": "line.amount_minor >= 500", "trigger": Trigger.LINE, "effect": Effect.PER_UNIT}, 3),
        ({"condition": "purchase.total_minor >= 1800"}, 18),
        ({"condition": "member.status == 'active'", "effect": Effect.FIXED, "points": 7}, 7),
        ({"condition": "'vip' in member.segments"}, 18),
        ({"condition": "member.attributes.city == 'Lahore' && line.amount_minor >= 500", "trigger": Trigger.LINE}, 15),
    ],
)
def test_a_rule_gives_what_it_says(changes: dict[str, Any], points: int) -> None:
    assert judged(a_rule(**changes), earner=VIP) == [(points, APPLIED)]


def test_a_condition_on_the_tier_is_judged_again_for_the_tier_of_that_day() -> None:
    rules = rules_of(a_rule(condition="member.tier == 'gold'"))
    sale = make.a_sale()
    gold, plain = (assess(rules, sale, {}, Earner("active", tier)).earnings(untouched) for tier in ("gold", ""))
    assert [each[0].explanation.reason for each in (gold, plain)] == [APPLIED, Reason.CONDITION_NOT_MET]
    for earnings in (gold, plain):
        assert evaluate_again(rules, earnings, sale, {}) == {each.rule_id: each.points for each in earnings}


def test_traits_are_kept_once_and_returns_are_judged_by_those_of_that_day() -> None:
    plain = a_rule()
    asking = a_rule(condition="'vip' in member.segments && member.attributes['city'] == 'Lahore'")
    again = a_rule(condition="!('vip' in member.segments)")
    earnings = evaluated(plain, asking, again, earner=VIP)
    assert [(each.points, each.explanation.reason) for each in earnings] == [
        (18, APPLIED),
        (18, APPLIED),
        (0, Reason.CONDITION_NOT_MET),
    ]
    assert earner_of(earnings) == VIP
    kept = [(each.explanation.member_segments, each.explanation.member_attributes) for each in earnings]
    assert kept == [(VIP.segments, VIP.attributes), ((), {}), ((), {})]
    now = evaluate_again(rules_of(plain, asking, again), earnings, SALE, {"2": 1000})
    assert now == {plain.rule_id: 13, asking.rule_id: 13, again.rule_id: 0}


def test_who_earned_is_read_from_documents_of_before_traits_were_kept() -> None:
    (earning,) = evaluated(a_rule(), earner=Earner("active", "gold"))
    document = earnings_document.dump_python((earning,), mode="json")
    for name in ("member_segments", "member_attributes"):
        del document[0]["explanation"][name]
    assert earner_of(earnings_document.validate_python(document)) == Earner("active", "gold")
    assert earner_of(()) is None


def test_what_was_kept_survives_the_column() -> None:
    earnings = evaluated(a_rule(), a_rule(), earner=VIP)
    stored = orjson.loads(dump(earnings_document, earnings))
    assert load(earnings_document, stored) == earnings


def test_bonuses_raise_what_the_others_gave_and_not_each_other() -> None:
    half_more = a_rule(factor=Factor(3, 2), **MULTIPLIER)
    double = a_rule(factor=Factor(2, 1), **MULTIPLIER)
    on_top = a_rule(effect=Effect.ADDITION, points=5)
    stars = a_rule(wallet="stars")
    assert judged(half_more, EVERYDAY, double, on_top, stars) == [
        (9, APPLIED),
        (18, APPLIED),
        (18, APPLIED),
        (5, APPLIED),
        (18, APPLIED),
    ]
    assert judged(half_more, on_top) == [(0, Reason.NOTHING_TO_RAISE)] * 2


@pytest.mark.parametrize(("rounding", "points"), [(Rounding.DOWN, 4), (Rounding.HALF_UP, 5), (Rounding.UP, 5)])
def test_a_multiplier_rounds_what_it_adds(rounding: Rounding, points: int) -> None:
    half_more = a_rule(factor=Factor(3, 2), rounding=rounding, **MULTIPLIER)
    nine = a_rule(effect=Effect.FIXED, points=9)
    assert judged(nine, half_more) == [(9, APPLIED), (points, APPLIED)]


def test_goods_taken_back_within_the_sale_and_rebates_are_no_units() -> None:
    back = PurchaseLine("4", "TEA", "", -1000, 500, 0, -500)
    rebate = PurchaseLine("5", "REBATE", "", 1000, 0, 100, -100)
    sale = make.a_sale(*BASKET, back, rebate)
    for rule, points in (
        (a_rule(effect=Effect.PER_UNIT), 6),
        (a_rule(effect=Effect.FIXED, trigger=Trigger.LINE), 3),
    ):
        assert judged(rule, sale=sale) == [(points, APPLIED)]
        (loose,) = evaluate_loose(rule_set(rule), sale, {}, NOBODY)
        assert (loose.points, loose.explanation.quantity_milli) == (1, 1000)


# ---- tenders


def paid(points_minor: int, total_minor: int = 1800) -> Sale:
    tenders = (Tender(TenderKind.CASH, total_minor - points_minor), Tender(TenderKind.POINTS, points_minor))
    return make.a_sale(*BASKET, tenders=tenders)


@pytest.mark.parametrize(("points_minor", "points"), [(0, 18), (600, 12), (601, 11), (1799, 0)])
def test_what_was_paid_in_a_way_that_does_not_earn_is_taken_off_every_line_alike(
    points_minor: int, points: int
) -> None:
    (earning,) = evaluated(a_rule(excluded_tenders=(TenderKind.POINTS,)), sale=paid(points_minor))
    assert (earning.points, earning.explanation.not_earning_minor) == (points, points_minor)
    assert judged(EVERYDAY, sale=paid(points_minor)) == [(18, APPLIED)]


def test_nothing_is_left_of_a_receipt_that_was_paid_with_points() -> None:
    rule = a_rule(excluded_tenders=(TenderKind.POINTS,))
    assert judged(rule, sale=paid(1800)) == [(0, Reason.TENDER_EXCLUDED)]


def test_of_some_lines_their_part_does_not_earn() -> None:
    rule = a_rule(excluded_tenders=(TenderKind.POINTS,), included_skus=("TEA",))
    (earning,) = evaluated(rule, sale=paid(900))
    assert (earning.points, earning.explanation.eligible_amount_minor) == (5, 1000)


# ---- hours


def at(hour: int, minute: int = 0, *, day: int = 2) -> datetime:
    # The second of March 2026 is a Monday.
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


NIGHT = ValidHours((1,), 22 * 60, 2 * 60)


@pytest.mark.parametrize(
    ("hours", "occurred_at", "gives"),
    [
        (ValidHours((), 9 * 60, 17 * 60), at(8, 59), False),
        (ValidHours((), 9 * 60, 17 * 60), at(9), True),
        (ValidHours((), 9 * 60, 17 * 60), at(17), False),
        (ValidHours((2, 3), 0, 24 * 60), at(12), False),
        (ValidHours((1,), 0, 24 * 60), at(23, 59), True),
        (NIGHT, at(21, 59), False),
        (NIGHT, at(22), True),
        (NIGHT, at(1, 59, day=3), True),
        (NIGHT, at(2, 0, day=3), False),
        (NIGHT, at(1, 0), False),  # the night from Sunday
    ],
)
def test_a_rule_gives_within_its_hours(hours: ValidHours, occurred_at: datetime, gives: bool) -> None:
    sale = make.a_sale(*BASKET, occurred_at=occurred_at)
    expected = (18, APPLIED) if gives else (0, Reason.OUTSIDE_HOURS)
    assert judged(a_rule(valid_hours=(hours,)), sale=sale) == [expected]


def test_hours_are_those_of_the_rules_time_zone() -> None:
    sale = make.a_sale(*BASKET, occurred_at=at(20))  # one in the morning in Karachi, on Tuesday
    here = a_rule(time_zone="Asia/Karachi", valid_hours=(ValidHours((2,), 0, 120),))
    asked = a_rule(time_zone="Asia/Karachi", condition="purchase.hour == 1 && purchase.weekday == 2")
    assert (
        judged(here, asked, replace(here, terms=replace(here.terms, time_zone="UTC")), sale=sale)[:2]
        == [(18, APPLIED)] * 2
    )


# ---- beside each other


def grouped(points: int, priority: int, *, exclusive: bool = False, **changes: Any) -> EarningRule:
    terms = {"effect": Effect.FIXED, "stacking_group": "g", **changes}
    return a_rule(points=points, priority=priority, exclusive=exclusive, **terms)


def test_in_a_group_all_add_up_unless_one_is_exclusive() -> None:
    assert judged(grouped(1, 1), grouped(2, 2), grouped(3, 3)) == [(1, APPLIED), (2, APPLIED), (3, APPLIED)]


def test_an_exclusive_winner_gives_alone() -> None:
    low, high = grouped(1, 1), grouped(2, 2, exclusive=True, name="High")
    earnings = evaluated(low, high, EVERYDAY)
    assert [earning.points for earning in earnings] == [0, 2, 18]
    assert (earnings[0].explanation.reason, earnings[0].explanation.beaten_by) == (Reason.BEATEN, "High")


def test_an_exclusive_rule_stands_aside_for_a_higher_one_and_the_others_give() -> None:
    assert judged(grouped(1, 1), grouped(2, 2, exclusive=True), grouped(3, 3)) == [
        (1, APPLIED),
        (0, Reason.BEATEN),
        (3, APPLIED),
    ]


def test_the_winner_is_the_highest_that_gives_something() -> None:
    silent = grouped(9, 9, exclusive=True, condition="purchase.total_minor > 5000")
    assert judged(silent, grouped(2, 2, exclusive=True), grouped(1, 1)) == [
        (0, Reason.CONDITION_NOT_MET),
        (2, APPLIED),
        (0, Reason.BEATEN),
    ]


def test_a_bonus_stands_aside_for_its_group() -> None:
    base = grouped(10, 1, exclusive=True)
    double = a_rule(factor=Factor(2, 1), stacking_group="g", priority=9, **MULTIPLIER)
    assert judged(base, double) == [(10, APPLIED), (0, Reason.BEATEN)]


# ---- reasons


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"condition": "purchase.total_minor > 1800"}, Reason.CONDITION_NOT_MET),
        ({"condition": "purchase.total_minor / (purchase.hour - 12) > 0"}, Reason.CONDITION_FAILED),
        ({"condition": "line.sku == 'X'", "trigger": Trigger.LINE}, Reason.NOTHING_COUNTED),
        ({"condition": "1 / (line.quantity_milli % 2) > 0", "trigger": Trigger.LINE}, Reason.CONDITION_FAILED),
        ({"included_skus": ("X",)}, Reason.NOTHING_COUNTED),
        ({"per_amount_minor": 2000}, Reason.TOO_LITTLE),
    ],
)
def test_a_rule_that_gives_nothing_says_why(changes: dict[str, Any], reason: Reason) -> None:
    assert judged(a_rule(**changes)) == [(0, reason)]


def test_each_line_says_what_kept_it_out() -> None:
    rule = a_rule(
        excluded_skus=("GUM",), included_categories=("tea",), condition="line.amount_minor < 5", trigger=Trigger.LINE
    )
    (earning,) = evaluated(rule)
    assert [line.verdict for line in earning.explanation.lines] == [
        LineVerdict.CONDITION_NOT_MET,
        LineVerdict.NOT_INCLUDED,
        LineVerdict.SKU_EXCLUDED,
    ]


# ---- brands and tax


def test_brands_are_named_like_other_goods() -> None:
    branded = [replace(line, brand=brand) for line, brand in zip(BASKET, ("Vital", "Acme", ""), strict=True)]
    sale = make.a_sale(*branded)
    (included,) = evaluated(a_rule(included_brands=("Vital",)), sale=sale)
    assert [line.verdict.value for line in included.explanation.lines] == ["counted", "not_included", "not_included"]
    (excluded,) = evaluated(a_rule(excluded_brands=("Vital",), included_brands=("Vital", "Acme")), sale=sale)
    assert [line.verdict.value for line in excluded.explanation.lines] == ["brand_excluded", "counted", "not_included"]


def test_tax_does_not_count_where_the_rule_leaves_it_out() -> None:
    sale = make.a_sale(replace(make.a_line(1200, quantity=2), tax_minor=200))
    (earning,) = evaluated(a_rule(exclude_tax=True), sale=sale)
    assert (earning.points, earning.explanation.excluded_tax_minor) == (10, 200)
    assert earning_sentence(earning).endswith(
        "GBP 12.00 counted (1 line), less GBP 2.00 of tax, rounded down to 10 points."
    )
    assert judged(a_rule(), sale=sale) == [(12, APPLIED)]
    (kept,) = evaluate(rule_set(a_rule(exclude_tax=True)), sale, {"1": 1000})
    assert (kept.points, kept.explanation.excluded_tax_minor) == (5, 100)


# ---- returns

OF_MEMBERS = ["'vip' in member.segments", "member.attributes['city'] == 'Lahore' || purchase.total_minor < 900"]
OF_TOTALS = ["purchase.total_minor >= 900", "purchase.total_minor < 900", "purchase.total_minor % 2 == 0"]
OF_PURCHASES = ["", *OF_TOTALS, *OF_MEMBERS]
OF_LINES = [*OF_PURCHASES, "line.amount_minor > 300", "line.quantity_milli < 2000", "1 / line.amount_minor == 0"]
FACTORS = [Factor(3, 2), Factor(2, 1), Factor(4, 3)]


@st.composite
def any_rules(draw: st.DrawFn) -> EarningRule:
    """Rules of every kind, those that give more for less among them."""
    effect = draw(st.sampled_from(Effect))
    trigger = Trigger.PURCHASE if effect.is_bonus else draw(st.sampled_from([Trigger.PURCHASE, Trigger.LINE]))
    goods = (
        {}
        if effect.is_bonus
        else {
            "included_categories": draw(st.sampled_from([(), ("tea",), ("tea", "ware")])),
            "excluded_skus": draw(st.sampled_from([(), ("GUM",)])),
            "excluded_tenders": draw(st.sampled_from([(), (TenderKind.POINTS,)])),
            "excluded_brands": draw(st.sampled_from([(), ("Acme",)])),
            "exclude_tax": draw(st.booleans()),
        }
    )
    return a_rule(
        effect=effect,
        trigger=trigger,
        points=0 if effect is Effect.MULTIPLIER else draw(st.integers(1, 9)),
        per_amount_minor=draw(st.sampled_from([1, 7, 100])) if effect is Effect.PER_AMOUNT else 0,
        factor=draw(st.sampled_from(FACTORS)) if effect is Effect.MULTIPLIER else None,
        condition=draw(st.sampled_from(OF_LINES if trigger is Trigger.LINE else OF_PURCHASES)),
        rounding=draw(st.sampled_from(Rounding)),
        wallet=draw(st.sampled_from(["points", "points", "stars"])),
        stacking_group=draw(st.sampled_from(["", "g", "h"])),
        priority=draw(st.integers(0, 2)),
        exclusive=draw(st.booleans()),
        limits=draw(st.lists(any_limits(), max_size=2).map(tuple)),
        limit_policy=draw(st.sampled_from(LimitPolicy)),
        **goods,
    )


def any_limits() -> st.SearchStrategy[Limit]:
    scopes = st.sampled_from([LimitScope.MEMBER, LimitScope.PROGRAM])
    return st.builds(Limit, scopes, st.just(LimitSpan.DAY), st.sampled_from(LimitUnit), st.integers(1, 60))


@st.composite
def any_sales(draw: st.DrawFn) -> Sale:
    lines = []
    for number in range(draw(st.integers(1, 4))):
        amount = draw(st.integers(-200, 1500))
        quantity = draw(st.integers(1, 3000)) * (draw(st.sampled_from([1, 1, -1])) if amount < 0 else 1)
        sku, category = draw(st.sampled_from([("TEA", "tea"), ("CUP", "ware"), ("GUM", "sweets")]))
        brand, tax = draw(st.sampled_from(["", "Acme"])), draw(st.integers(min(0, amount), max(0, amount)))
        lines.append(PurchaseLine(str(number), sku, category, quantity, 0, 0, amount, brand, tax))
    total = sum(line.amount_minor for line in lines)
    with_points = draw(st.integers(0, max(0, total)))
    tenders = (Tender(TenderKind.CASH, total - with_points), Tender(TenderKind.POINTS, with_points))
    return make.a_sale(*lines, tenders=draw(st.sampled_from([(), tenders])))


@st.composite
def any_returns(draw: st.DrawFn, sale: Sale) -> list[dict[str, int]]:
    """What has come back after each of some returns; after the last of them, everything."""
    returnable = {line.line_id: line.quantity_milli for line in sale.lines if line.quantity_milli > 0}
    after: list[dict[str, int]] = [{}]
    for _ in range(draw(st.integers(0, 4))):
        left = {line_id: most - after[-1].get(line_id, 0) for line_id, most in returnable.items()}
        after.append(add_returned(after[-1], [(line_id, draw(st.integers(0, most))) for line_id, most in left.items()]))
    return [*after[1:], returnable]


def by_wallet(purchase: Purchase, points: dict[uuid.UUID, int]) -> dict[str, int]:
    found = {earning.wallet: 0 for earning in purchase.earnings}
    for earning in purchase.earnings:
        found[earning.wallet] += points[earning.rule_id]
    return found


@given(
    st.lists(any_rules(), min_size=1, max_size=5),
    any_sales(),
    st.sampled_from([ACTIVE, VIP]),
    st.integers(0, 60),
    st.data(),
)
def test_any_returns_leave_what_the_kept_goods_would_have_earned_and_never_give(
    some: list[EarningRule], sale: Sale, earner: Earner, used: int, data: st.DataObject
) -> None:
    rules = rules_of(*some)

    def usage_of(rule: EarningRule) -> tuple[LimitUsage, ...]:
        return tuple(LimitUsage(limit, make.NOON.date(), used) for limit in rule.terms.limits)

    earnings = evaluate(rules, sale, {}, earner, usage_of)
    for earning in earnings:
        assert all(earning.points <= usage.room_for(earning.points) for usage in earning.explanation.limits)
    purchase = Purchase(make.PROGRAM, make.PROGRAM, make.PROGRAM, sale, earnings, make.NOON)
    left = {earning.rule_id: earning.points for earning in earnings}
    assert evaluate_again(rules, earnings, sale, {}) == left
    back: dict[str, int] = {}
    for after in data.draw(any_returns(sale)):
        taken = {earning.rule_id: earning.points - left[earning.rule_id] for earning in earnings}
        before = by_wallet(purchase, left)
        for clawback in clawbacks_of(purchase, rules, PurchaseReturns(back, 0, taken), after):
            assert 0 < clawback.points <= left[clawback.rule_id]
            left[clawback.rule_id] -= clawback.points
        alone = by_wallet(
            purchase, {earning.rule_id: earning.points for earning in evaluate(rules, sale, after, earner, usage_of)}
        )
        assert by_wallet(purchase, left) == {wallet: min(before[wallet], alone[wallet]) for wallet in before}
        back = after
    assert set(left.values()) == {0}


def test_a_threshold_that_the_kept_goods_do_not_reach_costs_the_bonus() -> None:
    bonus = a_rule(effect=Effect.FIXED, points=500, condition="purchase.total_minor >= 1500")
    earnings = evaluated(bonus)
    purchase = Purchase(make.PROGRAM, make.PROGRAM, make.PROGRAM, SALE, earnings, make.NOON)
    nothing = PurchaseReturns({}, 0)
    assert clawbacks_of(purchase, rules_of(bonus), nothing, {"3": 3000}) == ()
    (clawback,) = clawbacks_of(purchase, rules_of(bonus), nothing, {"2": 1000})
    assert clawback.points == 500


def test_a_return_is_judged_as_if_on_the_day_of_the_sale() -> None:
    rule = a_rule(condition="member.status == 'active'", valid_hours=(ValidHours((1,), 0, 1440),))
    earnings = evaluated(rule)
    assert earnings[0].explanation.member_status == "active"
    assert evaluate_again(rules_of(rule), earnings, SALE, {"2": 1000}) == {rule.rule_id: 13}
