"""Exchanges: what comes back and what is taken instead are one operation, and an even one costs nobody anything."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.database import retrying
from kit.errors import Invalid, NotFound, Refusal
from kit.idempotency import IdempotencyKeyReused, Outcome
from kit.page import PageRequest
from services.points import tables
from services.points.domain.earning.limits import LimitScope, LimitUnit
from services.points.domain.errors import (
    HoldNotFound,
    InsufficientBalanceForReturn,
    MemberMayNotEarn,
    PurchaseNotFound,
    ReceiptConflict,
    ReturnExceedsPurchase,
)
from services.points.domain.program.policy import MemberStatus, Shortfall
from services.points.domain.sales.exchanges import ExchangeAnswer, RecordExchange
from services.points.domain.sales.purchases import GetPurchase
from services.points.domain.sales.sale import Sale
from services.points.handlers.sales.exchanges import RecordExchangeOperation
from services.points.handlers.sales.purchases import RecordPurchaseOperation
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points, points_recorded
from tests.integration.points.counted import a_sale, buy, limit
from tests.integration.points.refunding import rows, spent


def bought(points: Points, member_id: uuid.UUID | None, sale: Sale) -> Sale:
    buy(points, member_id, sale)
    return sale


def exchange(points: Points, command: RecordExchange) -> ExchangeAnswer:
    return points.exchanges.record_exchange(TILL, command).unwrap()


def refused(points: Points, command: RecordExchange, error: type[Refusal]) -> Refusal:
    """The refusal, which has changed nothing."""
    before = rows(points)
    with pytest.raises(error) as no:
        points.exchanges.record_exchange(TILL, command).unwrap()
    assert rows(points) == before
    return no.value


def moved(points: Points, table: sa.Table, member_id: uuid.UUID) -> int:
    """What the member's movements of a table add up to."""
    query = sa.select(sa.func.coalesce(sa.func.sum(table.c.units), 0)).where(table.c.member_id == member_id)
    with points.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


# ---- both at once


def test_both_are_recorded_and_told_with_the_account_after_all_of_it(points: Points) -> None:
    points.rule()
    member_id = points.member()
    old = bought(points, member_id, a_sale(10, pieces=2))
    new = a_sale(30)

    answer = exchange(points, make.record_exchange(old.receipt, ("1", 1000), sale=new))

    back, purchase = answer.returned.recorded, answer.bought.purchase
    assert (back.points_returned, back.shortfall, back.member_id) == (5, 0, member_id)
    assert (purchase.points_earned, purchase.member_id) == (30, member_id)
    assert answer.returned.account == answer.bought.account == points.account(member_id)
    assert points.account(member_id).posted == 35
    found = points.purchases.get_purchase(GetPurchase(make.PROGRAM, None, old.receipt))
    assert (found.returns.returned, found.returns.points_returned) == ({"1": 1000}, 5)
    assert points.purchases.get_purchase(GetPurchase(make.PROGRAM, None, new.receipt)).purchase == purchase


@pytest.mark.parametrize("shortfall", Shortfall)
def test_an_even_exchange_of_spent_points_is_short_of_nothing(points: Points, shortfall: Shortfall) -> None:
    points.rule(pending_days=1)
    points.policy(shortfall)
    member_id = points.member()
    old = bought(points, member_id, a_sale(10))
    points.clock.advance(days=2)
    spent(points, member_id, 10)

    answer = exchange(points, make.record_exchange(old.receipt, ("1", 1000), sale=a_sale(10)))

    assert (answer.returned.recorded.points_returned, answer.returned.recorded.shortfall) == (10, 0)
    account = points.account(member_id)
    assert (account.posted, account.available, account.pending, account.owed) == (0, 0, 0, 0)


@pytest.mark.parametrize("debts", [Shortfall.CARRY, Shortfall.NEGATIVE])
@pytest.mark.parametrize("shortfall", Shortfall)
def test_an_even_exchange_leaves_older_debts_as_they_are(
    points: Points, debts: Shortfall, shortfall: Shortfall
) -> None:
    points.rule()
    points.policy(debts)
    member_id = points.member()
    owing, old = bought(points, member_id, a_sale(7)), bought(points, member_id, a_sale(10))
    spent(points, member_id, 17)
    points.returns.record_return(TILL, make.record_return(owing.receipt, ("1", 1000))).unwrap()
    before = points.account(member_id)
    points.policy(shortfall)

    answer = exchange(points, make.record_exchange(old.receipt, ("1", 1000), sale=a_sale(10)))

    assert answer.returned.recorded.shortfall == 0
    assert replace(points.account(member_id), version=0) == replace(before, version=0)


