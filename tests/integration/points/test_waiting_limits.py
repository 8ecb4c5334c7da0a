"""Returns that wait and limits: whatever comes first, the counters end as if everything had come in its order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.page import PageRequest
from services.points.domain.earning.earnings import Reason
from services.points.domain.earning.limits import LimitPolicy, LimitScope, LimitUnit
from services.points.domain.sales.purchases import PurchaseAnswer
from tests.factories import points as make
from tests.integration.points.conftest import Points
from tests.integration.points.counted import a_sale, bring_back, buy, limit, total

MEMBER, PROGRAM, PURCHASES = LimitScope.MEMBER, LimitScope.PROGRAM, LimitUnit.PURCHASES


def test_goods_that_are_back_already_use_nothing(points: Points) -> None:
    points.rule(limits=(limit(10), limit(1, unit=PURCHASES), limit(15, PROGRAM)))
    member_id, back = points.member(), a_sale(10)
    bring_back(points, back)

    assert buy(points, member_id, back).purchase.points_earned == 10
    assert (total(points, MEMBER), total(points, PROGRAM)) == (0, 0)
    answer = buy(points, member_id, a_sale(9))
    assert (answer.purchase.points_earned, points.account(member_id).posted) == (9, 9)
    assert (total(points, MEMBER), total(points, PROGRAM)) == (9 + 1, 9)


def test_goods_of_a_purchase_that_was_cut_take_only_what_it_gave(points: Points) -> None:
    points.rule(limits=(limit(15),))
    member_id, cut = points.member(), a_sale(20, pieces=4)
    buy(points, member_id, a_sale(10))
    # Three of four pieces: the one that is kept would have earned 5, which is what was left.
    bring_back(points, cut, 3)

    answer = buy(points, member_id, cut)

    (earning,) = answer.purchase.earnings
    assert (earning.points, earning.explanation.reason) == (5, Reason.CUT_BY_CAP)
    assert answer.returns.points_returned == 0
    assert (points.account(member_id).posted, total(points, MEMBER)) == (15, 15)
    assert bring_back(points, cut) == 5
    assert (points.account(member_id).posted, total(points, MEMBER)) == (10, 10)


SALES = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(0, 4)), min_size=1, max_size=5)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(sold=SALES, waits=st.lists(st.booleans(), min_size=5, max_size=5))
def test_whichever_comes_first_the_counters_end_the_same(
    points: Points, sold: list[tuple[int, int, int]], waits: list[bool]
) -> None:
    if not points.rules.list_earning_rules(make.PROGRAM, PageRequest(1)).items:
        points.rule(name="cut", limits=(limit(12), limit(3, unit=PURCHASES), limit(20, PROGRAM)))
        points.rule(name="all", limits=(limit(9),), limit_policy=LimitPolicy.REFUSE, per_amount_minor=200)
    points.clock.advance(days=2)
    in_order = lived(points, sold, [False] * 5, points.clock.now())
    out_of_order = lived(points, sold, waits, points.clock.now() - timedelta(days=1))
    assert out_of_order == in_order


def lived(
    points: Points, sold: list[tuple[int, int, int]], waits: list[bool], at: datetime
) -> tuple[object, list[object]]:
    """A member's account and what was earned and taken, on a day of its own; some returns come before all else."""
    member_id = points.member()
    sales = [a_sale(pieces * pounds, pieces=pieces, at=at) for pieces, pounds, _ in sold]
    back = [min(pieces, brought) for pieces, _, brought in sold]
    for sale, pieces, first in zip(sales, back, waits, strict=False):
        if pieces and first:
            bring_back(points, sale, pieces)
    told: list[object] = []
    for sale, pieces, first in zip(sales, back, waits, strict=False):
        purchase = buy(points, member_id, sale)
        taken = bring_back(points, sale, pieces) if pieces and not first else purchase.returns.points_returned
        told += [earned(purchase), taken]
    # Each is another member's, and on another day.
    account = replace(points.account(member_id), member_id=UUID(int=0), active_at=None)
    return account, told


def earned(answer: PurchaseAnswer) -> list[object]:
    """Points by rule, with what was left of each limit; windows lie on other days."""
    return [
        (earning.rule_name, earning.points, [(usage.limit, usage.used) for usage in earning.explanation.limits])
        for earning in sorted(answer.purchase.earnings, key=lambda each: each.rule_name)
    ]
