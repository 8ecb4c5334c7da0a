"""After any sequence of events, what counts in any window is what the goods kept of its purchases earned, and what
people said by hand.

The model knows receipts, whose they are and what came back. It knows no balance, so nothing of what is spent, lapsed or
owed can be in it.
"""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
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

from services.points.domain.earning.qualifying import QualifyingWindow
from services.points.domain.errors import InsufficientBalance, InsufficientBalanceForReturn
from services.points.domain.program.policy import Shortfall
from services.points.domain.sales.sale import Sale
from tests.conftest import DEEP
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.counted import a_sale, buy
from tests.integration.points.counting import sums

EDGES = [make.NOON - timedelta(days=days) for days in (31, 30, 0)]
# Just before each edge, on it, and just after it.
INSTANTS = [edge + timedelta(microseconds=moment) for edge in EDGES for moment in (-1, 0, 1)]
WINDOWS = [
    QualifyingWindow(start, end)
    for start, end in itertools.product([None, *EDGES], [None, *EDGES])
    if start is None or end is None or start < end
]


@dataclass(eq=False)
class Receipt:
    """A sale of some pieces to somebody or nobody; goods may be back before it is recorded."""

    sale: Sale
    buyer: uuid.UUID | None
    kept: int
    recorded: bool = False
    claimed_by: uuid.UUID | None = None

    @property
    def units(self) -> int:
        """A point for each pound that was kept."""
        line = self.sale.lines[0]
        return line.amount_minor // 100 * self.kept * 1000 // line.quantity_milli


class QualifyingMachine(RuleBasedStateMachine):
    """One rule gives points that qualify and lapse, another some that do not."""

    points: ClassVar[Points]
    shortfall: ClassVar[Shortfall]

    @initialize()
    def begin(self) -> None:
        self.members = [self.points.member() for _ in range(2)]
        self.receipts: list[Receipt] = []
        # Whose, when, and by how much.
        self.corrections: list[tuple[uuid.UUID, datetime, int]] = []

    @rule(
        who=st.sampled_from([0, 0, 1, None]),
        pieces=st.integers(1, 4),
        price=st.integers(1, 6),
        at=st.sampled_from(INSTANTS),
        recorded=st.sampled_from([True, True, False]),
    )
    def sell(self, who: int | None, pieces: int, price: int, at: datetime, recorded: bool) -> None:
        sale = a_sale(pieces * price, pieces=pieces, at=at)
        receipt = Receipt(sale, None if who is None else self.members[who], pieces)
        self.receipts.append(receipt)
        if recorded:
            self.send(receipt)

    @precondition(lambda self: self.receipts)
    @rule(data=st.data())
    def send_something_at_last_or_again(self, data: st.DataObject) -> None:
        self.send(data.draw(st.sampled_from(self.receipts)))

    @precondition(lambda self: self.claimable())
    @rule(data=st.data(), who=st.integers(0, 1))
    def claim(self, data: st.DataObject, who: int) -> None:
        receipt = data.draw(st.sampled_from(self.claimable()))
        receipt.claimed_by = self.members[who]
        command = make.claim_purchase(self.members[who], receipt.sale.receipt)
        self.points.purchases.claim_purchase(TILL, command).unwrap()

    @precondition(lambda self: self.with_goods())
    @rule(data=st.data(), again=st.booleans())
    def bring_back(self, data: st.DataObject, again: bool) -> None:
        receipt = data.draw(st.sampled_from(self.with_goods()))
        pieces = data.draw(st.integers(1, receipt.kept))
        command = make.record_return(receipt.sale.receipt, ("1", pieces * 1000))
        try:
            for key in ("one", "other")[: 1 + again]:
                wish = replace(command, request_id=f"{command.request_id}-{key}")
                self.points.returns.record_return(TILL, wish).unwrap()
        except InsufficientBalanceForReturn:
            assert self.shortfall is Shortfall.REFUSE
        else:
            receipt.kept -= pieces

    @rule(who=st.integers(0, 1), part=st.sampled_from([1, 1, 2]))
    def spend(self, who: int, part: int) -> None:
        available = self.points.account(self.members[who]).available
        if available >= part:
            hold = make.place_hold(self.members[who], available // part)
            hold_id = self.points.holds.place_hold(TILL, hold).unwrap().hold.hold_id
            self.points.holds.capture_hold(TILL, make.capture_hold(self.members[who], hold_id)).unwrap()

    @rule(who=st.integers(0, 1), amount=st.integers(-9, 9).filter(bool), qualifying=st.booleans())
    def correct_by_hand(self, who: int, amount: int, qualifying: bool) -> None:
        command = replace(make.adjust_points(self.members[who], amount), qualifying=qualifying)
        try:
            self.points.accounts.adjust_points(TILL, command).unwrap()
        except InsufficientBalance:
            assert amount < 0
        else:
            self.corrections += [(self.members[who], self.points.clock.now(), amount)] * qualifying

    @rule(days=st.sampled_from([1, 15]))
    def let_time_pass(self, days: int) -> None:
        self.points.clock.advance(days=days)

    @invariant()
    def what_counts_is_what_the_goods_kept_earned(self) -> None:
        for member_id in getattr(self, "members", []):
            owned = [each for each in self.receipts if each.recorded and member_id in (each.buyer, each.claimed_by)]
            happened = [(each.sale.occurred_at, each.units) for each in owned]
            happened += [(at, amount) for whose, at, amount in self.corrections if whose == member_id]
            assert sums(self.points, member_id, *WINDOWS) == [
                sum(units for at, units in happened if lies_in(at, window)) for window in WINDOWS
            ]

    def teardown(self) -> None:
        assert self.points.findings() == []

    # -- Pieces ------------------------------------------------------------------------------------------------------

    def send(self, receipt: Receipt) -> None:
        buy(self.points, receipt.buyer, receipt.sale)
        receipt.recorded = True

    def claimable(self) -> list[Receipt]:
        return [each for each in self.receipts if each.recorded and not each.buyer and not each.claimed_by]

    def with_goods(self) -> list[Receipt]:
        return [each for each in self.receipts if each.kept]


def lies_in(instant: datetime, window: QualifyingWindow) -> bool:
    return (window.start or instant) <= instant < (window.end or instant + timedelta(days=1))


@pytest.mark.hypothesis
@pytest.mark.parametrize("shortfall", Shortfall)
def test_what_counts_is_the_history_of_purchases(points: Points, shortfall: Shortfall) -> None:
    points.policy(shortfall)
    points.rule(qualifying=True, expiry_days=20)
    points.rule(points=2, pending_days=7)
    machine = type("Machine", (QualifyingMachine,), {"points": points, "shortfall": shortfall})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=200 if DEEP else 12, stateful_step_count=30, suppress_health_check=list(HealthCheck)
        ),
    )