@pytest.mark.parametrize(
    ("shortfall", "posted", "owed"), [(Shortfall.CARRY, 0, 4), (Shortfall.NEGATIVE, -4, 0), (Shortfall.REFUSE, 0, 0)]
)
def test_what_the_new_goods_do_not_make_up_for_is_short(
    points: Points, shortfall: Shortfall, posted: int, owed: int
) -> None:
    points.rule(limits=(limit(100),), qualifying=True)
    points.policy(shortfall)
    member_id = points.member()
    old = bought(points, member_id, a_sale(10))
    spent(points, member_id, 10)
    command = make.record_exchange(old.receipt, ("1", 1000), sale=a_sale(6))

    if shortfall is Shortfall.REFUSE:
        assert refused(points, command, InsufficientBalanceForReturn).metadata["missing"] == "4"
    else:
        assert exchange(points, command).returned.recorded.shortfall == 4
    assert (points.account(member_id).posted, points.account(member_id).owed) == (posted, owed)


def test_points_that_paid_for_the_goods_come_back_in_it(points: Points) -> None:
    points.rule()
    points.policy(Shortfall.REFUSE)
    member_id = points.member()
    old = bought(points, member_id, a_sale(10))
    hold_id = spent(points, member_id, 10)

    command = make.record_exchange(old.receipt, ("1", 1000), sale=a_sale(3), refunds=[hold_id])
    answer = exchange(points, command)

    assert (answer.returned.recorded.points_restored, answer.returned.recorded.shortfall) == (10, 0)
    assert points.account(member_id).available == 3
    again = make.record_exchange(bought(points, member_id, a_sale(1)).receipt, ("1", 1000), refunds=[uuid.uuid4()])
    assert refused(points, again, HoldNotFound).metadata["field"] == "return.refunds[0].hold_id"


def test_goods_that_come_back_free_the_limits_for_those_taken_instead(points: Points) -> None:
    once = (limit(10), limit(1, LimitScope.MEMBER, unit=LimitUnit.PURCHASES), limit(10, LimitScope.PROGRAM))
    points.rule(limits=once)
    member_id = points.member()
    old = bought(points, member_id, a_sale(10))

    answer = exchange(points, make.record_exchange(old.receipt, ("1", 1000), sale=a_sale(8)))

    (earning,) = answer.bought.purchase.earnings
    assert earning.points == 8
    assert [usage.used for usage in earning.explanation.limits] == [0, 0, 0]
    assert points.account(member_id).posted == 8


def test_points_of_other_wallets_are_told_each_with_its_own(points: Points) -> None:
    points.rule(name="stars", wallet="stars", excluded_skus=("COFFEE",))
    points.rule(name="beans", wallet="beans", excluded_skus=("TEA",))
    member_id = points.member()
    old = bought(points, member_id, a_sale(10))

    coffee = make.a_sale(make.a_line(700, sku="COFFEE"))
    answer = exchange(points, make.record_exchange(old.receipt, ("1", 1000), sale=coffee))

    assert answer.returned.account is not None
    assert answer.bought.account is not None
    assert (answer.returned.account.wallet, answer.returned.account.posted) == ("stars", 0)
    assert (answer.bought.account.wallet, answer.bought.account.posted) == ("beans", 7)


# ---- whose it is


def test_it_is_the_buyers_and_nobody_elses(points: Points) -> None:
    points.rule()
    member_id, other = points.member(), points.member()
    old = bought(points, member_id, a_sale(10, pieces=3))

    named = exchange(points, make.record_exchange(old.receipt, ("1", 1000), member_id=member_id))
    assert named.bought.purchase.member_id == member_id
    no = refused(points, make.record_exchange(old.receipt, ("1", 1000), member_id=other), Invalid)
    assert no.metadata["field"] == "member_id"


def test_an_anonymous_purchase_is_exchanged_by_whoever_is_named(points: Points) -> None:
    points.rule()
    member_id = points.member()
    old = bought(points, None, a_sale(10, pieces=3))
    anonymous = make.record_exchange(old.receipt, ("1", 1000))

    first = exchange(points, anonymous)
    assert (first.bought.purchase.member_id, first.bought.account, first.returned.account) == (None, None, None)
    named = exchange(points, make.record_exchange(old.receipt, ("1", 1000), member_id=member_id))
    assert named.bought.purchase.member_id == member_id
    assert named.returned.recorded.member_id is None
    assert points.account(member_id).posted == 10
    # Claimed since, and still the same exchange.
    points.purchases.claim_purchase(TILL, make.claim_purchase(member_id, old.receipt)).unwrap()
    assert exchange(points, anew(anonymous)) == first


