"""Earning rules: what they make of a receipt, when they are in force, and what of it a return leaves."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Invalid
from services.points.domain.earning.earnings import LineExplanation
from services.points.domain.earning.evaluation import evaluate, evaluate_again
from services.points.domain.earning.rule_sets import rule_set
from services.points.domain.earning.rules import EarningRule, RuleState, activate, call_off, end, expect_version
from services.points.domain.earning.terms import LineVerdict, Rounding
from services.points.domain.errors import RuleNotActive, RuleNotDraft, RuleNotScheduled, VersionMismatch
from services.points.domain.sales.clawbacks import clawbacks_of
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.returns import NOTHING_RETURNED, PurchaseReturns
from services.points.domain.sales.sale import PurchaseLine, Sale, add_returned
from tests.factories import points as make

NOW = make.NOON
DAY = timedelta(days=1)
ROUNDINGS = (Rounding.DOWN, Rounding.HALF_UP, Rounding.UP)


# ---- rounding


@pytest.mark.parametrize(
    ("exact", "down", "half_up", "up"),
    [
        ("0", 0, 0, 0),
        ("1/1000000", 0, 0, 1),
        ("1/3", 0, 0, 1),
        ("499999/1000000", 0, 0, 1),
        ("1/2", 0, 1, 1),
        ("2/3", 0, 1, 1),
        ("1", 1, 1, 1),
        ("3/2", 1, 2, 2),
        ("5/2", 2, 3, 3),  # halves go up, not to the even neighbour
        ("1000000000000000001/2", 500_000_000_000_000_000, 500_000_000_000_000_001, 500_000_000_000_000_001),
    ],
)
def test_a_fraction_of_a_point_ends_as_the_rule_says(exact: str, down: int, half_up: int, up: int) -> None:
    rounded = [rounding.apply(*Fraction(exact).as_integer_ratio()) for rounding in ROUNDINGS]
    assert rounded == [down, half_up, up]


@given(st.fractions(min_value=0, max_value=10**9))
def test_rounding_moves_by_less_than_a_point_in_its_direction(exact: Fraction) -> None:
    # Neither need be in lowest terms.
    down, half_up, up = (rounding.apply(3 * exact.numerator, 3 * exact.denominator) for rounding in ROUNDINGS)
    assert 0 <= exact - down < 1
    assert 0 <= up - exact < 1
    assert -Fraction(1, 2) < half_up - exact <= Fraction(1, 2)


# ---- evaluate


def given_by(rule: EarningRule, *lines: PurchaseLine) -> int:
    (earning,) = evaluate(rule_set(rule), make.a_sale(*lines), {})
    return earning.points


@pytest.mark.parametrize(("rounding", "points"), [(Rounding.DOWN, 2), (Rounding.HALF_UP, 3), (Rounding.UP, 3)])
def test_the_fraction_is_rounded_once_for_the_whole_receipt(rounding: Rounding, points: int) -> None:
    # Three lines of 0.85 at a point for 1.00 make 2.55; rounded line by line they would make 0 or 3.
    lines = [make.a_line(85, line_id=str(number)) for number in range(3)]
    assert given_by(make.a_rule(rounding=rounding), *lines) == points


@pytest.mark.parametrize(
    ("rate", "amount_minor", "points"),
    [((1, 100), 99, 0), ((1, 100), 100, 1), ((3, 200), 1000, 15), ((1_000_000, 1), 1, 1_000_000)],
)
def test_points_are_so_many_for_each_so_much(rate: tuple[int, int], amount_minor: int, points: int) -> None:
    assert given_by(make.a_rule(points=rate[0], per_amount_minor=rate[1]), make.a_line(amount_minor)) == points


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("amount_minor", [0, -1, -1000])
def test_a_receipt_that_comes_to_nothing_or_less_earns_nothing(amount_minor: int, rounding: Rounding) -> None:
    assert given_by(make.a_rule(rounding=rounding), make.a_line(amount_minor)) == 0


def test_a_discount_on_the_order_earns_the_less() -> None:
    assert given_by(make.a_rule(), make.a_line(1000), make.a_line(-300, line_id="2")) == 7


def test_every_line_has_a_verdict_and_only_counted_ones_are_eligible() -> None:
    rule = make.a_rule(excluded_skus=("STAMP",), excluded_categories=("service",))
    lines = [
        make.a_line(1000, line_id="1"),
        make.a_line(200, line_id="2", sku="STAMP"),
        make.a_line(300, line_id="3", category="service"),
        make.a_line(400, line_id="4", sku="STAMP", category="service"),
        make.a_line(500, line_id="5", sku="stamp"),  # compared exactly
    ]

    (earning,) = evaluate(rule_set(rule), make.a_sale(*lines), {})

    assert earning.explanation.lines == (
        LineExplanation("1", 1000, LineVerdict.COUNTED),
        LineExplanation("2", 200, LineVerdict.SKU_EXCLUDED),
        LineExplanation("3", 300, LineVerdict.CATEGORY_EXCLUDED),
        LineExplanation("4", 400, LineVerdict.SKU_EXCLUDED),
        LineExplanation("5", 500, LineVerdict.COUNTED),
    )
    assert (earning.explanation.eligible_amount_minor, earning.points) == (1500, 15)


def test_points_pend_from_the_sale_and_expire_from_when_they_are_available() -> None:
    (earning,) = evaluate(rule_set(make.a_rule(pending_days=14, expiry_days=365)), make.a_sale(occurred_at=NOW), {})
    assert (earning.available_at, earning.expires_at) == (NOW + 14 * DAY, NOW + 379 * DAY)
    (earning,) = evaluate(rule_set(make.a_rule()), make.a_sale(occurred_at=NOW), {})
    assert (earning.available_at, earning.expires_at) == (NOW, None)


def test_each_rule_in_force_speaks_for_itself_and_one_that_gives_nothing_speaks_too() -> None:
    generous, mean = make.a_rule(points=2), make.a_rule(per_amount_minor=1_000_000)
    foreign = make.a_rule(currency="EUR")
    earnings = evaluate(rule_set(generous, mean, foreign), make.a_sale(), {})
    assert [(earning.rule_id, earning.points) for earning in earnings] == [(generous.rule_id, 20), (mean.rule_id, 0)]


def test_what_has_come_back_before_a_claim_does_not_earn() -> None:
    sale = make.a_sale(make.a_line(1000, quantity=4))
    (earning,) = evaluate(rule_set(make.a_rule()), sale, {"1": 3000})
    assert (earning.points, earning.explanation.lines[0].amount_minor) == (2, 250)


# ---- in force


@pytest.mark.parametrize(
    ("occurred_at", "earns"),
    [
        (NOW - timedelta(microseconds=1), False),
        (NOW, True),
        (NOW + DAY - timedelta(microseconds=1), True),
        (NOW + DAY, False),
    ],
)
def test_a_window_has_its_beginning_and_not_its_end(occurred_at: datetime, earns: bool) -> None:
    rule = replace(make.a_rule(), effective_from=NOW, effective_until=NOW + DAY)
    assert rule.in_force(occurred_at) is earns
    ended = replace(rule, state=RuleState.ENDED, ended_at=NOW + DAY)
    assert ended.in_force(occurred_at) is earns


def test_a_draft_is_never_in_force() -> None:
    assert not a_draft().in_force(NOW)


def a_draft(version: int = 1, *, like: EarningRule | None = None, **terms: object) -> EarningRule:
    rule = like or make.a_rule()
    return EarningRule(rule.rule_id, rule.program_id, version, RuleState.DRAFT, make.terms(**terms), NOW)


# ---- activate


def test_a_first_version_may_reach_back_for_late_uploads() -> None:
    (active,) = activate(a_draft(starts_at=NOW - 30 * DAY, ends_at=NOW + DAY), [], NOW)
    assert (active.state, active.activated_at) == (RuleState.ACTIVE, NOW)
    assert (active.effective_from, active.effective_until) == (NOW - 30 * DAY, NOW + DAY)


def test_a_first_version_that_does_not_say_begins_now() -> None:
    (active,) = activate(a_draft(starts_at=None), [], NOW)
    assert (active.effective_from, active.effective_until) == (NOW, None)


def test_a_later_version_begins_now_at_the_earliest_and_the_one_before_ends_there() -> None:
    first = make.a_rule()
    active, ended = activate(a_draft(2, like=first, starts_at=NOW - 30 * DAY), [first], NOW)
    assert active.effective_from == NOW
    assert (ended.version, ended.state, ended.ended_at) == (1, RuleState.ENDED, NOW)
    assert ended.effective_until == NOW


def test_a_version_activated_ahead_of_time_lets_the_one_before_earn_until_then() -> None:
    first = make.a_rule()
    active, ended = activate(a_draft(2, like=first, starts_at=NOW + 5 * DAY), [first], NOW)
    assert active.effective_from == ended.effective_until == NOW + 5 * DAY
    assert ended.in_force(NOW + 4 * DAY)


def test_a_version_that_would_have_ended_sooner_does() -> None:
    first = make.a_rule(ends_at=NOW + DAY)
    _, ended = activate(a_draft(2, like=first, starts_at=NOW + 5 * DAY), [first], NOW)
    assert ended.effective_until == NOW + DAY


def test_a_draft_that_was_never_active_is_no_predecessor() -> None:
    first, second = a_draft(1, starts_at=NOW - DAY), a_draft(2, starts_at=NOW - DAY)
    (active,) = activate(second, [second, first], NOW)
    assert active.effective_from == NOW - DAY


def test_what_ended_long_ago_is_left_as_it_is() -> None:
    old = replace(make.a_rule(), state=RuleState.ENDED, ended_at=NOW - DAY, effective_until=NOW - DAY)
    assert len(activate(a_draft(2, like=old), [old], NOW)) == 1


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [(None, NOW), (NOW - 30 * DAY, NOW - DAY), (None, NOW - DAY)],
)
def test_a_later_version_that_would_be_over_before_it_begins_is_refused(
    starts_at: datetime | None, ends_at: datetime
) -> None:
    first = make.a_rule()
    with pytest.raises(Invalid) as refused:
        activate(a_draft(2, like=first, starts_at=starts_at, ends_at=ends_at), [first], NOW)
    assert refused.value.field == "terms.ends_at"


def test_a_first_version_that_begins_now_is_refused_where_it_would_be_over() -> None:
    with pytest.raises(Invalid) as refused:
        activate(a_draft(starts_at=None, ends_at=NOW), [], NOW)
    assert refused.value.field == "terms.ends_at"


@pytest.mark.parametrize("state", [RuleState.ACTIVE, RuleState.ENDED])
def test_only_a_draft_is_activated(state: RuleState) -> None:
    with pytest.raises(RuleNotDraft):
        activate(replace(make.a_rule(), state=state), [], NOW)


# ---- end


def test_an_ended_rule_earns_for_what_happened_before() -> None:
    rule = make.a_rule()
    (ended,) = end([rule], NOW)
    assert (ended.state, ended.ended_at, ended.effective_until) == (RuleState.ENDED, NOW, NOW)
    assert ended.in_force(NOW - DAY)
    assert not ended.in_force(NOW)


def test_only_an_active_version_is_ended() -> None:
    over = make.a_rule(ends_at=NOW)
    (scheduled,) = activate(a_draft(starts_at=NOW + DAY), [], NOW)
    for versions in ([], [a_draft()], [over], [scheduled]):
        with pytest.raises(RuleNotActive):
            end(versions, NOW)


def test_ending_a_rule_calls_off_what_was_to_follow() -> None:
    first = make.a_rule()
    second, waiting = activate(a_draft(2, like=first, starts_at=NOW + 5 * DAY), [first], NOW)

    ended = end([second, waiting], NOW + DAY)

    assert [(rule.version, rule.is_void) for rule in ended] == [(1, False), (2, True)]
    for days in range(10):
        assert in_force(NOW + days * DAY, *ended) == ([1] if days < 1 else [])


# ---- what a version is at an instant


def test_a_version_begins_and_ends_by_itself() -> None:
    (rule,) = activate(a_draft(starts_at=NOW + DAY, ends_at=NOW + 3 * DAY), [], NOW)
    shown = [rule.as_of(NOW + days * DAY) for days in range(4)]
    assert [each.state.value for each in shown] == ["scheduled", "active", "active", "ended"]
    assert [each.ended_at for each in shown] == [None, None, None, NOW + 3 * DAY]
    assert a_draft().as_of(NOW).state is RuleState.DRAFT


def test_what_a_successor_will_end_is_active_until_then() -> None:
    first = make.a_rule()
    _, waiting = activate(a_draft(2, like=first, starts_at=NOW + 5 * DAY), [first], NOW)
    before, after = waiting.as_of(NOW + DAY), waiting.as_of(NOW + 5 * DAY)
    assert (before.state, before.ended_at) == (RuleState.ACTIVE, None)
    assert (after.state, after.ended_at) == (RuleState.ENDED, NOW + 5 * DAY)


def test_a_successor_that_begins_sooner_overtakes_one_that_waits() -> None:
    first = make.a_rule()
    second, waiting = activate(a_draft(2, like=first, starts_at=NOW + 5 * DAY), [first], NOW)
    third, *changed = activate(a_draft(3, like=first, starts_at=NOW + DAY), [second, waiting], NOW)
    overtaken = next(rule for rule in changed if rule.version == 2)
    assert third.as_of(NOW).state is RuleState.SCHEDULED
    assert (overtaken.is_void, overtaken.as_of(NOW).state) == (True, RuleState.ENDED)


# ---- call off


def test_a_version_called_off_lets_the_one_before_it_earn_on() -> None:
    first = make.a_rule(ends_at=NOW + 9 * DAY)
    second, waiting = activate(a_draft(2, like=first, starts_at=NOW + 5 * DAY), [first], NOW)

    void, heir = call_off(second, [second, waiting], NOW + DAY)

    assert (void.as_of(NOW + DAY).state, void.ended_at) == (RuleState.ENDED, NOW + DAY)
    assert heir == first
    for days in range(12):
        assert in_force(NOW + days * DAY, void, heir) == ([1] if days < 9 else [])


def test_a_version_called_off_between_two_others_leaves_its_time_to_the_first() -> None:
    first = make.a_rule()
    second, waiting = activate(a_draft(2, like=first, starts_at=NOW + 5 * DAY), [first], NOW)
    third, *changed = activate(a_draft(3, like=first, starts_at=NOW + 8 * DAY), [second, waiting], NOW)
    versions = {rule.version: rule for rule in (waiting, second, *changed, third)}

    versions |= {rule.version: rule for rule in call_off(versions[2], list(versions.values()), NOW)}

    for days in range(12):
        assert in_force(NOW + days * DAY, *versions.values()) == ([1] if days < 8 else [3])


def test_only_what_has_yet_to_begin_is_called_off() -> None:
    (scheduled,) = activate(a_draft(starts_at=NOW + DAY), [], NOW)
    (void,) = call_off(scheduled, [scheduled], NOW)
    for version, now in ((a_draft(), NOW), (make.a_rule(), NOW), (scheduled, NOW + DAY), (void, NOW)):
        with pytest.raises(RuleNotScheduled):
            call_off(version, [version], now)


def test_a_rule_that_was_called_off_may_reach_back_when_it_is_activated_at_last() -> None:
    (scheduled,) = activate(a_draft(starts_at=NOW + DAY), [], NOW)
    (void,) = call_off(scheduled, [scheduled], NOW)
    active, *others = activate(a_draft(2, like=void, starts_at=NOW - DAY), [void], NOW)
    assert (active.effective_from, others) == (NOW - DAY, [])


def in_force(at: datetime, *versions: EarningRule) -> list[int]:
    return [rule.version for rule in versions if rule.in_force(at)]


LIVES = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(["activate", "activate", "activate", "call off", "end"]),
        st.none() | st.integers(-3, 40),
        st.none() | st.integers(41, 60),
    ),
    max_size=12,
)


@given(LIVES)
def test_however_versions_follow_one_another_one_earns_at_a_time(
    changes: list[tuple[int, str, int | None, int | None]],
) -> None:
    """Each change waits some days; an activated version has such a beginning and end, in days from the start."""
    rule, now = make.a_rule(), NOW
    versions: dict[int, EarningRule] = {}
    for number, (wait, change, starts, ends) in enumerate(changes, start=1):
        now += wait * DAY
        known = list(versions.values())
        before = {day: in_force(day, *known) for day in days_until(now)}
        was_effective = any(not each.is_void for each in known)
        scheduled = [each for each in known if each.state_at(now) is RuleState.SCHEDULED]
        if change == "call off" and scheduled:
            versions |= {each.version: each for each in call_off(scheduled[-1], known, now)}
        elif change == "end" and in_force(now, *known):
            versions |= {each.version: each for each in end(known, now)}
            assert all(not in_force(now + days * DAY, *versions.values()) for days in range(60))
        elif change == "activate":
            draft = a_draft(
                number,
                like=rule,
                starts_at=None if starts is None else NOW + starts * DAY,
                ends_at=None if ends is None else NOW + ends * DAY,
            )
            with contextlib.suppress(Invalid):
                versions |= {each.version: each for each in activate(draft, known, now)}
                assert not versions[number].is_void
        if was_effective:
            # What happened keeps what it earned by.
            assert before == {day: in_force(day, *versions.values()) for day in days_until(now)}
        assert sum(each.state_at(now) is RuleState.ACTIVE for each in versions.values()) <= 1
        assert sum(each.state is RuleState.ACTIVE for each in versions.values()) <= 1
    for day in (NOW + days * DAY for days in range(-5, 90)):
        assert len(in_force(day, *versions.values())) <= 1


@given(LIVES, st.integers(0, 50))
def test_calling_off_what_was_just_scheduled_leaves_everything_as_it_was(
    changes: list[tuple[int, str, int | None, int | None]], starts: int
) -> None:
    rule, now = make.a_rule(), NOW
    known: dict[int, EarningRule] = {}
    for number, (wait, _, begins, ends) in enumerate(changes, start=1):
        now += wait * DAY
        draft = a_draft(
            number,
            like=rule,
            starts_at=None if begins is None else NOW + begins * DAY,
            ends_at=None if ends is None else NOW + ends * DAY,
        )
        with contextlib.suppress(Invalid):
            known |= {each.version: each for each in activate(draft, list(known.values()), now)}
    # After all others: one that waits and would begin later is overtaken for good.
    beginnings = [each.effective_from for each in known.values() if not each.is_void and each.effective_from]
    last = max([now, *beginnings]) + (starts + 1) * DAY
    after = activate(a_draft(99, like=rule, starts_at=last), list(known.values()), now)
    scheduled = {**known, **{each.version: each for each in after}}
    again = {**scheduled, **{each.version: each for each in call_off(after[0], list(scheduled.values()), now)}}
    days = [NOW + days * DAY for days in range(-5, 120)]
    assert [in_force(day, *again.values()) for day in days] == [in_force(day, *known.values()) for day in days]
    assert {number: each.as_of(now) for number, each in again.items() if number != 99} == {
        number: each.as_of(now) for number, each in known.items()
    }


def days_until(now: datetime) -> list[datetime]:
    return list(itertools.takewhile(lambda day: day < now, (NOW + days * DAY for days in range(-5, 60))))


# ---- versions


def test_a_change_decided_on_another_version_is_refused_with_both_numbers() -> None:
    rule = replace(make.a_rule(), version=3)
    expect_version(rule, 3)
    expect_version(rule, 0)
    with pytest.raises(VersionMismatch) as refused:
        expect_version(rule, 2)
    assert refused.value.metadata == {"version": "3", "expected_version": "2"}


# ---- what a return leaves

RULES = st.builds(
    lambda points, per, rounding, excluded: make.a_rule(
        points=points, per_amount_minor=per, rounding=rounding, excluded_categories=("service",) if excluded else ()
    ),
    st.integers(1, 7),
    st.sampled_from([1, 3, 50, 100, 999]),
    st.sampled_from(Rounding),
    st.booleans(),
)


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    """Receipts of a few lines; some of them rebates, some goods taken back within the sale."""
    lines = []
    for number in range(draw(st.integers(1, 4))):
        amount = draw(st.integers(-500, 2000))
        quantity = draw(st.integers(1, 4000)) * (draw(st.sampled_from([1, 1, 1, -1])) if amount < 0 else 1)
        category = draw(st.sampled_from(["", "service"]))
        lines.append(PurchaseLine(str(number), "TEA", category, quantity, 0, 0, amount))
    return make.a_sale(*lines)


@st.composite
def splits(draw: st.DrawFn, sale: Sale, *, whole: bool) -> list[dict[str, int]]:
    """The receipt coming back in parts, in any order: what has come back after each; in the end, if `whole`, all."""
    returnable = {line.line_id: line.quantity_milli for line in sale.lines if line.quantity_milli > 0}
    after: list[dict[str, int]] = [{}]
    for _ in range(draw(st.integers(0, 6))):
        left = {line_id: most - after[-1].get(line_id, 0) for line_id, most in returnable.items()}
        part = [(line_id, draw(st.integers(0, most))) for line_id, most in left.items()]
        after.append(add_returned(after[-1], part))
    return [*after, returnable] if whole else after


def bought(sale: Sale, *rules: EarningRule) -> Purchase:
    return Purchase(make.PROGRAM, make.PROGRAM, make.PROGRAM, sale, evaluate(rule_set(*rules), sale, {}), NOW)


@given(RULES, sales())
def test_nothing_brought_back_leaves_everything(rule: EarningRule, sale: Sale) -> None:
    earnings = evaluate(rule_set(rule), sale, {})
    assert evaluate_again(rule_set(rule), earnings, sale, {}) == {rule.rule_id: earnings[0].points}


@given(RULES, sales(), st.data())
def test_the_more_comes_back_the_less_is_kept(rule: EarningRule, sale: Sale, data: st.DataObject) -> None:
    earnings, rules = evaluate(rule_set(rule), sale, {}), rule_set(rule)
    kept = [
        evaluate_again(rules, earnings, sale, returned)[rule.rule_id]
        for returned in data.draw(splits(sale, whole=False))
    ]
    assert kept == sorted(kept, reverse=True)
    assert kept[-1] >= 0


@given(RULES, RULES, sales(), st.data())
def test_any_split_of_a_return_takes_back_exactly_what_was_given(
    one: EarningRule, other: EarningRule, sale: Sale, data: st.DataObject
) -> None:
    purchase = bought(sale, one, other)
    taken = {one.rule_id: 0, other.rule_id: 0}
    for before, after in itertools.pairwise(data.draw(splits(sale, whole=True))):
        for clawback in clawbacks_of(purchase, rule_set(one, other), PurchaseReturns(before, 0, dict(taken)), after):
            assert clawback.points > 0
            taken[clawback.rule_id] += clawback.points
    assert taken == {earning.rule_id: earning.points for earning in purchase.earnings}


@given(RULES, sales(), st.data())
def test_a_claim_after_a_return_gives_what_the_return_would_have_left(
    rule: EarningRule, sale: Sale, data: st.DataObject
) -> None:
    returned = data.draw(splits(sale, whole=False))[-1]
    rules = rule_set(rule)
    known, claimed = evaluate(rules, sale, {}), evaluate(rules, sale, returned)
    left = {rule.rule_id: claimed[0].points}
    assert left == evaluate_again(rules, known, sale, returned) == evaluate_again(rules, claimed, sale, returned)


def test_a_rebate_that_comes_back_first_does_not_make_the_goods_dearer() -> None:
    sale = make.a_sale(make.a_line(1000), make.a_line(-500, line_id="rebate"))
    rule = make.a_rule()
    purchase = bought(sale, rule)
    assert purchase.points_earned == 5

    assert clawbacks_of(purchase, rule_set(rule), NOTHING_RETURNED, {"rebate": 1000}) == ()
    before = PurchaseReturns({"rebate": 1000}, 0)
    (clawback,) = clawbacks_of(purchase, rule_set(rule), before, {"rebate": 1000, "1": 1000})

    assert clawback.points == 5
