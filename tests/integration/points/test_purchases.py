"""Purchases against the real database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from kit.database import retrying
from kit.errors import Invalid
from kit.idempotency import IdempotencyKeyReused, Outcome
from services.points.domain.earning.terms import LineVerdict
from services.points.domain.errors import (
    MemberMayNotEarn,
    MemberNotFound,
    PurchaseAlreadyClaimed,
    PurchaseNotAnonymous,
    PurchaseNotFound,
    ReceiptConflict,
)
from services.points.domain.program.policy import MemberStatus
from services.points.domain.sales.purchases import GetPurchase, PreviewPurchase, PurchaseAnswer
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points


def test_a_purchase_earns_and_says_why(points: Points) -> None:
    rule = points.rule(excluded_categories=("service",))
    sale = make.a_sale(make.a_line(3750), make.a_line(500, line_id="2", sku="POST", category="service"))

    answer = points.purchases.record_purchase(TILL, make.record_purchase(points.member(), sale)).unwrap()

    assert answer.purchase.points_earned == 37
    (earning,) = answer.purchase.earnings
    assert (earning.rule_id, earning.rule_version) == (rule.rule_id, 1)
    assert earning.explanation.eligible_amount_minor == 3750
    assert [line.verdict for line in earning.explanation.lines] == [
        LineVerdict.COUNTED,
        LineVerdict.CATEGORY_EXCLUDED,
    ]
    assert answer.account is not None
    assert (answer.account.posted, answer.account.available, answer.account.version) == (37, 37, 1)


def test_the_same_key_gives_the_same_answer(points: Points) -> None:
    points.rule()
    command = make.record_purchase(points.member())

    first = points.purchases.record_purchase(TILL, command)
    again = points.purchases.record_purchase(TILL, command)

    assert again.unwrap() == first.unwrap()
    assert (first.replayed, again.replayed) == (False, True)


def test_the_same_key_with_another_sale_is_refused_and_told_what_differs(points: Points) -> None:
    points.rule()
    command = make.record_purchase(points.member())
    points.purchases.record_purchase(TILL, command)

    with pytest.raises(IdempotencyKeyReused) as refused:
        points.purchases.record_purchase(TILL, replace(command, sale=make.a_sale(make.a_line(1))))
    assert refused.value.metadata["fields"] == "sale"


def test_the_same_receipt_with_another_key_earns_once(points: Points) -> None:
    points.rule()
    member_id, sale = points.member(), make.a_sale()

    first = points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale))
    again = points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale))

    assert again.unwrap() == first.unwrap()
    assert again.replayed
    assert points.account(member_id).posted == 10


def test_the_same_receipt_with_other_content_is_a_conflict(points: Points) -> None:
    points.rule()
    member_id, sale = points.member(), make.a_sale()
    points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale))

    other = make.a_sale(make.a_line(2000), receipt=sale.receipt)
    outcome = points.purchases.record_purchase(TILL, make.record_purchase(member_id, other))

    with pytest.raises(ReceiptConflict) as refused:
        outcome.unwrap()
    assert refused.value.metadata["fields"] == "lines"


@pytest.mark.parametrize("one_key", [True, False], ids=["one key", "64 keys"])
def test_one_receipt_posted_64_times_at_once_earns_once(points: Points, one_key: bool) -> None:
    points.rule()
    member_id, sale, clients = points.member(), make.a_sale(), 64
    ready = threading.Barrier(clients)

    def post(number: int) -> Outcome[PurchaseAnswer]:
        command = make.record_purchase(member_id, sale, key="same" if one_key else f"k{number}")
        ready.wait()
        return retrying(lambda: points.purchases.record_purchase(TILL, command))

    with ThreadPoolExecutor(clients) as pool:
        outcomes = list(pool.map(post, range(clients)))

    assert all(outcome.unwrap() == outcomes[0].unwrap() for outcome in outcomes)
    assert sum(not outcome.replayed for outcome in outcomes) == 1
    assert points.account(member_id).posted == 10


def test_a_preview_is_what_the_posting_answers(points: Points) -> None:
    points.rule(expiry_days=365, pending_days=14)
    member_id, sale = points.member(), make.a_sale(make.a_line(1234))

    preview = points.purchases.preview_purchase(TILL, PreviewPurchase(make.PROGRAM, member_id, sale))
    assert points.account(member_id).version == 0
    posted = points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()

    assert preview == posted
    assert points.purchases.preview_purchase(TILL, PreviewPurchase(make.PROGRAM, member_id, sale)) == posted


def test_pending_points_become_available_by_themselves(points: Points) -> None:
    points.rule(pending_days=14)
    member_id = points.member()
    points.purchases.record_purchase(TILL, make.record_purchase(member_id))

    assert (points.account(member_id).pending, points.account(member_id).available) == (10, 0)
    points.clock.advance(days=14)
    assert (points.account(member_id).pending, points.account(member_id).available) == (0, 10)


def test_a_late_purchase_earns_by_the_rules_of_its_day(points: Points) -> None:
    points.rule(ends_at=make.NOON)
    points.rule(points=2, starts_at=make.NOON)
    member_id = points.member()
    before = make.a_sale(occurred_at=make.NOON - timedelta(seconds=1))
    after = make.a_sale(occurred_at=make.NOON)

    earned = [
        points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap().purchase.points_earned
        for sale in (before, after)
    ]
    assert earned == [10, 20]


def test_a_suspended_member_does_not_earn_and_an_earn_only_one_does(points: Points) -> None:
    points.rule()
    suspended, earn_only = points.member(MemberStatus.SUSPENDED), points.member(MemberStatus.EARN_ONLY)

    with pytest.raises(MemberMayNotEarn):
        points.purchases.record_purchase(TILL, make.record_purchase(suspended)).unwrap()
    assert points.purchases.record_purchase(TILL, make.record_purchase(earn_only)).unwrap().purchase.points_earned == 10


def test_a_member_is_asked_for_once_and_then_known(points: Points) -> None:
    points.rule()
    member_id = points.member()

    for _ in range(3):
        points.purchases.record_purchase(TILL, make.record_purchase(member_id)).unwrap()

    assert points.people.questions == 1


def test_nothing_is_recorded_for_a_member_nobody_knows(points: Points) -> None:
    points.rule()
    sale = make.a_sale()

    with pytest.raises(MemberNotFound):
        points.purchases.record_purchase(TILL, make.record_purchase(make.PROGRAM, sale))
    with pytest.raises(PurchaseNotFound):
        points.purchases.get_purchase(GetPurchase(make.PROGRAM, None, sale.receipt))


def test_an_anonymous_purchase_is_claimed_once(points: Points) -> None:
    points.rule()
    sale, member_id, other = make.a_sale(), points.member(), points.member()
    anonymous = points.purchases.record_purchase(TILL, make.record_purchase(None, sale)).unwrap()
    assert (anonymous.purchase.points_earned, anonymous.account) == (0, None)

    claimed = points.purchases.claim_purchase(TILL, make.claim_purchase(member_id, sale.receipt)).unwrap()

    assert claimed.purchase.points_earned == 10
    assert points.account(member_id).available == 10
    with pytest.raises(PurchaseAlreadyClaimed):
        points.purchases.claim_purchase(TILL, make.claim_purchase(other, sale.receipt)).unwrap()


def test_64_members_claim_one_receipt_and_one_has_it(points: Points) -> None:
    points.rule()
    sale, clients = make.a_sale(), 64
    points.purchases.record_purchase(TILL, make.record_purchase(None, sale)).unwrap()
    members = [points.member() for _ in range(clients)]
    ready = threading.Barrier(clients)

    def claim(number: int) -> bool:
        command = make.claim_purchase(members[number], sale.receipt)
        ready.wait()
        try:
            retrying(lambda: points.purchases.claim_purchase(TILL, command)).unwrap()
        except PurchaseAlreadyClaimed:
            return False
        return True

    with ThreadPoolExecutor(clients) as pool:
        assert sum(pool.map(claim, range(clients))) == 1
    assert sum(points.account(member_id).posted for member_id in members) == 10


def test_a_purchase_of_a_known_member_cannot_be_claimed(points: Points) -> None:
    points.rule()
    sale = make.a_sale()
    points.purchases.record_purchase(TILL, make.record_purchase(points.member(), sale))

    with pytest.raises(PurchaseNotAnonymous):
        points.purchases.claim_purchase(TILL, make.claim_purchase(points.member(), sale.receipt)).unwrap()


def test_a_receipt_that_contradicts_itself_names_the_field(points: Points) -> None:
    wrong = replace(make.a_line(1000), unit_price_minor=900)

    with pytest.raises(Invalid) as refused:
        points.purchases.record_purchase(TILL, make.record_purchase(None, make.a_sale(wrong)))
    assert refused.value.field == "sale.lines[0].amount_minor"


def test_a_sale_of_the_day_after_tomorrow_is_refused(points: Points) -> None:
    with pytest.raises(Invalid) as refused:
        sale = make.a_sale(occurred_at=make.NOON + timedelta(days=2))
        points.purchases.record_purchase(TILL, make.record_purchase(None, sale))
    assert refused.value.field == "sale.occurred_at"