def test_it_stays_theirs_who_were_named_whoever_claims_the_purchase_since(points: Points) -> None:
    points.rule()
    named, claimant = points.member(), points.member()
    old = bought(points, None, a_sale(10, pieces=3))
    command = make.record_exchange(old.receipt, ("1", 1000), member_id=named)
    first = exchange(points, command)
    points.purchases.claim_purchase(TILL, make.claim_purchase(claimant, old.receipt)).unwrap()
    before = rows(points)

    again = points.exchanges.record_exchange(TILL, anew(command))

    assert (again.unwrap(), again.replayed) == (first, True)
    assert rows(points) == before
    others = make.record_exchange(old.receipt, ("1", 1000), member_id=named)
    assert refused(points, others, Invalid).metadata["field"] == "member_id"


def test_somebody_who_is_new_here_is_asked_for(points: Points) -> None:
    points.rule()
    old = bought(points, None, a_sale(10))
    answer = exchange(points, make.record_exchange(old.receipt, ("1", 1000), member_id=points.member()))
    assert answer.bought.purchase.points_earned == 10


def test_who_may_not_earn_exchanges_nothing(points: Points) -> None:
    points.rule()
    member_id = points.member()
    old = bought(points, member_id, a_sale(10))
    points.leaves(member_id)
    no = refused(points, make.record_exchange(old.receipt, ("1", 1000)), MemberMayNotEarn)
    assert no.metadata["status"] == MemberStatus.TERMINATED.value


# ---- what is refused


def test_a_purchase_that_is_not_recorded_cannot_be_exchanged_yet(points: Points) -> None:
    no = refused(points, make.record_exchange(make.a_receipt(), ("1", 1000)), PurchaseNotFound)
    assert isinstance(no, NotFound)
    assert no.metadata["field"] == "return.original_receipt"


def test_what_is_wrong_is_named_by_its_part(points: Points) -> None:
    member_id = points.member()
    old = bought(points, member_id, a_sale(10))
    good = make.record_exchange(old.receipt, ("1", 1000))
    late = points.clock.now() + timedelta(days=3)
    wrong = {
        "return.currency": replace(good, return_=replace(good.return_, currency="EUR")),
        "return.occurred_at": replace(good, return_=replace(good.return_, occurred_at=late)),
        "sale.occurred_at": replace(good, sale=replace(good.sale, occurred_at=late)),
        "sale.receipt": replace(good, sale=replace(good.sale, receipt=old.receipt)),
        "sale.lines[1].line_id": replace(good, sale=replace(good.sale, lines=good.sale.lines * 2)),
    }
    for field, command in wrong.items():
        assert refused(points, command, Invalid).metadata["field"] == field


def test_an_exchange_that_is_refused_leaves_its_neighbours_in_the_batch_as_they_are(points: Points) -> None:
    points.rule(limits=(limit(35, LimitScope.PROGRAM),), qualifying=True)
    points.policy(Shortfall.REFUSE)
    member_id, old = points.member(), a_sale(10)
    bought(points, member_id, old)
    spent(points, member_id, 10)
    wishes = [make.record_purchase(member_id, a_sale(1)) for _ in range(3)]
    postings = [RecordPurchaseOperation(wish, wish) for wish in wishes]
    # What was given before it in the batch is not enough, and what it gives itself must not stay.
    exchanging = RecordExchangeOperation(make.record_exchange(old.receipt, ("1", 1000), sale=a_sale(7)))

    results = points.committer.submit_all(TILL, [postings[0], exchanging, *postings[1:]])

    assert isinstance(results[1], Outcome)
    assert isinstance(results[1].refusal, InsufficientBalanceForReturn)
    assert results[1].refusal.metadata["missing"] == "2"
    assert points_recorded(results) == [1, 1, 1]
    assert points.account(member_id).posted == 3
    assert moved(points, tables.qualifying_movements, member_id) == 13


# ---- again


def anew(command: RecordExchange) -> RecordExchange:
    """The same exchange under another key."""
    key = f"key-{make.a_number()}"
    return replace(command, request_id=key, return_=replace(command.return_, request_id=key))


