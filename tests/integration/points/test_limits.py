"""Limits of rules against the real database: what is let through, counted, given back, and told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from kit.idempotency import Outcome
from services.points.domain.commands import ActivateEarningRule, ReviseEarningRule
from services.points.domain.earning.earnings import Reason
from services.points.domain.earning.limits import Limit, LimitPolicy, LimitScope, LimitSpan, LimitUnit
from services.points.domain.earning.sentences import earning_sentence
from services.points.domain.earning.terms import Effect, Factor
from services.points.domain.errors import InsufficientBalanceForReturn
from services.points.domain.program.policy import Shortfall
from services.points.domain.sales.purchases import GetPurchase, PreviewPurchase, PurchaseAnswer
from services.points.handlers.sales.purchases import RecordPurchaseOperation
from services.points.handlers.sales.returns import RecordReturnOperation
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points, points_recorded
from tests.integration.points.counted import a_sale, bring_back, buy, limit, rows, total, used

PROGRAM, STORE = LimitScope.PROGRAM, LimitScope.STORE
CASHIER = LimitScope.MEMBER_AND_CASHIER
PURCHASES = LimitUnit.PURCHASES
YESTERDAY = make.NOON - timedelta(days=1)


def made(answer: PurchaseAnswer) -> list[tuple[int, Reason]]:
    return [(earning.points, earning.explanation.reason) for earning in answer.purchase.earnings]


# ---- what is let through


def test_a_member_s_cap_starts_anew_each_day_and_each_member_has_their_own(points: Points) -> None:
    points.rule(limits=(limit(15),))
    one, other = points.member(), points.member()
    assert made(buy(points, one, a_sale())) == [(10, Reason.APPLIED)]
    assert made(buy(points, one, a_sale())) == [(5, Reason.CUT_BY_CAP)]
    assert made(buy(points, one, a_sale())) == [(0, Reason.CAP_MET)]
    assert made(buy(points, other, a_sale())) == [(10, Reason.APPLIED)]
    points.clock.advance(days=1)
    assert made(buy(points, one, a_sale(at=points.clock.now()))) == [(10, Reason.APPLIED)]
    assert points.account(one).posted == 25


def test_an_upload_that_comes_late_counts_on_the_day_on_which_it_occurred(points: Points) -> None:
    points.rule(limits=(limit(15),))
    member_id = points.member()
    assert made(buy(points, member_id, a_sale())) == [(10, Reason.APPLIED)]
    assert made(buy(points, member_id, a_sale(at=YESTERDAY))) == [(10, Reason.APPLIED)]
    assert made(buy(points, member_id, a_sale(at=YESTERDAY))) == [(5, Reason.CUT_BY_CAP)]
    assert {key[-1]: units for key, units in used(points).items()} == {"2026-03-02": 10, "2026-03-01": 15}


def test_a_day_is_one_of_the_rule_s_time_zone(points: Points) -> None:
    points.rule(limits=(limit(15),), time_zone="Asia/Karachi")
    member_id = points.member()
    evening = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
    buy(points, member_id, a_sale(at=evening))
    buy(points, member_id, a_sale(at=evening + timedelta(hours=1)))
    assert {key[-1]: units for key, units in used(points).items()} == {"2026-03-01": 10, "2026-03-02": 10}


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ([limit(8, span=LimitSpan.PURCHASE)], [8, 8, 8, 8]),
        ([limit(15)], [10, 5, 0, 0]),
        ([limit(15, CASHIER)], [10, 10, 5, 5]),
        ([limit(15, PROGRAM)], [10, 5, 0, 0]),
        ([limit(15, STORE)], [10, 10, 5, 5]),
        ([limit(3, PROGRAM, unit=PURCHASES)], [10, 10, 10, 0]),
        ([limit(1, unit=PURCHASES, span=LimitSpan.EVER)], [10, 0, 0, 0]),
        ([limit(25, span=LimitSpan.WEEK), limit(12, STORE), limit(18, PROGRAM, LimitSpan.YEAR)], [10, 8, 0, 0]),
    ],
)
def test_each_limit_adds_up_what_it_says(points: Points, limits: list[Limit], expected: list[int]) -> None:
    points.rule(limits=tuple(limits))
    member_id = points.member()
    sales = [a_sale(store=store, cashier=store.lower()) for store in ("S1", "S2", "S1", "S2")]
    assert [buy(points, member_id, sale).purchase.points_earned for sale in sales] == expected


def test_a_rule_that_refuses_parts_gives_what_fits_or_nothing(points: Points) -> None:
    points.rule(limits=(limit(15, PROGRAM, LimitSpan.MONTH),), limit_policy=LimitPolicy.REFUSE)
    first, second, third = (buy(points, points.member(), a_sale(pounds)) for pounds in (10, 6, 5))
    assert [made(answer) for answer in (first, second, third)] == [
        [(10, Reason.APPLIED)],
        [(0, Reason.BUDGET_MET)],
        [(5, Reason.APPLIED)],
    ]


def test_the_next_version_of_a_rule_goes_on_where_the_last_one_was(points: Points) -> None:
    rule = points.rule(limits=(limit(100),))
    member_id = points.member()
    buy(points, member_id, a_sale(80))
    for at_most, expected in ((50, 0), (85, 5), (200, 10)):
        points.clock.advance(minutes=1)
        terms = replace(rule.terms, limits=(limit(at_most),))
        revised = points.rules.revise_earning_rule(
            TILL, ReviseEarningRule(make.PROGRAM, f"key-{make.a_number()}", rule.rule_id, 0, terms)
        ).unwrap()
        activate = ActivateEarningRule(make.PROGRAM, f"key-{make.a_number()}", rule.rule_id, revised.version)
        points.rules.activate_earning_rule(TILL, activate).unwrap()
        answer = buy(points, member_id, a_sale(at=points.clock.now()))
        assert answer.purchase.points_earned == expected
    # What is uploaded late earns by the version of its time, from the same counter.
    assert buy(points, member_id, a_sale(20)).purchase.points_earned == 5


def test_a_bonus_raises_what_the_limits_let_through(points: Points) -> None:
    points.rule(limits=(limit(15),))
    points.rule(
        effect=Effect.MULTIPLIER, points=0, per_amount_minor=0, factor=Factor(2, 1), limits=(limit(12, PROGRAM),)
    )
    member_id = points.member()
    assert made(buy(points, member_id, a_sale())) == [(10, Reason.APPLIED), (10, Reason.APPLIED)]
    assert made(buy(points, member_id, a_sale())) == [(5, Reason.CUT_BY_CAP), (2, Reason.CUT_BY_BUDGET)]
    assert made(buy(points, member_id, a_sale())) == [(0, Reason.CAP_MET), (0, Reason.NOTHING_TO_RAISE)]


# ---- what comes back


def test_a_full_return_leaves_counters_as_if_there_had_been_no_purchase(points: Points) -> None:
    scopes = (LimitScope.MEMBER, CASHIER, PROGRAM, STORE)
    points.rule(limits=tuple(limit(50, scope, unit=unit) for scope in scopes for unit in LimitUnit))
    member_id, sale = points.member(), a_sale(pieces=2, cashier="Amina")
    buy(points, member_id, a_sale(7, cashier="Bilal"))
    before = used(points)
    buy(points, member_id, sale)
    assert len(used(points)) == len(before) + 2

    assert bring_back(points, sale, 1) == 5
    assert total(points, PROGRAM) == 7 + 5 + 2
    assert bring_back(points, sale, 1) == 5
    assert used(points) == before


def test_kept_goods_earn_under_what_was_left_when_they_were_bought(points: Points) -> None:
    points.rule(limits=(limit(100),))
    member_id, sale = points.member(), a_sale(60, pieces=6)
    first = a_sale(70)
    buy(points, member_id, first)
    assert made(buy(points, member_id, sale)) == [(30, Reason.CUT_BY_CAP)]
    bring_back(points, first)

    # 50 kept would earn 30, as all 60 did; 20 kept earn 20.
    assert [bring_back(points, sale, pieces) for pieces in (1, 3)] == [0, 10]
    assert total(points, LimitScope.MEMBER) == 20


def test_what_a_limit_cut_is_not_raised_later_but_the_room_is_there_for_others(points: Points) -> None:
    points.rule(limits=(limit(15),))
    member_id, first = points.member(), a_sale()
    buy(points, member_id, first)
    cut = a_sale()
    assert buy(points, member_id, cut).purchase.points_earned == 5
    bring_back(points, first)
    assert points.account(member_id).posted == 5
    assert made(buy(points, member_id, a_sale(20))) == [(10, Reason.CUT_BY_CAP)]


def test_goods_give_back_to_the_day_on_which_they_were_bought(points: Points) -> None:
    points.rule(limits=(limit(10),))
    member_id, sale = points.member(), a_sale(at=YESTERDAY)
    buy(points, member_id, sale)
    buy(points, member_id, a_sale())
    bring_back(points, sale)
    assert {key[-1]: units for key, units in used(points).items()} == {"2026-03-02": 10}


def test_a_return_gives_back_though_the_points_are_spent(points: Points) -> None:
    points.rule(limits=(limit(15, PROGRAM),))
    member_id, sale = points.member(), a_sale()
    buy(points, member_id, sale)
    points.accounts.adjust_points(TILL, make.adjust_points(member_id, -10)).unwrap()
    bring_back(points, sale)
    assert total(points, PROGRAM) == 0


def test_goods_that_were_back_before_their_purchase_was_told_leave_nothing_used(points: Points) -> None:
    points.rule(limits=(limit(15), limit(5, PROGRAM, LimitSpan.EVER, PURCHASES)))
    member_id, sale = points.member(), a_sale(pieces=2)
    bring_back(points, sale, 1)
    bring_back(points, sale, 1)
    buy(points, member_id, sale)
    assert (points.account(member_id).posted, used(points)) == (0, {})


# ---- claims, previews, refusals


def test_a_claim_counts_for_the_claimant_in_the_window_of_the_purchase(points: Points) -> None:
    points.rule(limits=(limit(15),))
    member_id, sale = points.member(), a_sale(at=YESTERDAY, pieces=2)
    buy(points, None, sale)
    buy(points, member_id, a_sale(9, at=YESTERDAY))
    assert total(points, LimitScope.MEMBER) == 9

    claimed = points.purchases.claim_purchase(TILL, make.claim_purchase(member_id, sale.receipt)).unwrap()

    assert made(claimed) == [(6, Reason.CUT_BY_CAP)]
    assert [bring_back(points, sale, 1), bring_back(points, sale, 1)] == [1, 5]
    assert total(points, LimitScope.MEMBER) == 9


def test_a_preview_tells_what_is_left_and_uses_nothing(points: Points) -> None:
    points.rule(limits=(limit(15), limit(40, PROGRAM)))
    member_id = points.member()
    buy(points, member_id, a_sale(9))
    before = rows(points)
    for _ in range(3):
        wish = PreviewPurchase(make.PROGRAM, member_id, a_sale())
        assert made(points.purchases.preview_purchase(TILL, wish)) == [(6, Reason.CUT_BY_CAP)]
        elsewhere = PreviewPurchase(make.PROGRAM, points.member(), a_sale(pounds=50, at=YESTERDAY))
        assert made(points.purchases.preview_purchase(TILL, elsewhere)) == [(15, Reason.CUT_BY_CAP)]
    assert rows(points) == before


def test_a_program_without_limits_has_no_counters(points: Points) -> None:
    points.rule()
    member_id, sale = points.member(), a_sale()
    buy(points, member_id, sale)
    bring_back(points, sale)
    assert rows(points) == 0


def test_a_rule_that_gives_nothing_by_itself_makes_no_counters(points: Points) -> None:
    points.rule(limits=(limit(15, PROGRAM),), condition="purchase.store_id == 'S9'")
    buy(points, points.member(), a_sale())
    assert rows(points) == 0


def test_purchases_of_one_batch_share_what_is_left_and_a_refused_return_leaves_no_trace(points: Points) -> None:
    points.rule(limits=(limit(35, PROGRAM),))
    points.policy(Shortfall.REFUSE)
    spender, sale = points.member(), a_sale()
    buy(points, spender, sale)
    points.accounts.adjust_points(TILL, make.adjust_points(spender, -10)).unwrap()
    members = [points.member() for _ in range(3)]
    for member_id in members:
        points.give(member_id, 1)
    wishes = [make.record_purchase(member_id, a_sale()) for member_id in members]
    postings = [RecordPurchaseOperation(wish, wish) for wish in wishes]
    refused = RecordReturnOperation(make.record_return(sale.receipt, ("1", 1000)))

    results = points.committer.submit_all(TILL, [postings[0], refused, *postings[1:]])

    assert isinstance(results[1], Outcome)
    assert isinstance(results[1].refusal, InsufficientBalanceForReturn)
    assert points_recorded(results) == [10, 10, 5]
    assert total(points, PROGRAM) == 35


def test_the_same_receipt_again_uses_nothing_more(points: Points) -> None:
    points.rule(limits=(limit(15),))
    member_id, sale = points.member(), a_sale()
    for key in ("one-key", "one-key", "another-key"):
        outcome = points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale, key))
        assert made(outcome.unwrap()) == [(10, Reason.APPLIED)]
    assert total(points, LimitScope.MEMBER) == 10


# ---- why


def test_what_a_limit_did_is_kept_also_when_nothing_was_given(points: Points) -> None:
    rule = points.rule(limits=(limit(15), limit(2, PROGRAM, LimitSpan.EVER, PURCHASES)))
    member_id = points.member()
    answers = [buy(points, member_id, a_sale()) for _ in range(3)]
    kept = [
        points.purchases.get_purchase(GetPurchase(make.PROGRAM, answer.purchase.purchase_id, None)).purchase.earnings[0]
        for answer in answers
    ]
    assert [earning.explanation.reason for earning in kept] == [Reason.APPLIED, Reason.CUT_BY_CAP, Reason.CAP_MET]
    cut = kept[1]
    day, ever = cut.explanation.limits
    assert (cut.rule_id, cut.points, cut.explanation.unlimited_points) == (rule.rule_id, 5, 10)
    assert (day.limit.at_most, day.starts_on, day.used, day.left) == (15, date(2026, 3, 2), 10, 5)
    assert (ever.limit.at_most, ever.starts_on, ever.used, ever.left) == (2, None, 1, 1)
    assert earning_sentence(kept[2]) == (
        "Everyday: no points, because the limit of 15 points a day for each member is used up."
    )
