"""Any sequence of operations leaves the real ledger, on its real database, where a heap of single points would be."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction
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

from kit.errors import Refusal
from services.points import jobs
from services.points.domain.policy import Shortfall
from services.points.domain.sales import Sale
from tests.conftest import DEEP
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.model import Model

SLOW_POINTS, QUICK_POINTS = timedelta(days=1), timedelta(days=10)


class LedgerMachine(RuleBasedStateMachine):
    """Purchases earn by two rules: one pends a day and expires after ten, the other neither pends nor expires."""

    points: ClassVar[Points]
    policy: ClassVar[Shortfall]
    rule_ids: ClassVar[dict[str, uuid.UUID]]
    steps: ClassVar[int] = 0

    @initialize()
    def enrol(self) -> None:
        self.member_id = self.points.member()
        self.model = Model(below_zero=self.policy is Shortfall.NEGATIVE)
        self.sales: dict[Sale, int] = {}
        self.holds: list[uuid.UUID] = []
        self.captured: list[uuid.UUID] = []
        self.last: Callable[[], object] | None = None

    @rule(pounds=st.integers(1, 9), quantity=st.integers(1, 3))
    def buy(self, pounds: int, quantity: int) -> None:
        line = make.a_line(pounds * quantity * 100, quantity=quantity)
        sale = make.a_sale(line, occurred_at=self.tick())
        command = make.record_purchase(self.member_id, sale)
        self.do(lambda: self.points.purchases.record_purchase(TILL, command).unwrap())
        self.sales[sale] = 0
        now = self.now
        pends = now + SLOW_POINTS
        for name, given in self.earned(sale, 0):
            slow = name == "slow"
            self.model.give(given, (sale, name), pends if slow else now, pends + QUICK_POINTS if slow else None, now)

    @precondition(lambda self: self.sales)
    @rule(data=st.data(), pieces=st.integers(1, 3))
    def bring_back(self, data: st.DataObject, pieces: int) -> None:
        sale = data.draw(st.sampled_from(list(self.sales)))
        self.tick()
        command = make.record_return(sale.receipt, ("1", pieces * 1000))
        before = self.sales[sale]
        if self.do(lambda: self.points.returns.record_return(TILL, command).unwrap()):
            after = self.sales[sale] = before + pieces
            for (name, had), (_, left) in zip(self.earned(sale, before), self.earned(sale, after), strict=True):
                self.model.take_back(had - left, (sale, name), self.now)
        else:
            assert (before + pieces) * 1000 > sale.lines[0].quantity_milli

    @rule(amount=st.integers(-6, 30).filter(bool), days=st.sampled_from([0, 5]))
    def adjust(self, amount: int, days: int) -> None:
        now = self.tick()
        command = make.adjust_points(self.member_id, amount, expiry_days=days if amount > 0 else 0)
        if not self.do(lambda: self.points.accounts.adjust_points(TILL, command).unwrap()):
            assert self.model.available(now) < -amount
        elif amount > 0:
            self.model.give(amount, "gift", now, now + timedelta(days=days) if days else None, now)
        else:
            self.model.spend(-amount, now)

    @rule(amount=st.integers(1, 12), days=st.sampled_from([1, 4, 20]))
    def place_hold(self, amount: int, days: int) -> None:
        now = self.tick()
        command = make.place_hold(self.member_id, amount, timeout_s=days * 86_400)
        if self.model.available(now) < amount:
            assert not self.do(lambda: self.points.holds.place_hold(TILL, command).unwrap())
            return
        hold_id = self.points.holds.place_hold(TILL, command).unwrap().hold.hold_id
        self.holds.append(hold_id)
        self.model.hold(hold_id, amount, now + timedelta(days=days), now)

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), part=st.integers(0, 12))
    def capture(self, data: st.DataObject, part: int) -> None:
        hold_id = self.a_hold(data)
        now = self.tick()
        held = sum(token.owner == hold_id for token in self.model.having("held"))
        command = make.capture_hold(self.member_id, hold_id, part)
        if self.do(lambda: self.points.holds.capture_hold(TILL, command).unwrap()):
            self.captured.append(hold_id)
            self.model.capture(hold_id, part or held, now)
            self.model.settle(now)
        else:
            assert hold_id not in self.model.holds or part > held

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        hold_id = self.a_hold(data)
        now = self.tick()
        command = make.release_hold(self.member_id, hold_id)
        if self.do(lambda: self.points.holds.release_hold(TILL, command).unwrap()):
            self.model.capture(hold_id, 0, now)
            self.model.settle(now)
        else:
            assert hold_id not in self.model.holds

    @precondition(lambda self: self.captured)
    @rule(data=st.data(), amount=st.integers(0, 6))
    def reverse(self, data: st.DataObject, amount: int) -> None:
        hold_id = data.draw(st.sampled_from(self.captured))
        now = self.tick()
        command = make.reverse_capture(self.member_id, hold_id, amount)
        if self.do(lambda: self.points.holds.reverse_capture(TILL, command).unwrap()):
            self.model.reverse(hold_id, amount, now)
        else:
            assert len(self.model.spent_by(hold_id)) < max(amount, 1)

    @rule(days=st.integers(1, 12), job=st.booleans())
    def wait(self, days: int, job: bool) -> None:
        self.points.clock.advance(days=days)
        self.tick()
        if job:
            jobs.settle_overdue_accounts(self.points.storage, self.points.committer, limit=100)

    @precondition(lambda self: self.last is not None)
    @rule()
    def ask_the_last_again(self) -> None:
        assert self.last is not None
        self.last()

    @invariant()
    def the_account_is_where_the_model_is(self) -> None:
        account = self.points.account(self.member_id)
        now = self.now
        seen = (account.available, account.pending, account.held, account.owed)
        model = self.model
        assert seen == (model.available(now), model.pending(now), len(model.having("held")), model.owed)

    def teardown(self) -> None:
        assert self.points.findings() == []

    # -- Pieces ------------------------------------------------------------------------------------------------------

    def a_hold(self, data: st.DataObject) -> uuid.UUID:
        """One that is open if there is one, which is what captures and releases are about; else one that has ended."""
        return data.draw(st.sampled_from(sorted(self.model.holds) or self.holds))

    @property
    def now(self) -> datetime:
        return self.points.clock.now()

    def tick(self) -> datetime:
        """Lets a second pass, so that no two lots are of the same instant, and time do its work."""
        type(self).steps += 1
        self.points.clock.advance(seconds=1)
        self.model.settle(self.now)
        return self.now

    def do(self, attempt: Callable[[], object]) -> bool:
        """Whether the service did it; either way it can be asked again and changes nothing more."""
        self.last = lambda: self.swallow(attempt)
        return self.swallow(attempt)

    def swallow(self, attempt: Callable[[], object]) -> bool:
        try:
            attempt()
        except Refusal:
            return False
        return True

    def earned(self, sale: Sale, pieces_back: int) -> list[tuple[str, int]]:
        """What each rule gives for the pieces that are left, in the order of the rules' ids."""
        line = sale.lines[0]
        pieces = line.quantity_milli // 1000
        left = Fraction(line.amount_minor * (pieces - pieces_back), pieces)
        given = {"slow": int(left / 100), "quick": int(left / 300)}
        return [(name, given[name]) for name, _ in sorted(self.rule_ids.items(), key=lambda each: each[1])]


@pytest.mark.parametrize("policy", [Shortfall.CARRY, Shortfall.NEGATIVE])
def test_any_sequence_of_operations_ends_where_single_points_would(points: Points, policy: Shortfall) -> None:
    points.policy(policy)
    rule_ids = {
        "slow": points.rule(name="slow", pending_days=1, expiry_days=10).rule_id,
        "quick": points.rule(name="quick", per_amount_minor=300).rule_id,
    }
    machine: type[LedgerMachine] = type(
        "Machine", (LedgerMachine,), {"points": points, "policy": policy, "rule_ids": rule_ids}
    )
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=750 if DEEP else 25,
            stateful_step_count=50,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert machine.steps >= (25_000 if DEEP else 500)