def test_the_same_exchange_again_gives_the_first_answer(points: Points) -> None:
    points.rule()
    member_id = points.member()
    old = bought(points, member_id, a_sale(10))
    command = make.record_exchange(old.receipt, ("1", 1000), sale=a_sale(20))
    first = points.exchanges.record_exchange(TILL, command)
    bought(points, member_id, a_sale(5))
    before = rows(points)

    for again in (command, anew(command), replace(anew(command), member_id=member_id)):
        outcome = points.exchanges.record_exchange(TILL, again)
        assert (outcome.unwrap(), outcome.replayed) == (first.unwrap(), True)
    assert rows(points) == before
    with pytest.raises(IdempotencyKeyReused) as reused:
        points.exchanges.record_exchange(TILL, replace(command, sale=a_sale(20))).unwrap()
    assert reused.value.metadata["fields"] == "sale"


@pytest.mark.parametrize("part", ["return", "sale"])
def test_a_part_that_is_recorded_already_is_left_and_the_other_recorded(points: Points, part: str) -> None:
    points.rule()
    member_id = points.member()
    old = bought(points, member_id, a_sale(10))
    command = make.record_exchange(old.receipt, ("1", 1000), sale=a_sale(20))
    if part == "return":
        alone = points.returns.record_return(TILL, anew(command).return_).unwrap()
    else:
        points.purchases.record_purchase(TILL, make.record_purchase(member_id, command.sale)).unwrap()

    outcome = points.exchanges.record_exchange(TILL, command)
    answer = outcome.unwrap()

    assert not outcome.replayed
    assert points.account(member_id).posted == 20
    if part == "return":
        assert answer.returned == alone
        assert answer.bought.account == points.account(member_id)
    else:
        assert answer.bought.account is not None
        assert answer.bought.account.posted == 30
        assert answer.returned.account == points.account(member_id)
    again = points.exchanges.record_exchange(TILL, anew(command))
    assert (again.unwrap(), again.replayed) == (answer, True)


def test_a_return_that_had_waited_is_a_part_recorded_before(points: Points) -> None:
    points.rule()
    member_id, old = points.member(), a_sale(10)
    command = make.record_exchange(old.receipt, ("1", 1000), sale=a_sale(20))
    waited = points.returns.record_return(TILL, anew(command).return_).unwrap()
    refused(points, command, PurchaseNotFound)
    bought(points, member_id, old)

    answer = exchange(points, anew(command))

    assert answer.returned == waited
    assert answer.returned.recorded.purchase_id is None
    assert (answer.bought.purchase.member_id, points.account(member_id).posted) == (member_id, 20)


def test_a_part_that_is_recorded_with_other_content_refuses_both(points: Points) -> None:
    points.rule()
    member_id, other = points.member(), points.member()
    old, sold = bought(points, member_id, a_sale(10, pieces=3)), bought(points, other, a_sale(20))
    receipt = make.a_receipt()
    points.returns.record_return(TILL, make.record_return(old.receipt, ("1", 1000), receipt=receipt)).unwrap()

    differing = {
        "return.lines": make.record_exchange(old.receipt, ("1", 2000), receipt=receipt),
        "member_id": make.record_exchange(old.receipt, ("1", 1000), sale=sold),
        "sale.lines": make.record_exchange(old.receipt, ("1", 1), sale=replace(a_sale(9), receipt=sold.receipt)),
    }
    for fields, command in differing.items():
        assert fields in refused(points, command, ReceiptConflict).metadata["fields"].split(",")


def test_one_receipt_may_name_both_parts(points: Points) -> None:
    points.rule()
    member_id = points.member()
    old, new = bought(points, member_id, a_sale(10)), a_sale(20)
    command = make.record_exchange(old.receipt, ("1", 1000), sale=new, receipt=new.receipt)
    assert exchange(points, command) == exchange(points, anew(command))
    assert points.account(member_id).posted == 20


# ---- together


def test_tills_that_exchange_one_line_at_once_exchange_it_once(points: Points) -> None:
    points.rule()
    points.policy(Shortfall.REFUSE)
    member_id, clients = points.member(), 12
    old = bought(points, member_id, a_sale(10))
    spent(points, member_id, 10)
    commands = [make.record_exchange(old.receipt, ("1", 1000), sale=a_sale(12)) for _ in range(clients)]
    ready = threading.Barrier(clients)

    def take(command: RecordExchange) -> bool:
        ready.wait()
        try:
            retrying(lambda: exchange(points, command))
        except ReturnExceedsPurchase:
            return False
        return True

    with ThreadPoolExecutor(clients) as pool:
        assert sum(pool.map(take, commands)) == 1
    assert points.account(member_id).posted == 2
    with points.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.purchases)).scalar_one() == 2


