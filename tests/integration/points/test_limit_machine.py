"""After any sequence of purchases, returns and claims, counters are what the history of purchases says.

The model keeps nothing but the list of purchases. Whatever it wants to know of a limit it adds up anew.
"""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.points.domain.earning.limits import Limit, LimitPolicy, LimitScope, LimitSpan, LimitUnit
from services.points.domain.sales.purchases import PreviewPurchase
from services.points.domain.sales.sale import Sale
from tests.conftest import DEEP
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.counted import Counted, a_sale, bring_back, buy, limit, used

STORES, CASHIERS = ("S1", "S2"), ("", "Amina")
# A Sunday, and the Mondays, months and years around it.
FIRST_DAYS = [make.NOON - timedelta(days=days) for days in (0, 1, 2, 8, 61, 62)]

LIMITS = (
    limit(9, span=LimitSpan.PURCHASE),
    limit(14),
    limit(11, LimitScope.MEMBER_AND_CASHIER, LimitSpan.WEEK),
    limit(3, span=LimitSpan.MONTH, unit=LimitUnit.PURCHASES),
    limit(25, LimitScope.STORE, LimitSpan.WEEK),
    limit(5, LimitScope.STORE, LimitSpan.YEAR, LimitUnit.PURCHASES),
    limit(60, LimitScope.PROGRAM, LimitSpan.YEAR),
    limit(12, LimitScope.PROGRAM, LimitSpan.EVER, LimitUnit.PURCHASES),
)


@dataclass(eq=False)
class Bought:
    """A purchase: what each limit had left when it was made, and how many of its points are left now."""

    sale: Sale
    member_id: uuid.UUID | None
    room: tuple[int, ...] = ()
    kept: int = 0
    left: int = 0

    @property
    def pieces(self) -> int:
        return self.sale.lines[0].quantity_milli // 1000


def first_day(span: str, occurred_at: datetime) -> str:
    """The window by the calendar, without asking the service how."""
    day = date(occurred_at.year, occurred_at.month, occurred_at.day)
    week = date.fromisocalendar(*day.isocalendar()[:2], 1)
    return {"day": f"{day}", "week": f"{week}", "month": f"{day:%Y-%m}-01", "year": f"{day:%Y}-01-01"}.get(span, "")


def counter(each: Limit, bought: Bought) -> Counted:
    """Whose counter of which window the purchase belongs to."""
    assert bought.member_id is not None
    owner = bought.member_id if each.scope.value.startswith("member") else make.PROGRAM
    one = {"store": bought.sale.receipt.store_id, "member_and_cashier": bought.sale.cashier_id}.get(
        each.scope.value, ""
    )
    starts_on = first_day(each.span.value, bought.sale.occurred_at)
    return each.scope.value, owner, one, each.span.value, each.unit.value, starts_on


class LimitMachine(RuleBasedStateMachine):
    """One rule gives a point a pound, within limits of every kind."""

    points: ClassVar[Points]
    policy: ClassVar[LimitPolicy]

    @initialize()
    def begin(self) -> None:
        self.members = [self.points.member() for _ in range(2)]
        self.history: list[Bought] = []

    @rule(
        who=st.sampled_from([0, 0, 1, 1, None]),
        pieces=st.integers(1, 4),
        price=st.integers(1, 6),
        day=st.sampled_from(FIRST_DAYS),
        store=st.sampled_from(STORES),
        cashier=st.sampled_from(CASHIERS),
    )
    def buy(self, who: int | None, pieces: int, price: int, day: datetime, store: str, cashier: str) -> None:
        sale = a_sale(pieces * price, pieces=pieces, at=day, store=store, cashier=cashier)
        member_id = None if who is None else self.members[who]
        bought = Bought(sale, member_id, kept=pieces)
        self.give(bought)
        preview = self.points.purchases.preview_purchase(TILL, PreviewPurchase(make.PROGRAM, member_id, sale))
        answer = buy(self.points, member_id, sale)
        assert preview.purchase.earnings == answer.purchase.earnings
        assert answer.purchase.points_earned == bought.left

    @precondition(lambda self: any(bought.kept for bought in self.history))
    @rule(data=st.data())
    def bring_back(self, data: st.DataObject) -> None:
        bought = data.draw(st.sampled_from([each for each in self.history if each.kept]))
        pieces = data.draw(st.integers(1, bought.kept))
        before = bought.left
        bought.kept -= pieces
        # A purchase of nobody's has no points yet.
        bought.left = min(before, self.within(bought))
        assert bring_back(self.points, bought.sale, pieces) == before - bought.left

    @precondition(lambda self: any(bought.member_id is None for bought in self.history))
    @rule(data=st.data(), who=st.integers(0, 1))
    def claim(self, data: st.DataObject, who: int) -> None:
        bought = data.draw(st.sampled_from([each for each in self.history if each.member_id is None]))
        self.history.remove(bought)
        bought.member_id = self.members[who]
        self.give(bought)
        command = make.claim_purchase(bought.member_id, bought.sale.receipt)
        claimed = self.points.purchases.claim_purchase(TILL, command).unwrap()
        assert claimed.purchase.points_earned == bought.left

    @invariant()
    def counters_are_what_the_history_says(self) -> None:
        assert used(self.points) == +self.usage()
        for member_id in self.members:
            left = sum(bought.left for bought in self.history if bought.member_id == member_id)
            assert self.points.account(member_id).posted == left

    def teardown(self) -> None:
        assert self.points.findings() == []
        # The next example begins with counters at nothing: everything goes back.
        for bought in getattr(self, "history", []):
            if bought.kept:
                bring_back(self.points, bought.sale, bought.kept)
        assert used(self.points) == {}

    # -- The model ---------------------------------------------------------------------------------------------------

    def give(self, bought: Bought) -> None:
        """Adds a purchase to the history with what it is given."""
        if bought.member_id is not None:
            bought.room = tuple(self.room(each, bought) for each in LIMITS)
            bought.left = self.within(bought)
        self.history.append(bought)

    def within(self, bought: Bought) -> int:
        """What the pieces kept earn within the room that there was."""
        pounds = bought.sale.lines[0].amount_minor // 100 * bought.kept // bought.pieces
        fitting = min((pounds, *bought.room))
        return fitting if fitting == pounds or self.policy is LimitPolicy.CUT else 0

    def room(self, each: Limit, bought: Bought) -> int:
        if each.span is LimitSpan.PURCHASE:
            return each.at_most
        left = each.at_most - self.usage()[counter(each, bought)]
        return left if each.unit is LimitUnit.POINTS else left and 1_000_000

    def usage(self) -> Counter[Counted]:
        """What the purchases of the history have of each counter."""
        usage: Counter[Counted] = Counter()
        for bought in self.history:
            for each in LIMITS:
                if bought.member_id is not None and each.span is not LimitSpan.PURCHASE:
                    usage[counter(each, bought)] += (
                        bought.left if each.unit is LimitUnit.POINTS else min(bought.left, 1)
                    )
        return usage


@pytest.mark.hypothesis
@pytest.mark.parametrize("policy", LimitPolicy)
def test_counters_are_the_history_of_purchases(points: Points, policy: LimitPolicy) -> None:
    points.rule(limits=LIMITS, limit_policy=policy)
    machine = type("Machine", (LimitMachine,), {"points": points, "policy": policy})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=200 if DEEP else 8, stateful_step_count=30, suppress_health_check=list(HealthCheck)
        ),
    )
