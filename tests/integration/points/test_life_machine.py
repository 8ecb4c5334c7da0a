"""Any sequence of operations leaves the real ledger, on its real database, where a heap of single points would be.

Two members buy, bring back, spend and give each other points under rules with caps, a budget, thresholds and a bonus.
What they should have is told by `history`, which adds up every purchase anew, and by `model`, a heap of single points.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
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
from services.points.domain.earning.qualifying import QualifyingWindow
from services.points.domain.ledger.accounts import AccountKey
from services.points.domain.ledger.transfers import TransferPolicy
from services.points.domain.program.policy import Shortfall
from services.points.domain.sales.purchases import PreviewPurchase
from services.points.domain.sales.sale import OriginalLine, PurchaseLine, ReceiptKey
from services.points.storage import BookRequest
from tests.conftest import DEEP
from tests.factories import points as make
from tests.integration.points import counted
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.history import IDLE_DAYS, LIMITS, MAIN, RULES, TREATS, WALLETS, Bought, History, worth
from tests.integration.points.model import Model

EXAMPLES, STEPS = (600, 50) if DEEP else (12, 50)
BEGINS_AT = datetime(2027, 1, 20, 12, tzinfo=UTC)
MIDDLE = datetime(2027, 1, 22, tzinfo=UTC)
BY_KIND = {(each.scope.value, each.span.value): each for limits in LIMITS.values() for each in limits}


class LifeMachine(RuleBasedStateMachine):
    """The life of points from the till to wherever they end."""

    points: ClassVar[Points]
    policy: ClassVar[Shortfall]
    order: ClassVar[list[str]]
    steps: ClassVar[int] = 0

    @initialize()
    def begin(self) -> None:
        # Hypothesis makes new examples out of parts of old ones: the same choices have to lead to the same state.
        self.points.start_over()
        self.points.clock.advance(seconds=(BEGINS_AT - self.now).total_seconds())
        self.members = [self.points.member() for _ in range(2)]
        below_zero = self.policy is Shortfall.NEGATIVE
        self.heaps = {(each, wallet): Model(below_zero) for each in self.members for wallet in (MAIN, TREATS)}
        self.history = History(self.order)
        self.waiting: dict[ReceiptKey, list[int]] = defaultdict(list)
        self.holds: list[uuid.UUID] = []
        self.captured: list[uuid.UUID] = []
        self.holders: dict[uuid.UUID, uuid.UUID] = {}
        self.last: Callable[[], object] | None = None

    # -- At the till -------------------------------------------------------------------------------------------------

    @rule(
        who=st.sampled_from([0, 0, 0, 1, 1, None]),
        pounds=st.integers(1, 7),
        pieces=st.integers(1, 3),
        days_late=st.sampled_from([0, 0, 0, 1, 13]),
        store=st.sampled_from(["S1", "S2"]),
        backs=st.lists(st.integers(1, 3), max_size=2),
        off=st.sampled_from([0, 0, 30, 100]),
    )
    def buy(
        self, who: int | None, pounds: int, pieces: int, days_late: int, store: str, backs: list[int], off: int
    ) -> None:
        """A sale, at times with a discount or uploaded late; some of its goods may have come back before."""
        receipt = make.a_receipt(store_id=store)
        for back in backs if days_late else ():
            self.tick()
            self.points.returns.record_return(TILL, make.record_return(receipt, ("1", back * 1000))).unwrap()
            self.waiting[receipt].append(back)
        at = self.tick() - timedelta(days=days_late)
        lines = [make.a_line(pounds * pieces * 100, quantity=pieces), *([make.a_discount(off)] if off else [])]
        sale = make.a_sale(*lines, receipt=receipt, occurred_at=at)
        member_id = None if who is None else self.members[who]
        bought = Bought(sale, None, pieces)
        if member_id is not None:
            self.history.give(bought, member_id)
        preview = self.points.purchases.preview_purchase(TILL, PreviewPurchase(make.PROGRAM, member_id, sale))
        command = make.record_purchase(member_id, sale)
        assert self.do(lambda: self.points.purchases.record_purchase(TILL, command).unwrap())
        answer = self.points.purchases.record_purchase(TILL, command).unwrap()
        assert preview.purchase.earnings == answer.purchase.earnings
        assert answer.purchase.points_earned == sum(bought.left.values())
        self.history.purchases.append(bought)
        self.credit(bought)
        for back in self.waiting.pop(receipt, []):
            if back <= bought.kept:
                self.take_back(bought, self.history.bring_back(bought, back))

    @precondition(lambda self: self.history.purchases)
    @rule(data=st.data(), pieces=st.integers(1, 3))
    def bring_back(self, data: st.DataObject, pieces: int) -> None:
        """Goods come back; some of them had been paid for with points."""
        bought = data.draw(st.sampled_from(self.history.purchases))
        paid = data.draw(st.sampled_from([None, *self.captured]))
        now = self.tick()
        command = make.record_return(bought.sale.receipt, ("1", pieces * 1000), refunds=[] if paid is None else [paid])
        if self.do(lambda: self.points.returns.record_return(TILL, command).unwrap()):
            if paid is not None:
                self.heap_of(paid).restore(paid, 0)
            self.take_back(bought, self.history.bring_back(bought, pieces))
            if paid is not None:
                self.heap_of(paid).settle_debts(now)
        else:
            assert pieces > bought.kept or not self.refundable(bought, paid) or self.missing(bought, pieces, paid)

    @precondition(lambda self: self.history.purchases)
    @rule(data=st.data(), pieces=st.integers(1, 2), pounds=st.integers(1, 7), taken=st.integers(1, 3))
    def exchange(self, data: st.DataObject, pieces: int, pounds: int, taken: int) -> None:
        """Others are taken instead of goods that come back; some of these had been paid for with points."""
        bought = data.draw(st.sampled_from(self.history.purchases))
        paid = data.draw(st.sampled_from([None, None, *self.captured]))
        sale = make.a_sale(make.a_line(pounds * taken * 100, quantity=taken), occurred_at=self.tick())
        instead = Bought(sale, None, taken)
        self.history.give_instead(instead, bought, pieces)
        refunds = [] if paid is None else [paid]
        command = make.record_exchange(bought.sale.receipt, ("1", pieces * 1000), sale=sale, refunds=refunds)
        may = pieces <= bought.kept and self.refundable(bought, paid)
        if not self.do(lambda: self.points.exchanges.record_exchange(TILL, command).unwrap()):
            assert not may or self.missing(bought, pieces, paid, instead)
            return
        assert may
        assert not self.missing(bought, pieces, paid, instead)
        self.put(instead, active=True)
        if paid is not None:
            self.heap_of(paid).restore(paid, 0)
        self.take_back(bought, self.history.bring_back(bought, pieces))
        self.history.purchases.append(instead)
        for heap in self.heaps.values():
            heap.settle_debts(self.now)

    @precondition(lambda self: self.history.purchases)
    @rule(data=st.data(), pieces=st.integers(1, 2), pounds=st.integers(1, 7), taken=st.integers(1, 3))
    def buy_and_bring_back(self, data: st.DataObject, pieces: int, pounds: int, taken: int) -> None:
        """A receipt takes goods back and says where they were bought: an exchange on one paper."""
        bought = data.draw(st.sampled_from(self.history.purchases))
        lines = [make.a_line(pounds * taken * 100, quantity=taken), self.a_line_back(pieces, bought.sale.receipt)]
        instead = Bought(make.a_sale(*lines, occurred_at=self.tick()), None, taken)
        self.history.give_instead(instead, bought, pieces)
        command = make.record_purchase(bought.member_id, instead.sale)
        if not self.do(lambda: self.points.purchases.record_purchase(TILL, command).unwrap()):
            assert pieces > bought.kept or self.missing(bought, pieces, None, instead)
            return
        assert pieces <= bought.kept
        assert not self.missing(bought, pieces, None, instead)
        if bought.member_id is not None:
            self.put(instead, active=True)
        self.take_back(bought, self.history.bring_back(bought, pieces))
        self.history.purchases.append(instead)
        for heap in self.heaps.values():
            heap.settle_debts(self.now)

    @rule(who=st.integers(0, 1), pounds=st.integers(1, 7), taken=st.integers(1, 3), loose=st.integers(1, 14))
    def buy_and_bring_back_from_elsewhere(self, who: int, pounds: int, taken: int, loose: int) -> None:
        """A receipt takes goods back of which nothing is known."""
        line = replace(
            make.a_line(loose * 100, line_id="2", sku="PEN"), quantity_milli=-1000, amount_minor=-loose * 100
        )
        sale = make.a_sale(make.a_line(pounds * taken * 100, quantity=taken), line, occurred_at=self.tick())
        bought = Bought(sale, None, taken, loose=loose, order=self.order)
        self.history.give(bought, self.members[who])
        bought.clawed = {name: points for name, points in worth(loose).items() if points}
        dues = [(name, bought.clawed[name]) for name in self.order if name in bought.clawed]
        missing = self.missing_of(bought, dues, instead=bought)
        command = make.record_purchase(self.members[who], sale)
        if not self.do(lambda: self.points.purchases.record_purchase(TILL, command).unwrap()):
            assert missing
            return
        assert not missing
        self.put(bought, active=True)
        self.take_back(bought, dues)
        self.history.purchases.append(bought)
        for heap in self.heaps.values():
            heap.settle_debts(self.now)

    @precondition(lambda self: any(bought.member_id is None for bought in self.history.purchases))
    @rule(data=st.data(), who=st.integers(0, 1))
    def claim(self, data: st.DataObject, who: int) -> None:
        bought = data.draw(st.sampled_from([each for each in self.history.purchases if each.member_id is None]))
        self.tick()
        self.history.purchases.remove(bought)
        self.history.give(bought, self.members[who])
        self.history.purchases.append(bought)
        command = make.claim_purchase(self.members[who], bought.sale.receipt)
        assert self.do(lambda: self.points.purchases.claim_purchase(TILL, command).unwrap())
        self.credit(bought)

    @rule(who=st.integers(0, 1), days_late=st.sampled_from([0, 0, 2, 9]))
    def visit(self, who: int, days_late: int) -> None:
        """Somebody comes by; the gateway tells of it late at times."""
        visit = self.history.visit(self.tick() - timedelta(days=days_late), self.members[who])
        command = make.record_activity(visit.known_to, make.an_activity_report(occurred_at=visit.at))
        assert self.do(lambda: self.points.activities.record_activity(TILL, command).unwrap())
        if visit.left["visit"]:
            heap = self.heaps[visit.known_to, MAIN]
            heap.act(visit.at)
            heap.give(visit.left["visit"], visit, visit.at, None, self.now, IDLE_DAYS)
            heap.settle(self.now)

    # -- Holds, and points by hand -----------------------------------------------------------------------------------

    @rule(who=st.integers(0, 1), amount=st.integers(-6, 30).filter(bool), days=st.sampled_from([0, 5]))
    def adjust(self, who: int, amount: int, days: int) -> None:
        member_id, now = self.members[who], self.tick()
        heap = self.heaps[member_id, MAIN]
        command = make.adjust_points(member_id, amount, expiry_days=days if amount > 0 else 0)
        if not self.do(lambda: self.points.accounts.adjust_points(TILL, command).unwrap()):
            assert heap.available(now) < -amount
        elif amount > 0:
            heap.give(amount, "gift", now, now + timedelta(days=days) if days else None, now)
        else:
            heap.spend(-amount, now)

    @rule(who=st.integers(0, 1), amount=st.integers(1, 12))
    def transfer(self, who: int, amount: int) -> None:
        sender, recipient, now = self.members[who], self.members[1 - who], self.tick()
        command = make.transfer_points(sender, recipient, amount)
        if self.do(lambda: self.points.transfers.transfer_points(TILL, command).unwrap()):
            giver = self.heaps[sender, MAIN]
            self.heaps[recipient, MAIN].receive(giver.spend(amount, now), giver.active_at, now)
        else:
            assert self.heaps[sender, MAIN].available(now) < amount

    @rule(who=st.integers(0, 1), amount=st.integers(1, 12), days=st.sampled_from([1, 4, 20]))
    def place_hold(self, who: int, amount: int, days: int) -> None:
        member_id, now = self.members[who], self.tick()
        heap = self.heaps[member_id, MAIN]
        command = make.place_hold(member_id, amount, timeout_s=days * 86_400)
        if heap.available(now) < amount:
            assert not self.do(lambda: self.points.holds.place_hold(TILL, command).unwrap())
            return
        hold_id = self.points.holds.place_hold(TILL, command).unwrap().hold.hold_id
        self.holds.append(hold_id)
        self.holders[hold_id] = member_id
        heap.hold(hold_id, amount, now + timedelta(days=days), now)

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), part=st.integers(0, 12))
    def capture(self, data: st.DataObject, part: int) -> None:
        hold_id = self.a_hold(data)
        member_id, heap, now = self.holders[hold_id], self.heap_of(hold_id), self.tick()
        held = sum(token.owner == hold_id for token in heap.having("held"))
        command = make.capture_hold(member_id, hold_id, part)
        if self.do(lambda: self.points.holds.capture_hold(TILL, command).unwrap()):
            self.captured.append(hold_id)
            heap.act(now)
            heap.capture(hold_id, part or held, now)
            heap.settle(now)
        else:
            assert hold_id not in heap.holds or part > held

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        hold_id = self.a_hold(data)
        heap, now = self.heap_of(hold_id), self.tick()
        command = make.release_hold(self.holders[hold_id], hold_id)
        if self.do(lambda: self.points.holds.release_hold(TILL, command).unwrap()):
            heap.capture(hold_id, 0, now)
            heap.settle(now)
        else:
            assert hold_id not in heap.holds

    @precondition(lambda self: self.captured)
    @rule(data=st.data(), amount=st.integers(0, 6))
    def reverse(self, data: st.DataObject, amount: int) -> None:
        hold_id = data.draw(st.sampled_from(self.captured))
        heap, now = self.heap_of(hold_id), self.tick()
        command = make.reverse_capture(self.holders[hold_id], hold_id, amount)
        if self.do(lambda: self.points.holds.reverse_capture(TILL, command).unwrap()):
            heap.reverse(hold_id, amount, now)
        else:
            assert len(heap.spent_by(hold_id)) < max(amount, 1)

    # -- Time, and asking again --------------------------------------------------------------------------------------

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

    # -- What must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def every_account_is_where_the_model_is(self) -> None:
        now = self.now
        keys = {AccountKey(make.PROGRAM, *whose): heap for whose, heap in self.heaps.items()}
        # All together, which is what most of the time goes into; as GetAccount reads them one by one.
        with self.points.storage.transaction() as tx:
            books = tx.accounts.open([BookRequest(key, only_credited=True) for key in keys], now, lock=False)
        for key, heap in keys.items():
            heap.settle(now)
            account = books[key].view(now)
            seen = (account.available, account.pending, account.held, account.owed)
            assert seen == (heap.available(now), heap.pending(now), len(heap.having("held")), heap.owed)

    @invariant()
    def every_counter_is_what_the_history_says(self) -> None:
        assert self.used() == self.history.usage()

    @invariant()
    def what_counts_towards_tiers_is_what_the_history_says(self) -> None:
        windows = [(None, None), (None, MIDDLE), (MIDDLE, None)]
        for member_id in self.members:
            key = AccountKey(make.PROGRAM, member_id, MAIN)
            asked = [QualifyingWindow(*window) for window in windows]
            sums = self.points.qualifying.get_qualifying_sums(key, asked).sums
            assert [units for _, units in sums] == [self.history.qualifying(member_id, *each) for each in windows]

    def teardown(self) -> None:
        assert self.points.findings() == []

    # -- Pieces ------------------------------------------------------------------------------------------------------

    def credit(self, bought: Bought) -> None:
        for name in self.order:
            if bought.left.get(name):
                available_at, expires_at = bought.times(name)
                heap = self.heaps[bought.known_to, WALLETS[name]]
                heap.act(bought.sale.occurred_at)
                idle_days = bought.idle_days(name)
                heap.give(bought.left[name], (bought, name), available_at, expires_at, self.now, idle_days)
                heap.settle(self.now)

    def put(self, bought: Bought, *, active: bool = False) -> None:
        """Credits what was bought, while debts wait."""
        for name, points in bought.left.items():
            if points:
                heap = self.heaps[bought.known_to, WALLETS[name]]
                if active:
                    heap.act(bought.sale.occurred_at)
                heap.put(points, (bought, name), *bought.times(name), bought.idle_days(name))

    def take_back(self, bought: Bought, dues: list[tuple[str, int]]) -> None:
        for name, points in dues:
            self.heaps[bought.known_to, WALLETS[name]].take_back(points, (bought, name), self.now)

    def refundable(self, bought: Bought, paid: uuid.UUID | None) -> bool:
        if paid is None:
            return True
        return bought.member_id in (None, self.holders[paid]) and bool(self.heap_of(paid).spent_by(paid))

    def missing(self, bought: Bought, pieces: int, paid: uuid.UUID | None, instead: Bought | None = None) -> bool:
        """Whether points are missing, of which the policy makes a refusal."""
        return self.missing_of(bought, self.history.dues(bought, pieces), paid, instead)

    def missing_of(
        self,
        bought: Bought,
        dues: list[tuple[str, int]],
        paid: uuid.UUID | None = None,
        instead: Bought | None = None,
    ) -> bool:
        before = {key: len(heap.tokens) for key, heap in self.heaps.items()}
        if instead is not None and instead.member_id is not None:
            self.put(instead)
        restored = [] if paid is None else self.heap_of(paid).restore(paid, 0)
        missing = any(
            self.heaps[bought.known_to, wallet].missing(
                [(points, (bought, name)) for name, points in dues if WALLETS[name] == wallet], self.now
            )
            for wallet in {WALLETS[name] for name, _ in dues}
        )
        for token in restored:
            token.state, token.owner = "spent", paid
        for key, tokens in before.items():
            del self.heaps[key].tokens[tokens:]
        return missing and self.policy is Shortfall.REFUSE

    def a_line_back(self, pieces: int, receipt: ReceiptKey) -> PurchaseLine:
        line = make.a_line(pieces * 100, line_id="2", quantity=pieces)
        original = OriginalLine(receipt, "1")
        return replace(line, quantity_milli=-line.quantity_milli, amount_minor=-line.amount_minor, original=original)

    def used(self) -> dict[object, int]:
        """What the counters say, in the words of the history."""
        used: dict[object, int] = {}
        for (scope, owner, store_id, span, _, starts_on), units in counted.used(self.points).items():
            used[BY_KIND[scope, span], store_id or owner, date.fromisoformat(starts_on)] = units
        return used

    def a_hold(self, data: st.DataObject) -> uuid.UUID:
        """One that is open if there is one, which is what captures and releases are about; else one that has ended."""
        open_ones = [hold_id for hold_id in self.holds if hold_id in self.heap_of(hold_id).holds]
        return data.draw(st.sampled_from(open_ones or self.holds))

    def heap_of(self, hold_id: uuid.UUID) -> Model:
        return self.heaps[self.holders[hold_id], MAIN]

    @property
    def now(self) -> datetime:
        return self.points.clock.now()

    def tick(self) -> datetime:
        """Lets a second pass, so that no two lots are of the same instant, and time do its work."""
        type(self).steps += 1
        self.points.clock.advance(seconds=1)
        for heap in self.heaps.values():
            heap.settle(self.now)
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


@pytest.mark.hypothesis
@pytest.mark.parametrize("policy", Shortfall)
def test_any_sequence_of_operations_ends_where_single_points_would(points: Points, policy: Shortfall) -> None:
    points.policy(policy, transfers=TransferPolicy())
    names = {points.rule(**{**terms, "name": name}).rule_id: name for name, terms in RULES.items()}
    order = [names[rule_id] for rule_id in sorted(names)]
    machine: type[LifeMachine] = type("Machine", (LifeMachine,), {"points": points, "policy": policy, "order": order})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=EXAMPLES, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck)),
    )
    assert machine.steps >= (17_000 if DEEP else 300)