def test_one_exchange_sent_by_many_at_once_happens_once(points: Points) -> None:
    points.rule()
    member_id, clients = points.member(), 12
    old = bought(points, member_id, a_sale(10))
    command = make.record_exchange(old.receipt, ("1", 1000), sale=a_sale(12))
    ready = threading.Barrier(clients)

    def take(number: int) -> object:
        ready.wait()
        again = anew(command)
        if number % 4 == 1:
            return retrying(lambda: points.returns.record_return(TILL, again.return_)).unwrap().recorded.return_id
        if number % 4 == 2:
            wish = make.record_purchase(member_id, command.sale)
            retrying(lambda: points.purchases.record_purchase(TILL, wish)).unwrap()
            return None
        return retrying(lambda: exchange(points, again)).returned.recorded.return_id

    with ThreadPoolExecutor(clients) as pool:
        assert len(set(pool.map(take, range(clients))) - {None}) == 1
    assert points.account(member_id).posted == 12


# ---- as if one after the other


LINES = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 900)), min_size=1, max_size=3)


def receipt_of(lines: Iterable[tuple[int, int]]) -> Sale:
    told = [
        make.a_line(amount // pieces * pieces, line_id=str(number), quantity=pieces)
        for number, (pieces, amount) in enumerate(lines, start=1)
    ]
    return make.a_sale(*told)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(old=LINES, new=LINES, data=st.data(), restored=st.integers(0, 20), policy=st.sampled_from(Shortfall))
def test_a_rich_account_ends_as_after_a_return_and_then_a_purchase(
    points: Points,
    old: list[tuple[int, int]],
    new: list[tuple[int, int]],
    data: st.DataObject,
    restored: int,
    policy: Shortfall,
) -> None:
    if not points.rules.list_earning_rules(make.PROGRAM, PageRequest(1)).items:
        points.rule(name="slow", pending_days=1, expiry_days=10, qualifying=True, limits=(limit(9),))
        points.rule(name="quick", per_amount_minor=300, limits=(limit(2, unit=LimitUnit.PURCHASES),), wallet="stars")
    points.policy(policy)
    back = [(str(number), data.draw(st.integers(1, pieces * 1000))) for number, (pieces, _) in enumerate(old, start=1)]
    ends = []
    for exchanges in (True, False):
        member_id = points.member()
        points.give(member_id, 1_000)
        sale, instead = bought(points, member_id, receipt_of(old)), receipt_of(new)
        hold_ids = [spent(points, member_id, restored)] if restored else []
        if exchanges:
            answer = exchange(points, make.record_exchange(sale.receipt, *back, sale=instead, refunds=hold_ids))
            returned, purchase = answer.returned.recorded, answer.bought.purchase
        else:
            wish = make.record_return(sale.receipt, *back, refunds=hold_ids)
            returned = points.returns.record_return(TILL, wish).unwrap().recorded
            purchase = buy(points, member_id, instead).purchase
        accounts = [points.accounts.get_account(make.PROGRAM, member_id, wallet) for wallet in ("points", "stars")]
        ends.append(
            (
                [replace(account, member_id=uuid.UUID(int=0), version=0) for account in accounts],
                (returned.points_returned, returned.shortfall, returned.points_restored, returned.taken),
                [(earning.points, earning.explanation.limits) for earning in purchase.earnings],
                [moved(points, table, member_id) for table in (tables.cap_movements, tables.qualifying_movements)],
            )
        )
    assert ends[0] == ends[1]
    assert returned.shortfall == 0


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(old=st.integers(0, 30), new=st.integers(0, 30), spend=st.integers(0, 40), gift=st.integers(0, 10))
def test_what_is_short_is_what_all_together_does_not_make_up_for(
    points: Points, old: int, new: int, spend: int, gift: int
) -> None:
    if not points.rules.list_earning_rules(make.PROGRAM, PageRequest(1)).items:
        points.rule()
    member_id = points.member()
    if gift:
        points.give(member_id, gift)
    sale = bought(points, member_id, a_sale(old))
    gone = min(spend, old + gift)
    if gone:
        spent(points, member_id, gone)

    answer = exchange(points, make.record_exchange(sale.receipt, ("1", 1000), sale=a_sale(new)))

    short = max(0, gone - gift - new)
    assert answer.returned.recorded.shortfall == points.account(member_id).owed == short
    assert points.account(member_id).posted == max(0, gift + new - gone)
