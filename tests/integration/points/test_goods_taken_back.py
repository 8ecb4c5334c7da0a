"""Sales that take goods back: what the goods had earned goes with them, once, and nothing is gained by it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from kit.errors import Invalid
from services.points.domain.commands import ActivateEarningRule, ReviseEarningRule
from services.points.domain.earning.earnings import Reason
from services.points.domain.earning.limits import Limit, LimitScope, LimitSpan, LimitUnit
from services.points.domain.earning.terms import Effect, LineVerdict
from services.points.domain.errors import InsufficientBalanceForReturn, ReturnExceedsPurchase, ReturnLineUnknown
from services.points.domain.program.policy import Shortfall
from services.points.domain.sales.purchases import PreviewPurchase, PurchaseAnswer, RecordPurchases
from services.points.domain.sales.sale import OriginalLine, PurchaseLine, ReceiptKey
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points


def taken(
    amount_minor: int, *, line_id: str = "back", quantity: int = 1, sku: str = "BOOK", of: ReceiptKey | None = None
) -> PurchaseLine:
    """Goods that cost `amount_minor` together, taken back; `of` a receipt, whose first line they are."""
    line = make.a_line(amount_minor, line_id=line_id, quantity=quantity, sku=sku)
    original = None if of is None else OriginalLine(of, "1")
    return replace(line, quantity_milli=-quantity * 1000, amount_minor=-amount_minor, original=original)


def book(amount_minor: int = 2000, *, quantity: int = 1) -> PurchaseLine:
    return make.a_line(amount_minor, quantity=quantity, sku="BOOK")


def sell(points: Points, member_id: uuid.UUID | None, *lines: PurchaseLine, **parts: object) -> PurchaseAnswer:
    sale = replace(make.a_sale(*lines, occurred_at=points.clock.now()), **parts)  # type: ignore[arg-type]  # of a sale
    points.clock.advance(seconds=1)
    command = make.record_purchase(member_id, sale)
    if member_id is not None or any(line.original for line in lines):
        preview = points.purchases.preview_purchase(TILL, PreviewPurchase(make.PROGRAM, member_id, sale))
        answer = points.purchases.record_purchase(TILL, command).unwrap()
        assert [each.points for each in preview.purchase.earnings] == [each.points for each in answer.purchase.earnings]
        assert [each.points_returned for each in preview.taken_back] == took(answer)
        return answer
    return points.purchases.record_purchase(TILL, command).unwrap()


def took(answer: PurchaseAnswer) -> list[int]:
    return [each.points_returned for each in answer.taken_back]


def held(points: Points, member_id: uuid.UUID) -> tuple[int, int]:
    account = points.account(member_id)
    return account.posted, account.owed


def returned(points: Points, receipt: ReceiptKey, *lines: tuple[str, int]) -> int:
    command = make.record_return(receipt, *(lines or (("1", 1000),)))
    return points.returns.record_return(TILL, command).unwrap().recorded.points_returned


# ---- goods of a purchase that is known


def test_goods_taken_back_alone_take_what_they_had_earned(points: Points) -> None:
    points.rule()
    member_id = points.member()
    bought = sell(points, member_id, book())
    answer = sell(points, member_id, taken(2000))
    (back,) = answer.taken_back
    assert (back.points_returned, back.purchase_id) == (20, bought.purchase.purchase_id)
    assert back.within_purchase_id == answer.purchase.purchase_id
    assert answer.purchase.points_earned == 0
    assert held(points, member_id) == (0, 0)
    assert points.findings() == []


@pytest.mark.parametrize("named", [True, False])
def test_goods_taken_back_count_as_returned_and_come_back_once(points: Points, named: bool) -> None:
    points.rule()
    member_id = points.member()
    receipt = sell(points, member_id, book(4000, quantity=2)).purchase.sale.receipt
    answer = sell(points, member_id, make.a_line(5000), taken(2000, of=receipt if named else None))
    assert (answer.purchase.points_earned, took(answer)) == (50, [20])
    assert held(points, member_id) == (70, 0)
    with pytest.raises(ReturnExceedsPurchase):
        returned(points, receipt, ("1", 2000))
    assert returned(points, receipt, ("1", 1000)) == 20
    assert returned(points, answer.purchase.sale.receipt) == 50
    assert held(points, member_id) == (0, 0)
    assert points.findings() == []


def test_a_mixed_receipt_ends_as_the_exchange_of_the_same_goods(points: Points) -> None:
    points.rule(qualifying=True, limits=(Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.POINTS, 60),))
    inline, exchanged = points.member(), points.member()
    first, second = (sell(points, each, book(5000)).purchase.sale.receipt for each in (inline, exchanged))
    answer = sell(points, inline, make.a_line(7000), taken(5000, of=first))
    sale = make.a_sale(make.a_line(7000), occurred_at=points.clock.now())
    swap = points.exchanges.record_exchange(TILL, make.record_exchange(second, ("1", 1000), sale=sale)).unwrap()
    assert answer.purchase.points_earned == swap.bought.purchase.points_earned == 60
    assert held(points, inline) == held(points, exchanged) == (60, 0)
    assert points.findings() == []


def test_what_goods_had_earned_is_taken_by_the_rules_of_their_day(points: Points) -> None:
    rule = points.rule(points=2)
    member_id = points.member()
    sell(points, member_id, book())
    points.clock.advance(days=1)
    terms, key = replace(rule.terms, points=1), f"key-{make.a_number()}"
    revised = points.rules.revise_earning_rule(
        TILL, ReviseEarningRule(make.PROGRAM, key, rule.rule_id, 0, terms)
    ).unwrap()
    activate = ActivateEarningRule(make.PROGRAM, key, rule.rule_id, revised.version)
    points.rules.activate_earning_rule(TILL, activate).unwrap()
    points.clock.advance(seconds=1)
    assert took(sell(points, member_id, taken(2000))) == [40]
    assert held(points, member_id) == (0, 0)


def test_a_threshold_that_goods_helped_to_reach_is_lost_with_them(points: Points) -> None:
    points.rule()
    points.rule(name="Big", effect=Effect.FIXED, points=5, per_amount_minor=0, condition="purchase.total_minor >= 5000")
    member_id = points.member()
    sell(points, member_id, book(2000), make.a_line(3000, line_id="2"))
    assert took(sell(points, member_id, taken(2000))) == [25]
    assert held(points, member_id) == (30, 0)


def test_the_newest_purchase_at_the_same_price_is_found_first(points: Points) -> None:
    points.rule()
    member_id = points.member()
    old = sell(points, member_id, book(2000))
    points.clock.advance(days=1)
    sell(points, member_id, book(1500))
    answer = sell(points, member_id, taken(2000))
    assert [each.purchase_id for each in answer.taken_back] == [old.purchase.purchase_id]


def test_goods_of_several_purchases_come_back_of_each(points: Points) -> None:
    points.rule()
    member_id = points.member()
    for amount in (2000, 2100):
        sell(points, member_id, book(amount))
    answer = sell(points, member_id, taken(6000, quantity=3))
    assert sorted(took(answer)) == [20, 20, 21]
    assert held(points, member_id)[0] == 0
    assert sum(each.shortfall for each in answer.taken_back) == 20
    assert points.findings() == []


def test_what_another_member_bought_is_taken_of_that_one(points: Points) -> None:
    points.rule()
    one, other = points.member(), points.member()
    receipt = sell(points, one, book()).purchase.sale.receipt
    assert took(sell(points, other, make.a_line(3000), taken(2000, of=receipt))) == [20]
    assert (held(points, one), held(points, other)) == ((0, 0), (30, 0))
    receipt = sell(points, one, book()).purchase.sale.receipt
    assert took(sell(points, None, make.a_line(3000), taken(2000, of=receipt))) == [20]
    assert held(points, one) == (0, 0)
    assert points.findings() == []


def test_goods_of_a_purchase_that_is_not_recorded_yet_wait_for_it(points: Points) -> None:
    points.rule()
    member_id, receipt = points.member(), make.a_receipt()
    answer = sell(points, member_id, make.a_line(3000), taken(2000, of=receipt))
    assert took(answer) == [0]
    first = sell(points, member_id, book(), receipt=receipt)
    assert (first.purchase.points_earned, first.returns.points_returned) == (20, 20)
    assert held(points, member_id) == (30, 0)
    assert points.findings() == []


def test_a_claimed_purchase_is_found_too(points: Points) -> None:
    points.rule()
    member_id = points.member()
    receipt = sell(points, None, book()).purchase.sale.receipt
    points.purchases.claim_purchase(TILL, make.claim_purchase(member_id, receipt)).unwrap()
    assert took(sell(points, member_id, taken(2000))) == [20]
    assert held(points, member_id) == (0, 0)


# ---- goods of no purchase that is known


def test_goods_of_no_known_purchase_take_what_they_would_earn_now(points: Points) -> None:
    points.rule(qualifying=True)
    member_id = points.member()
    answer = sell(points, member_id, make.a_line(5000), taken(2000))
    (back,) = answer.taken_back
    assert (answer.purchase.points_earned, back.points_returned, back.purchase_id) == (50, 20, None)
    assert [each.points for each in back.valued] == [20]
    assert held(points, member_id) == (30, 0)
    assert returned(points, answer.purchase.sale.receipt) == 50
    assert held(points, member_id) == (0, 20)
    assert points.findings() == []


@pytest.mark.parametrize(("policy", "posted", "owed"), [(Shortfall.CARRY, 0, 20), (Shortfall.NEGATIVE, -20, 0)])
def test_what_is_missing_follows_the_programs_policy(points: Points, policy: Shortfall, posted: int, owed: int) -> None:
    points.policy(policy)
    points.rule()
    member_id = points.member()
    (back,) = sell(points, member_id, taken(2000)).taken_back
    assert (back.points_returned, back.shortfall) == (20, 20)
    assert held(points, member_id) == (posted, owed)
    assert points.findings() == []


def test_a_policy_of_refusal_refuses_the_sale_as_a_whole(points: Points) -> None:
    points.policy(Shortfall.REFUSE)
    points.rule()
    member_id = points.member()
    sale = make.a_sale(make.a_line(1000), taken(2000))
    refused = points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale))
    assert isinstance(refused.refusal, InsufficientBalanceForReturn)
    assert refused.refusal.metadata["missing"] == "10"
    assert held(points, member_id) == (0, 0)
    sell(points, member_id, make.a_line(2000), taken(2000))
    assert held(points, member_id) == (0, 0)
    assert points.findings() == []


def test_the_same_goods_on_two_receipts_or_one_leave_the_same(points: Points) -> None:
    points.rule()
    for sold, back, together, apart in ((5000, 2000, 30, 30), (5050, 2070, 29, 30)):
        one, other = points.member(), points.member()
        sell(points, one, make.a_line(sold), taken(back))
        sell(points, other, make.a_line(sold))
        sell(points, other, taken(back))
        # Together no more than the difference of the amounts earns.
        assert (held(points, one), held(points, other)) == ((together, 0), (apart, 0))


def test_goods_taken_back_reach_no_threshold(points: Points) -> None:
    points.rule()
    points.rule(name="Big", effect=Effect.FIXED, points=9, per_amount_minor=0, condition="purchase.total_minor >= 1200")
    member_id = points.member()
    answer = sell(points, member_id, make.a_line(1000), make.a_line(400, line_id="2", sku="PEN"), taken(399, sku="PIN"))
    assert answer.purchase.points_earned - sum(took(answer)) == 10
    assert Reason.CUT_BY_GOODS_TAKEN_BACK in {each.explanation.reason for each in answer.purchase.earnings}
    assert held(points, member_id) == (10, 0)


def test_a_void_on_the_same_receipt_leaves_no_trace_but_its_verdict(points: Points) -> None:
    rule = points.rule(limits=(Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.POINTS, 14),))
    member_id = points.member()
    lines = (make.a_line(2000), replace(book(600), line_id="2"), taken(600))
    answer = sell(points, member_id, *lines)
    (earning,) = answer.purchase.earnings
    assert (earning.rule_id, earning.points, answer.taken_back) == (rule.rule_id, 14, ())
    assert [each.verdict for each in earning.explanation.lines] == [
        LineVerdict.COUNTED,
        LineVerdict.VOIDED,
        LineVerdict.VOIDED,
    ]
    with pytest.raises(ReturnExceedsPurchase):
        returned(points, answer.purchase.sale.receipt, ("2", 1000))
    assert returned(points, answer.purchase.sale.receipt, ("1", 1000)) == 14
    assert points.findings() == []


def test_pens_at_another_price_are_judged_by_themselves(points: Points) -> None:
    points.rule(points=10, per_amount_minor=0, effect=Effect.PER_UNIT)
    member_id = points.member()
    pens = make.a_line(1000, quantity=2, sku="PEN")
    answer = sell(points, member_id, pens, taken(800, quantity=2, sku="PEN"))
    assert (answer.purchase.points_earned, took(answer)) == (20, [20])


# ---- anonymous sales and claims


def test_an_anonymous_sale_takes_nothing_until_it_is_claimed(points: Points) -> None:
    points.rule()
    member_id = points.member()
    sold = sell(points, None, make.a_line(5000), taken(2000))
    assert sold.taken_back == ()
    receipt = sold.purchase.sale.receipt
    points.clock.advance(seconds=1)
    claimed = points.purchases.claim_purchase(TILL, make.claim_purchase(member_id, receipt)).unwrap()
    assert (claimed.purchase.points_earned, took(claimed)) == (50, [20])
    assert held(points, member_id) == (30, 0)
    again = points.purchases.record_purchase(TILL, make.record_purchase(None, sold.purchase.sale))
    assert again.replayed
    assert again.unwrap().taken_back == ()
    assert points.findings() == []


# ---- the same again, and what does not fit


def test_the_same_receipt_again_gives_the_first_answer(points: Points) -> None:
    points.rule()
    member_id = points.member()
    sell(points, member_id, book())
    answer = sell(points, member_id, make.a_line(5000), taken(2000), taken(300, line_id="b2", sku="PEN"))
    assert sorted(took(answer)) == [3, 20]
    again = points.purchases.record_purchase(TILL, make.record_purchase(member_id, answer.purchase.sale))
    assert again.replayed
    assert again.unwrap() == answer
    assert held(points, member_id) == (47, 0)


def test_a_line_that_does_not_fit_its_purchase_is_refused_and_named(points: Points) -> None:
    points.rule()
    member_id = points.member()
    receipt = sell(points, member_id, book()).purchase.sale.receipt
    unknown = replace(taken(2000, of=receipt), original=OriginalLine(receipt, "9"))
    for line, error in ((unknown, ReturnLineUnknown), (taken(4000, quantity=2, of=receipt), ReturnExceedsPurchase)):
        with pytest.raises(error) as refused:
            sale = make.a_sale(make.a_line(100), line, occurred_at=points.clock.now())
            points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
        assert refused.value.metadata["field"] == "sale.lines[1].original"
    assert held(points, member_id) == (20, 0)


def test_only_goods_taken_back_name_another_receipt(points: Points) -> None:
    receipt = make.a_receipt()
    sale = make.a_sale(replace(make.a_line(100), original=OriginalLine(make.a_receipt(), "1")), receipt=receipt)
    for bad, field in (
        (sale, "sale.lines[0].original"),
        (replace(sale, lines=(taken(100, of=receipt),)), "sale.lines[0].original.receipt"),
    ):
        with pytest.raises(Invalid) as refused:
            points.purchases.record_purchase(TILL, make.record_purchase(None, bad)).unwrap()
        assert refused.value.metadata["field"] == field


def test_a_sale_and_what_it_takes_back_may_be_of_one_upload(points: Points) -> None:
    points.rule()
    member_id = points.member()
    now = points.clock.now()
    first = make.record_purchase(member_id, make.a_sale(book(), occurred_at=now - timedelta(hours=2)))
    second = make.record_purchase(member_id, make.a_sale(taken(2000), occurred_at=now - timedelta(hours=1)))
    results = points.purchases.record_purchases(TILL, RecordPurchases(make.PROGRAM, (first, second)))
    answers = [each.unwrap() for each in results if not isinstance(each, Exception)]
    assert [took(each) for each in answers] == [[], [20]]
    assert held(points, member_id) == (0, 0)
