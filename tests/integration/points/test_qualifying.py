"""Qualifying units count once, in the window of their purchase, whatever becomes of the points."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from kit.page import PageRequest
from services.points import jobs
from services.points.domain.commands import ActivateEarningRule, ReviseEarningRule
from services.points.domain.earning.qualifying import QualifyingWindow
from services.points.domain.earning.terms import Effect, Factor
from services.points.domain.errors import InsufficientBalance, InsufficientBalanceForReturn, WalletNotSpendable
from services.points.domain.ledger.accounts import AccountKey
from services.points.domain.ledger.transfers import TransferPolicy
from services.points.domain.program.policy import Shortfall
from services.points.domain.sales.purchases import PreviewPurchase, RecordPurchases
from services.points.domain.sales.sale import Sale
from tests.factories import points as make
from tests.integration.points.conftest import OFFICE, TILL, Points
from tests.integration.points.counted import a_sale, bring_back, buy
from tests.integration.points.counting import EVER, counts, sums
from tests.integration.points.processes import two_processes

DAY = timedelta(days=1)


@pytest.fixture
def member_id(points: Points) -> uuid.UUID:
    """Somebody in a program whose one rule gives a point a pound, and the points qualify."""
    points.rule(qualifying=True)
    return points.member()


def spend_all(points: Points, member_id: uuid.UUID) -> uuid.UUID:
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, points.account(member_id).available)).unwrap().hold
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id)).unwrap()
    return hold.hold_id


def at_once(clients: int, work: Callable[[int], object]) -> None:
    """Does the work in so many threads, which are numbered and begin at the same moment."""
    barrier = threading.Barrier(clients)

    def one(number: int) -> None:
        barrier.wait()
        work(number)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(one, range(clients)))


# ---- What counts -----------------------------------------------------------------------------------------------------


def test_what_rules_give_counts_where_they_say_so(points: Points) -> None:
    points.rule(qualifying=True)
    points.rule(points=3)
    points.rule(effect=Effect.FIXED, points=7, per_amount_minor=0, wallet="stars", qualifying=True)
    points.rule(effect=Effect.MULTIPLIER, factor=Factor(2, 1), points=0, per_amount_minor=0, qualifying=True)
    member_id = points.member()

    answer = buy(points, member_id, a_sale(10))

    # A bonus counts by itself: it gives as much as the others together, of which 10 qualify.
    told = [(earning.points, earning.qualifying) for earning in answer.purchase.earnings]
    assert told == [(10, True), (30, False), (7, True), (40, True)]
    assert sums(points, member_id, EVER) == [50]
    assert sums(points, member_id, EVER, wallet="stars") == [7]


def test_a_rule_that_gives_nothing_counts_nothing(points: Points, member_id: uuid.UUID) -> None:
    answer = buy(points, member_id, make.a_sale(make.a_line(50)))
    assert answer.purchase.earnings[0].qualifying
    assert counts(points, member_id) == 0


def test_nothing_counts_of_who_has_bought_nothing(points: Points, member_id: uuid.UUID) -> None:
    buy(points, member_id, a_sale(10))
    assert counts(points, points.member()) == 0
    assert counts(points, uuid.uuid4()) == 0


def test_another_program_is_told_nothing(points: Points, member_id: uuid.UUID) -> None:
    buy(points, member_id, a_sale(10))
    found = points.qualifying.get_qualifying_sums(AccountKey(uuid.uuid4(), member_id, "points"), [EVER])
    assert found.sums == ((EVER, 0),)


def test_a_preview_says_what_would_count_and_counts_nothing(points: Points, member_id: uuid.UUID) -> None:
    preview = points.purchases.preview_purchase(TILL, PreviewPurchase(make.PROGRAM, member_id, a_sale(10)))
    assert preview.purchase.earnings[0].qualifying
    assert counts(points, member_id) == 0


def test_only_earning_counts(points: Points, member_id: uuid.UUID) -> None:
    points.policy(transfers=TransferPolicy())
    other = points.member()
    buy(points, member_id, a_sale(10))
    points.give(member_id, 100)
    points.transfers.transfer_points(TILL, make.transfer_points(member_id, other, 60)).unwrap()
    points.holds.place_hold(TILL, make.place_hold(member_id, 20)).unwrap()
    assert (counts(points, member_id), counts(points, other)) == (10, 0)


def test_points_that_are_yet_to_come_count_already(points: Points) -> None:
    points.rule(qualifying=True, pending_days=14)
    member_id = points.member()
    buy(points, member_id, a_sale(10))
    assert points.account(member_id).available == 0
    assert counts(points, member_id) == 10


# ---- Windows ---------------------------------------------------------------------------------------------------------


def test_windows_begin_with_their_first_instant_and_end_before_their_last(points: Points, member_id: uuid.UUID) -> None:
    for pounds, days in ((1, 0), (10, 1), (100, 2)):
        buy(points, member_id, a_sale(pounds, at=make.NOON - days * DAY))
    noon, moment = make.NOON, timedelta(microseconds=1)
    windows = {
        (None, None): 111,
        (noon - DAY, noon): 10,
        (noon - DAY + moment, noon + moment): 1,
        (noon - 2 * DAY, None): 111,
        (noon - 2 * DAY + moment, None): 11,
        (None, noon): 110,
        (None, noon - 2 * DAY): 0,
        (noon + moment, None): 0,
    }
    asked = [QualifyingWindow(*window) for window in windows]
    assert sums(points, member_id, *asked, *asked) == [*windows.values()] * 2


def test_a_sale_that_is_uploaded_late_counts_on_its_own_day(points: Points, member_id: uuid.UUID) -> None:
    happened = make.NOON - 40 * DAY
    buy(points, member_id, a_sale(10, at=happened))
    assert counts(points, member_id, make.NOON - 30 * DAY) == 0
    assert counts(points, member_id, happened, happened + DAY) == 10


def test_goods_that_come_back_later_count_no_longer_in_the_window_of_their_purchase(
    points: Points, member_id: uuid.UUID
) -> None:
    sale = a_sale(10, pieces=2)
    buy(points, member_id, sale)
    points.clock.advance(days=400)

    bring_back(points, sale)

    assert counts(points, member_id, None, make.NOON + DAY) == 5
    assert counts(points, member_id, make.NOON + DAY) == 0


# ---- Once ------------------------------------------------------------------------------------------------------------


def test_a_receipt_counts_once_however_often_it_is_sent(points: Points, member_id: uuid.UUID) -> None:
    first = make.record_purchase(member_id, a_sale(10))
    for key in (first.request_id, first.request_id, "another", "and another"):
        points.purchases.record_purchase(TILL, replace(first, request_id=key)).unwrap()
    wishes = tuple(replace(first, request_id=f"batch-{number}") for number in range(3))
    points.purchases.record_purchases(TILL, RecordPurchases(make.PROGRAM, wishes))
    assert counts(points, member_id) == 10


def test_tills_of_two_processes_that_send_one_receipt_at_the_same_moment_count_it_once(
    points: Points, member_id: uuid.UUID
) -> None:
    sales = [a_sale(10) for _ in range(4)]
    with two_processes(points) as processes:

        def sell(number: int) -> None:
            wish = make.record_purchase(member_id, sales[number // 4])
            processes[number % 2].purchases.record_purchase(TILL, wish).unwrap()

        at_once(16, sell)
    assert counts(points, member_id) == 40


def test_a_return_that_is_sent_at_the_same_moment_by_many_takes_once(points: Points, member_id: uuid.UUID) -> None:
    sale, receipt = a_sale(12, pieces=3), make.a_receipt()
    buy(points, member_id, sale)
    with two_processes(points) as processes:

        def take_back(number: int) -> None:
            command = make.record_return(sale.receipt, ("1", 1000), receipt=receipt)
            processes[number % 2].returns.record_return(TILL, command).unwrap()

        at_once(8, take_back)
    assert counts(points, member_id) == 8


def test_a_purchase_and_its_returns_that_meet_count_what_is_kept(points: Points, member_id: uuid.UUID) -> None:
    sales = [a_sale(12, pieces=3) for _ in range(4)]
    with two_processes(points) as processes:

        def sell_or_take_back(number: int) -> None:
            process, sale = processes[number % 2], sales[number // 3]
            if number % 3:
                process.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
            else:
                process.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()

        at_once(12, sell_or_take_back)
    assert counts(points, member_id) == 4 * 4


# ---- Returns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [(3,), (1, 1, 1), (2, 1), (1, 2)])
def test_a_return_in_parts_ends_as_if_the_purchase_had_never_been(
    points: Points, member_id: uuid.UUID, parts: tuple[int, ...]
) -> None:
    sale, kept = a_sale(10, pieces=3), 3
    buy(points, member_id, sale)
    for pieces in parts:
        bring_back(points, sale, pieces)
        kept -= pieces
        assert counts(points, member_id) == 10 * kept // 3
    assert counts(points, member_id, make.NOON, make.NOON + DAY) == 0


def test_returns_of_two_purchases_take_from_their_own_windows(points: Points, member_id: uuid.UUID) -> None:
    old, new = a_sale(10, pieces=2, at=make.NOON - 30 * DAY), a_sale(20, pieces=2)
    buy(points, member_id, new)
    buy(points, member_id, old)
    bring_back(points, old)
    bring_back(points, new, 2)
    assert sums(points, member_id, QualifyingWindow(None, make.NOON), QualifyingWindow(make.NOON, None)) == [5, 0]


def test_a_return_that_comes_before_its_purchase_takes_when_it_comes(points: Points, member_id: uuid.UUID) -> None:
    sale = a_sale(10, pieces=2, at=make.NOON - 3 * DAY)
    bring_back(points, sale)
    assert counts(points, member_id) == 0

    buy(points, member_id, sale)

    assert counts(points, member_id, make.NOON - 3 * DAY, make.NOON - 2 * DAY) == 5
    bring_back(points, sale)
    assert counts(points, member_id) == 0


@pytest.mark.parametrize("shortfall", [Shortfall.CARRY, Shortfall.NEGATIVE])
def test_a_return_of_goods_whose_points_are_spent_takes_all_the_same(
    points: Points, member_id: uuid.UUID, shortfall: Shortfall
) -> None:
    points.policy(shortfall)
    sale = a_sale(10, pieces=2)
    buy(points, member_id, sale)
    spend_all(points, member_id)
    assert counts(points, member_id) == 10
    bring_back(points, sale)
    assert counts(points, member_id) == 5
    # What is owed, or below zero, is paid by the next points; these count in full.
    buy(points, member_id, a_sale(7))
    assert (counts(points, member_id), points.account(member_id).available) == (12, 2)


def test_a_return_that_is_refused_takes_nothing(points: Points, member_id: uuid.UUID) -> None:
    points.policy(Shortfall.REFUSE)
    sale = a_sale(10)
    buy(points, member_id, sale)
    spend_all(points, member_id)
    with pytest.raises(InsufficientBalanceForReturn):
        bring_back(points, sale)
    assert counts(points, member_id) == 10


def test_points_that_had_paid_come_back_and_count_nothing(points: Points, member_id: uuid.UUID) -> None:
    points.policy(Shortfall.REFUSE)
    buy(points, member_id, a_sale(10))
    hold_id = spend_all(points, member_id)
    sale = a_sale(8, pieces=2)
    buy(points, member_id, sale)
    command = make.record_return(sale.receipt, ("1", 1000), refunds=[hold_id])
    points.returns.record_return(TILL, command).unwrap()
    assert (counts(points, member_id), points.account(member_id).available) == (14, 14)


@pytest.mark.parametrize("written_down", [True, False])
def test_points_that_lapsed_count_until_their_goods_come_back(points: Points, written_down: bool) -> None:
    points.rule(qualifying=True, expiry_days=10)
    member_id, sale = points.member(), a_sale(10, pieces=2)
    buy(points, member_id, sale)
    points.clock.advance(days=11)
    if written_down:
        jobs.settle_overdue_accounts(points.storage, points.committer, limit=10)
    assert (counts(points, member_id), points.account(member_id).available) == (10, 0)
    bring_back(points, sale)
    assert (counts(points, member_id), points.account(member_id).owed) == (5, 0)


def test_a_return_goes_by_the_version_that_gave(points: Points) -> None:
    qualifying = points.rule(qualifying=True)
    member_id, sale = points.member(), a_sale(10, pieces=2)
    buy(points, member_id, sale)
    points.clock.advance(seconds=1)
    revised = ReviseEarningRule(make.PROGRAM, "revise", qualifying.rule_id, 1, make.terms(starts_at=None))
    points.rules.revise_earning_rule(TILL, revised).unwrap()
    activate = ActivateEarningRule(make.PROGRAM, "activate", qualifying.rule_id, 2)
    points.rules.activate_earning_rule(TILL, activate).unwrap()
    later = a_sale(10, pieces=2, at=points.clock.now())
    buy(points, member_id, later)
    assert counts(points, member_id) == 10

    bring_back(points, sale)
    bring_back(points, later)

    assert (counts(points, member_id), points.account(member_id).posted) == (5, 10)


# ---- Activities ------------------------------------------------------------------------------------------------------


def test_an_activity_counts_when_it_occurred_and_once(points: Points, member_id: uuid.UUID) -> None:
    points.rule(**make.activity_terms(qualifying=True))
    points.rule(**make.activity_terms(points=7))
    visit = make.an_activity_report(occurred_at=make.NOON - 40 * DAY)
    with two_processes(points) as processes:

        def visited_or_bought(number: int) -> None:
            if number % 2:
                wish = make.record_purchase(member_id, a_sale(number))
                processes[number % 4 // 2].purchases.record_purchase(TILL, wish).unwrap()
            else:
                points.activities.record_activity(TILL, make.record_activity(member_id, visit)).unwrap()

        at_once(8, visited_or_bought)
    assert points.account(member_id).posted == 57 + 1 + 3 + 5 + 7
    assert sums(points, member_id, EVER, QualifyingWindow(None, make.NOON)) == [66, 50]


# ---- Claims ----------------------------------------------------------------------------------------------------------


def claim(points: Points, member_id: uuid.UUID, sale: Sale) -> None:
    points.purchases.claim_purchase(TILL, make.claim_purchase(member_id, sale.receipt, key="claim")).unwrap()


def test_a_claimed_receipt_counts_on_the_day_of_the_sale(points: Points, member_id: uuid.UUID) -> None:
    sale = a_sale(12, pieces=3, at=make.NOON - 20 * DAY)
    buy(points, None, sale)
    bring_back(points, sale)

    for _ in range(2):
        claim(points, member_id, sale)

    assert counts(points, member_id, make.NOON - 20 * DAY, make.NOON - 19 * DAY) == 8
    bring_back(points, sale)
    assert sums(points, member_id, EVER, QualifyingWindow(make.NOON - DAY, None)) == [4, 0]


# ---- By hand ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("amount", "qualifying", "expected"), [(5, True, 15), (-5, True, 5), (5, False, 10)])
def test_what_people_give_or_take_counts_if_they_say_so(
    points: Points, member_id: uuid.UUID, amount: int, qualifying: bool, expected: int
) -> None:
    buy(points, member_id, a_sale(10))
    points.clock.advance(days=3)
    command = replace(make.adjust_points(member_id, amount), qualifying=qualifying)
    for _ in range(2):
        entry = points.accounts.adjust_points(TILL, command).unwrap().entry
    assert entry.cause.qualifying is qualifying
    assert points.accounts.list_entries(make.PROGRAM, member_id, "points", PageRequest(1)).items == (entry,)
    assert counts(points, member_id) == expected
    # It counts from the day on which it was done.
    assert counts(points, member_id, points.clock.now(), points.clock.now() + DAY) == expected - 10


def test_more_may_be_taken_by_hand_than_counted(points: Points, member_id: uuid.UUID) -> None:
    points.give(member_id, 10)
    command = replace(make.adjust_points(member_id, -10), qualifying=True)
    points.accounts.adjust_points(TILL, command).unwrap()
    assert counts(points, member_id) == -10


def test_what_cannot_be_taken_counts_on(points: Points, member_id: uuid.UUID) -> None:
    buy(points, member_id, a_sale(10))
    command = replace(make.adjust_points(member_id, -11), qualifying=True)
    with pytest.raises(InsufficientBalance):
        points.accounts.adjust_points(TILL, command).unwrap()
    assert counts(points, member_id) == 10


def test_what_two_people_decide_counts_once_the_second_has(points: Points, member_id: uuid.UUID) -> None:
    wishes = [replace(make.request_adjustment(member_id, 9), qualifying=True) for _ in range(2)]
    wanted, unwanted = (points.adjustments.request_adjustment(TILL, wish).unwrap() for wish in wishes)
    assert wanted.qualifying
    points.clock.advance(days=2)
    points.adjustments.reject_adjustment(OFFICE, make.reject_adjustment(unwanted.adjustment_id)).unwrap()
    assert counts(points, member_id) == 0

    approval = make.approve_adjustment(wanted.adjustment_id)
    at_once(4, lambda _: points.adjustments.approve_adjustment(OFFICE, approval).unwrap())

    assert points.adjustments.get_adjustment(make.PROGRAM, wanted.adjustment_id).qualifying
    assert counts(points, member_id, make.NOON + 2 * DAY) == counts(points, member_id) == 9


# ---- Wallets that only count -----------------------------------------------------------------------------------------


def test_units_of_a_wallet_that_only_counts_are_earned_and_given_back_and_not_spent(points: Points) -> None:
    points.rule(qualifying=True)
    member_id, other, sale = points.member(), points.member(), a_sale(10, pieces=2)
    points.policy(transfers=TransferPolicy(), unspendable_wallets=("points",))
    buy(points, member_id, sale)
    with pytest.raises(WalletNotSpendable):
        points.holds.place_hold(TILL, make.place_hold(member_id, 1)).unwrap()
    with pytest.raises(WalletNotSpendable):
        points.transfers.transfer_points(TILL, make.transfer_points(member_id, other, 1)).unwrap()
    bring_back(points, sale)
    assert (points.account(member_id).available, points.account(member_id).version) == (5, 2)
    assert counts(points, member_id) == 5


def test_what_was_set_aside_before_a_wallet_only_counted_is_spent(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 10)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 4)).unwrap().hold
    points.policy(unspendable_wallets=("points",))
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id)).unwrap()
    assert points.account(member_id).available == 6


def test_other_wallets_and_other_policies_let_spend(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 10)
    points.policy(unspendable_wallets=("stars",))
    points.holds.place_hold(TILL, make.place_hold(member_id, 1)).unwrap()
    points.policy(unspendable_wallets=("points",))
    points.policy()
    points.holds.place_hold(TILL, make.place_hold(member_id, 1)).unwrap()
