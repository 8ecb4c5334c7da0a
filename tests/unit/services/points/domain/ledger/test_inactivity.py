"""Points that lapse when their owner has not been active: on examples, and against single points over any history."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import datetime, timedelta
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Refusal
from services.points.domain.earning.expiry import Expiry, ExpiryKind
from services.points.domain.ledger.accounts import Account, Cause, EntryKind, Lot
from services.points.domain.ledger.book import Book
from services.points.domain.ledger.inactivity import COUNTED_DEFAULT, MAY_COUNT
from services.points.domain.ledger.transferring import TransferringBook
from services.points.domain.ledger.transfers import Transfer
from services.points.domain.program.policy import ProgramPolicy, Shortfall
from tests.factories import points as make
from tests.unit.services.points.domain.opened import DAY, KEY, NOW, Opened, a_hold, a_lot, an_earning, counted

PURCHASE = uuid.uuid4()
BY_HAND = Cause(reason="goodwill", actor="Amina")
TICK = timedelta(microseconds=1)


def idle_lot(units: int, days: int, *, age: int = 0) -> Lot:
    """Units that could be spent `age` days ago and lapse after so many days without activity."""
    return a_lot(units, available_at=NOW - age * DAY, inactivity_days=days)


def earn(book: Book, points: int, now: datetime, *, occurred_at: datetime | None = None, days: int = 0) -> None:
    """A purchase of its own, whose points lapse after so many days without activity, or never."""
    expiry = Expiry(ExpiryKind.INACTIVITY, days=days) if days else None
    earning = an_earning(points, occurred_at=occurred_at or now, expiry=expiry)
    book.earn(earning, Cause(purchase_id=PURCHASE), occurred_at or now, now)


def spend(book: Book, points: int, now: datetime) -> uuid.UUID:
    hold_id = uuid.uuid4()
    book.place_hold(hold_id, points, DAY, "", now)
    book.capture(hold_id, 0, now)
    return hold_id


def counting(opened: Opened, *kinds: EntryKind) -> Opened:
    opened.book.counted_kinds = frozenset(kinds)
    return opened


# ---- Ends ------------------------------------------------------------------------------------------------------------


def test_points_lapse_after_so_many_days_in_which_nothing_happened() -> None:
    opened = Opened(idle_lot(5, 10, age=3))
    assert opened.available(NOW + 7 * DAY - TICK) == 5
    assert opened.available(NOW + 7 * DAY) == 0


def test_what_lapsed_says_when_and_why() -> None:
    lot = idle_lot(5, 10)
    opened = Opened(lot, active_at=NOW - DAY)
    opened.book.settle(NOW + 30 * DAY)
    (entry,) = opened.changes.entries
    assert (entry.kind, entry.occurred_at, entry.inactivity_days) == (EntryKind.EXPIRY, NOW + 10 * DAY, 10)
    assert not entry.counted
    assert opened.lot(lot).expires_at == NOW + 10 * DAY
    assert opened.changes.account.inactivity_due_at is None
    opened.expect_whole()


def test_activity_puts_the_end_off_for_every_lot() -> None:
    opened = Opened(idle_lot(5, 10, age=5), idle_lot(7, 4))
    earn(opened.book, 1, NOW + 3 * DAY)
    assert opened.available(NOW + 7 * DAY - TICK) == 13
    assert opened.available(NOW + 7 * DAY) == 6
    assert opened.available(NOW + 13 * DAY) == 1
    opened.expect_whole()


def test_activity_after_the_end_revives_nothing_though_no_job_has_passed() -> None:
    opened = Opened(idle_lot(5, 10))
    earn(opened.book, 1, NOW + 10 * DAY, days=10)
    assert opened.available(NOW + 10 * DAY) == 1
    assert opened.entries() == [("expiry", -5), ("earn", 1)]
    opened.expect_whole()


def test_each_lot_ends_at_its_own_time_whatever_happened_between() -> None:
    opened = Opened(idle_lot(1, 1), idle_lot(2, 3), idle_lot(4, 10))
    for days in (2, 6, 20):
        earn(opened.book, 8, NOW + days * DAY)
    expiries = [entry for entry in opened.changes.entries if entry.kind is EntryKind.EXPIRY]
    ends = [(entry.amount, entry.occurred_at) for entry in expiries]
    # The second had been put off from the third day to the fifth, the last from the tenth to the sixteenth.
    assert ends == [(-1, NOW + DAY), (-2, NOW + 5 * DAY), (-4, NOW + 16 * DAY)]
    opened.expect_whole()


def test_points_last_from_when_they_can_be_spent() -> None:
    opened = Opened(a_lot(5, pends=20, inactivity_days=10), active_at=NOW)
    assert opened.available(NOW + 30 * DAY - TICK) == 5
    assert opened.available(NOW + 30 * DAY) == 0


@pytest.mark.parametrize("kind", [kind for kind in EntryKind if kind in MAY_COUNT - COUNTED_DEFAULT])
def test_usually_earning_and_spending_count_and_nothing_else(kind: EntryKind) -> None:
    policy = ProgramPolicy(make.PROGRAM)
    assert policy.counted_kinds == COUNTED_DEFAULT
    assert kind not in policy.counted_kinds
    assert dataclasses.replace(policy, inactivity_activities=(kind,)).counted_kinds == {kind}


def test_what_does_not_count_puts_nothing_off() -> None:
    opened = Opened(idle_lot(5, 10))
    opened.book.adjust(3, BY_HAND, None, NOW + 5 * DAY)
    assert [entry.counted for entry in opened.changes.entries] == [False]
    assert opened.available(NOW + 10 * DAY) == 3


def test_an_adjustment_counts_where_the_program_says_so() -> None:
    opened = counting(Opened(idle_lot(5, 10)), EntryKind.ADJUSTMENT)
    opened.book.adjust(3, BY_HAND, None, NOW + 5 * DAY)
    earn(opened.book, 1, NOW + 6 * DAY)
    assert [entry.counted for entry in opened.changes.entries] == [True, False]
    assert opened.available(NOW + 15 * DAY - TICK) == 9
    assert opened.available(NOW + 15 * DAY) == 4


def test_a_return_counts_where_the_program_says_so() -> None:
    opened = counting(Opened(idle_lot(5, 10)), EntryKind.RETURN)
    opened.book.take_back(2, PURCHASE, uuid.uuid4(), Cause(return_id=uuid.uuid4()), Shortfall.CARRY, NOW + 5 * DAY)
    assert opened.available(NOW + 15 * DAY - TICK) == 3


# ---- Late uploads ----------------------------------------------------------------------------------------------------


def test_a_late_upload_counts_from_when_it_occurred() -> None:
    opened = Opened(idle_lot(5, 10, age=5))
    earn(opened.book, 1, NOW + 4 * DAY, occurred_at=NOW + 2 * DAY)
    assert opened.changes.account.active_at == NOW + 2 * DAY
    assert opened.available(NOW + 12 * DAY - TICK) == 6
    assert opened.available(NOW + 12 * DAY) == 1


def test_a_late_upload_of_before_the_end_revives_nothing() -> None:
    opened = Opened(idle_lot(5, 10))
    earn(opened.book, 1, NOW + 11 * DAY, occurred_at=NOW + 9 * DAY)
    assert opened.available(NOW + 11 * DAY) == 1


def test_a_late_upload_takes_nothing_back_of_later_activity() -> None:
    opened = Opened(idle_lot(5, 10), active_at=NOW + DAY)
    earn(opened.book, 1, NOW + 2 * DAY, occurred_at=NOW - 5 * DAY)
    assert opened.changes.account.active_at == NOW + DAY


def test_points_that_are_told_of_too_late_lapse_at_once() -> None:
    opened = Opened()
    earn(opened.book, 5, NOW, occurred_at=NOW - 10 * DAY, days=10)
    assert opened.available() == 0
    opened.book.settle(NOW)
    assert opened.entries() == [("earn", 5), ("expiry", -5)]
    opened.expect_whole()


# ---- Held, spent, given back -----------------------------------------------------------------------------------------


def test_held_points_do_not_lapse_and_end_with_the_hold_whatever_is_done_meanwhile() -> None:
    lot = idle_lot(5, 10)
    waiting = a_hold((lot, 3), ends_in=20)
    opened = Opened(lot, holds=[waiting])
    earn(opened.book, 1, NOW + 15 * DAY)
    assert opened.entries() == [("expiry", -2), ("earn", 1)]
    assert opened.book.view(NOW + 15 * DAY).held == 3
    opened.book.release(waiting.hold_id, NOW + 16 * DAY)
    assert opened.entries()[2:] == [("expiry", -3)]
    opened.expect_whole()


def test_a_capture_puts_off_what_is_not_over() -> None:
    lot = idle_lot(5, 10)
    waiting = a_hold((lot, 3), ends_in=20)
    opened = Opened(lot, holds=[waiting])
    opened.book.capture(waiting.hold_id, 1, NOW + 9 * DAY)
    assert opened.available(NOW + 19 * DAY - TICK) == 4
    opened.expect_whole()


def test_what_comes_back_to_a_lot_that_has_ended_lapses_at_once() -> None:
    opened = Opened(idle_lot(5, 10))
    hold_id = spend(opened.book, 3, NOW)
    opened.book.settle(NOW + 10 * DAY)
    earn(opened.book, 1, NOW + 11 * DAY)
    opened.book.reverse_capture(hold_id, "cancelled", NOW + 12 * DAY)
    assert opened.available(NOW + 12 * DAY) == 1
    opened.expect_whole()


def test_what_comes_back_to_an_empty_lot_lasts_while_the_account_is_active() -> None:
    opened = Opened(idle_lot(5, 10))
    hold_id = spend(opened.book, 5, NOW)
    earn(opened.book, 1, NOW + 11 * DAY)
    opened.book.reverse_capture(hold_id, "cancelled", NOW + 12 * DAY)
    assert opened.available(NOW + 21 * DAY - TICK) == 6
    assert opened.available(NOW + 21 * DAY) == 1
    opened.expect_whole()


# ---- Order -----------------------------------------------------------------------------------------------------------


def test_what_ends_first_is_spent_first_whatever_it_ends_for() -> None:
    never, fixed, idle = a_lot(1), a_lot(1, expires_in=8), idle_lot(1, 10, age=5)
    opened = Opened(never, fixed, idle)
    spend(opened.book, 1, NOW)
    assert opened.lot(idle).remaining == 0
    spend(opened.book, 1, NOW)
    assert opened.lot(fixed).remaining == 0


def test_activity_changes_what_ends_first() -> None:
    fixed, idle = a_lot(1, expires_in=8), idle_lot(1, 10, age=5)
    opened = Opened(fixed, idle)
    earn(opened.book, 1, NOW)
    spend(opened.book, 1, NOW)
    assert (opened.lot(fixed).remaining, opened.lot(idle).remaining) == (0, 1)


def test_a_movement_takes_what_ended_first_before_it_counted() -> None:
    fixed, idle = a_lot(1, expires_in=8), idle_lot(1, 10, age=5)
    opened = counting(Opened(fixed, idle), EntryKind.ADJUSTMENT)
    opened.book.adjust(-1, BY_HAND, None, NOW)
    assert (opened.lot(fixed).remaining, opened.lot(idle).remaining) == (1, 0)


# ---- Transfers -------------------------------------------------------------------------------------------------------


def given_away(sender: TransferringBook, now: datetime, amount: int) -> Transfer:
    entry, parts = sender.send(amount, Cause(transfer_id=uuid.uuid4()), now)
    return Transfer(uuid.uuid4(), KEY, uuid.uuid4(), amount, "", parts, entry.version, now)


def a_book(*lots: Lot, active_at: datetime | None = None) -> TransferringBook:
    opened = Opened(*lots, active_at=active_at)
    return TransferringBook(opened.account, lots, (), counted())


def test_given_points_last_as_long_as_with_the_sender_unless_the_recipient_is_active() -> None:
    transfer = given_away(a_book(idle_lot(5, 10, age=20), active_at=NOW), NOW + 4 * DAY, 5)
    recipient = TransferringBook(Account(KEY), (), (), counted())
    recipient.receive(transfer, NOW + 5 * DAY)
    assert recipient.view(NOW + 10 * DAY - TICK).available == 5
    assert recipient.view(NOW + 10 * DAY).available == 0
    earn(recipient, 1, NOW + 8 * DAY)
    assert recipient.view(NOW + 18 * DAY - TICK).available == 6


def test_giving_away_makes_points_no_younger() -> None:
    transfer = given_away(a_book(idle_lot(5, 10), active_at=NOW), NOW + 4 * DAY, 5)
    recipient = TransferringBook(Account(KEY), (), (), counted())
    recipient.receive(transfer, NOW + 4 * DAY)
    home = TransferringBook(Account(KEY), (), (), counted())
    home.receive(given_away(recipient, NOW + 6 * DAY, 5), NOW + 6 * DAY)
    assert home.view(NOW + 10 * DAY).available == 0


def test_a_sender_whose_clock_is_ahead_gives_no_points_of_tomorrow() -> None:
    transfer = given_away(a_book(idle_lot(5, 10), active_at=NOW + DAY), NOW, 5)
    assert transfer.parts[0].available_at == NOW


# ---- Any history -----------------------------------------------------------------------------------------------------

Step: TypeAlias = tuple[int, str, int, int]

STEPS = st.lists(
    st.tuples(
        st.integers(0, 7),
        st.sampled_from(["earn", "late", "give", "take", "hold", "capture", "release", "reverse", "settle"]),
        st.integers(1, 4),
        st.sampled_from([0, 3, 5]),
    ),
    min_size=3,
    max_size=30,
)
KINDS = st.frozensets(st.sampled_from([EntryKind.EARN, EntryKind.SPEND, EntryKind.ADJUSTMENT]), min_size=1)


@dataclasses.dataclass(eq=False)
class Point:
    """One point. Points of one credit share a `credit`, and so whether it has ended."""

    credit: Credit
    state: str = "free"
    owner: uuid.UUID | None = None


@dataclasses.dataclass(eq=False)
class Credit:
    number: int
    since: datetime
    days: int
    ended: datetime | None = None


class Heap:
    """Single points and the instants of activity; no lots, no entries, no versions."""

    def __init__(self, counted_kinds: frozenset[EntryKind]) -> None:
        self.counted_kinds = counted_kinds
        self.points: list[Point] = []
        self.active = NOW - 1_000 * DAY
        self.credits = 0

    def end_of(self, credit: Credit) -> datetime | None:
        if credit.ended or not credit.days:
            return credit.ended
        return max(credit.since, self.active) + credit.days * DAY

    def pass_time(self, now: datetime) -> None:
        for credit in {point.credit for point in self.points if point.state in ("free", "held")}:
            end = self.end_of(credit)
            if end is not None and end <= now:
                credit.ended = end
        for point in self.points:
            if point.state == "free" and point.credit.ended:
                point.state = "lapsed"

    def act(self, kind: EntryKind, at: datetime) -> None:
        if kind in self.counted_kinds:
            self.active = max(self.active, at)

    def give(self, kind: EntryKind, amount: int, days: int, at: datetime) -> None:
        self.act(kind, at)
        self.credits += 1
        credit = Credit(self.credits, at, days)
        self.points += [Point(credit) for _ in range(amount)]

    def next_ones(self, amount: int) -> list[Point]:
        far = NOW + 10_000 * DAY
        free = [point for point in self.points if point.state == "free"]
        return sorted(free, key=lambda p: (self.end_of(p.credit) or far, p.credit.since, p.credit.number))[:amount]

    def put(self, points: list[Point], state: str, owner: uuid.UUID | None = None) -> None:
        for point in points:
            point.state, point.owner = state, owner

    def of(self, owner: uuid.UUID, state: str) -> list[Point]:
        return [point for point in self.points if point.owner == owner and point.state == state]

    def count(self, state: str) -> int:
        return sum(point.state == state for point in self.points)


class History:
    """One account in a book and as a heap of points; `eager` settles the book whenever time passes."""

    def __init__(self, counted_kinds: frozenset[EntryKind], *, eager: bool) -> None:
        self.opened = Opened()
        self.opened.book.counted_kinds = counted_kinds
        self.heap = Heap(counted_kinds)
        self.now, self.eager = NOW, eager
        self.held: list[uuid.UUID] = []
        self.spent: list[uuid.UUID] = []

    def step(self, step: Step) -> None:
        days, what, amount, lasts = step
        for _ in range(days):
            self.now += DAY
            if self.eager:
                self.opened.book.settle(self.now)
        # No two credits are of the same instant.
        self.now += TICK
        self.heap.pass_time(self.now)
        getattr(self, what)(amount, lasts)
        self.heap.pass_time(self.now)

    def earn(self, amount: int, lasts: int) -> None:
        earn(self.opened.book, amount, self.now, days=lasts)
        self.heap.give(EntryKind.EARN, amount, lasts, self.now)

    def late(self, amount: int, lasts: int) -> None:
        occurred_at = self.now - 2 * DAY
        earn(self.opened.book, amount, self.now, occurred_at=occurred_at, days=lasts)
        self.heap.give(EntryKind.EARN, amount, lasts, occurred_at)

    def give(self, amount: int, _: int) -> None:
        self.opened.book.adjust(amount, BY_HAND, None, self.now)
        self.heap.give(EntryKind.ADJUSTMENT, amount, 0, self.now)

    def take(self, amount: int, _: int) -> None:
        if self.tried(lambda: self.opened.book.adjust(-amount, BY_HAND, None, self.now), amount):
            self.heap.put(self.heap.next_ones(amount), "gone")
            self.heap.act(EntryKind.ADJUSTMENT, self.now)

    def hold(self, amount: int, _: int) -> None:
        hold_id = uuid.uuid4()
        if self.tried(lambda: self.opened.book.place_hold(hold_id, amount, 1_000 * DAY, "", self.now), amount):
            self.held.append(hold_id)
            self.heap.put(self.heap.next_ones(amount), "held", hold_id)

    def capture(self, _: int, __: int) -> None:
        if self.held:
            hold_id = self.held.pop(0)
            self.opened.book.capture(hold_id, 0, self.now)
            self.spent.append(hold_id)
            self.heap.put(self.heap.of(hold_id, "held"), "spent", hold_id)
            self.heap.act(EntryKind.SPEND, self.now)

    def release(self, _: int, __: int) -> None:
        if self.held:
            hold_id = self.held.pop()
            self.opened.book.release(hold_id, self.now)
            self.heap.put(self.heap.of(hold_id, "held"), "free")

    def reverse(self, _: int, __: int) -> None:
        if self.spent:
            hold_id = self.spent.pop(0)
            self.opened.book.reverse_capture(hold_id, "cancelled", self.now)
            self.heap.put(self.heap.of(hold_id, "spent"), "free")

    def settle(self, _: int, __: int) -> None:
        self.opened.book.settle(self.now)

    def tried(self, attempt: object, amount: int) -> bool:
        assert callable(attempt)
        enough = self.heap.count("free") >= amount
        try:
            attempt()
        except Refusal:
            assert not enough
        return enough

    def seen(self) -> tuple[int, int]:
        view = self.opened.book.view(self.now)
        return view.available, view.held


@given(STEPS, KINDS)
def test_any_history_leaves_what_single_points_leave(steps: list[Step], kinds: frozenset[EntryKind]) -> None:
    history = History(kinds, eager=False)
    for step in steps:
        history.step(step)
        assert history.seen() == (history.heap.count("free"), history.heap.count("held"))
        history.opened.expect_whole()


@given(STEPS, KINDS)
def test_it_makes_no_difference_how_often_somebody_settles(steps: list[Step], kinds: frozenset[EntryKind]) -> None:
    lazy, eager = History(kinds, eager=False), History(kinds, eager=True)
    for step in steps:
        lazy.step(step)
        eager.step(step)
        assert lazy.seen() == eager.seen()
    lazy.opened.book.settle(lazy.now)
    assert lazy.opened.entries() == eager.opened.entries()
