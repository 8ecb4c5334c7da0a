"""One account under every operation: what each does, what none may break, and that a no changes nothing."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias, TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kit.errors import Refusal
from services.points.domain.errors import (
    HoldNotCaptured,
    HoldNotFound,
    HoldNotOpen,
    InsufficientBalance,
    ReversalExceedsCapture,
)
from services.points.domain.ledger.accounts import Account, Cause, ClosedLots, Hold, HoldPart, HoldState
from services.points.domain.ledger.book import Book
from services.points.domain.ledger.open_account import Changes
from services.points.domain.ledger.portions import Taken
from services.points.domain.program.policy import Shortfall
from tests.unit.services.points.domain.opened import DAY, KEY, NOW, Opened, a_hold, a_lot, an_earning, counted

PURCHASE, RULE = uuid.uuid4(), uuid.uuid4()
BOUGHT = Cause(purchase_id=PURCHASE)
RETURN = Cause(return_id=uuid.uuid4())
BY_HAND = Cause(reason="goodwill", actor="Amina")


def hold(opened: Opened, amount: int) -> Hold:
    return opened.book.place_hold(uuid.uuid4(), amount, 30 * DAY, "", NOW)


def take_back(opened: Opened, points: int, policy: Shortfall = Shortfall.CARRY) -> Taken:
    return opened.book.take_back(points, PURCHASE, RULE, RETURN, policy, NOW)


# ---- settle


def test_a_lot_whose_time_is_over_lapses_at_that_instant_and_is_dated_so() -> None:
    lot = a_lot(10, expires_in=1)
    opened = Opened(lot)

    opened.book.settle(NOW + DAY - timedelta(microseconds=1))
    assert opened.entries() == []
    opened.book.settle(NOW + DAY)

    assert opened.entries() == [("expiry", -10)]
    (entry,) = opened.changes.entries
    assert (entry.occurred_at, entry.recorded_at) == (lot.expires_at, NOW + DAY)
    assert (opened.lot(lot).remaining, opened.lot(lot).lapsed) == (0, 10)
    opened.expect_whole()


def test_settling_twice_is_settling_once() -> None:
    lot = a_lot(10, expires_in=1)
    opened = Opened(lot, holds=[a_hold((lot, 4), ends_in=1)])
    opened.book.settle(NOW + DAY)
    once = opened.changes
    opened.book.settle(NOW + DAY)
    assert opened.changes == once


def test_what_is_held_of_a_lot_outlives_its_time() -> None:
    lot = a_lot(10, expires_in=1)
    opened = Opened(lot, holds=[a_hold((lot, 4))])

    opened.book.settle(NOW + 2 * DAY)

    assert opened.entries() == [("expiry", -6)]
    assert (opened.lot(lot).remaining, opened.lot(lot).held) == (4, 4)
    opened.expect_whole()


def test_a_hold_ends_when_its_time_is_over_and_says_when_that_was() -> None:
    lot = a_lot(10)
    waiting = a_hold((lot, 4), ends_in=1)
    opened = Opened(lot, holds=[waiting])

    opened.book.settle(NOW + 5 * DAY)

    ended = opened.book.hold(waiting.hold_id)
    assert (ended.state, ended.ended_at) == (HoldState.EXPIRED, waiting.expires_at)
    assert opened.entries() == []
    opened.expect_whole()


def test_of_several_holds_that_are_over_the_one_that_ended_first_is_freed_first() -> None:
    # At the third day five units of the short lot make up for the deficit and five are left to lapse at the fifth; the
    # long lot, free from the eighth day on, is whole.
    long, short = a_lot(10), a_lot(10, expires_in=5)
    holds = [a_hold((long, 10), ends_in=8), a_hold((short, 10), ends_in=3)]
    opened = Opened(long, short, holds=holds, deficit=5)

    opened.book.settle(NOW + 9 * DAY)

    assert opened.entries() == [("expiry", -5)]
    assert opened.available(NOW + 9 * DAY) == 10
    opened.expect_whole()


# ---- earn


def test_an_earn_makes_a_lot_of_its_own_with_the_times_that_the_rule_said() -> None:
    opened = Opened()
    earning = an_earning(10, pending_days=2, expiry_days=30)

    entry = opened.book.earn(earning, BOUGHT, NOW, NOW)

    assert entry is not None
    assert (entry.amount, entry.cause.purchase_id, entry.earning) == (10, PURCHASE, earning)
    (lot,) = opened.changes.lots
    assert (lot.units, lot.remaining, lot.purchase_id, lot.rule_id) == (10, 10, PURCHASE, earning.rule_id)
    assert (lot.available_at, lot.expires_at) == (NOW + 2 * DAY, NOW + 32 * DAY)
    view = opened.book.view(NOW)
    assert (view.posted, view.pending, view.available, view.version) == (10, 10, 0, 2)
    opened.expect_whole()


def test_a_rule_that_gave_nothing_leaves_no_entry() -> None:
    opened = Opened()
    assert opened.book.earn(an_earning(0), BOUGHT, NOW, NOW) is None
    assert opened.entries() == []


def test_a_credit_pays_first_what_is_below_zero_and_then_what_is_owed() -> None:
    opened = Opened(deficit=3, owed=4)

    opened.book.earn(an_earning(10), BOUGHT, NOW, NOW)

    # What was below zero needs no entry: the balance has said it all along.
    assert opened.entries() == [("earn", 10), ("recovery", -4)]
    view = opened.book.view(NOW)
    assert (view.posted, view.available, view.owed) == (3, 3, 0)
    opened.expect_whole()


def test_pending_points_pay_what_is_owed_too() -> None:
    opened = Opened(owed=4)
    opened.book.earn(an_earning(10, pending_days=5), BOUGHT, NOW, NOW)
    assert opened.entries() == [("earn", 10), ("recovery", -4)]
    assert opened.book.view(NOW).pending == 6


# ---- adjust


def test_points_given_by_hand_are_a_lot_that_expires_when_said() -> None:
    opened = Opened()
    opened.book.adjust(7, BY_HAND, NOW + DAY, NOW)
    assert (opened.available(NOW), opened.available(NOW + DAY)) == (7, 0)
    assert opened.changes.entries[0].cause == BY_HAND
    opened.expect_whole()


def test_points_taken_by_hand_are_those_that_expire_first() -> None:
    forever, later, sooner = a_lot(5), a_lot(5, expires_in=9), a_lot(5, expires_in=3)
    opened = Opened(forever, later, sooner)

    opened.book.adjust(-7, BY_HAND, None, NOW)

    assert [opened.lot(lot).remaining for lot in (sooner, later, forever)] == [0, 3, 5]
    assert opened.entries() == [("adjustment", -7)]
    opened.expect_whole()


def test_of_lots_that_expire_together_the_older_goes_first() -> None:
    older, newer = a_lot(5, available_at=NOW - 9 * DAY), a_lot(5)
    opened = Opened(newer, older)
    opened.book.adjust(-5, BY_HAND, None, NOW)
    assert [opened.lot(lot).remaining for lot in (older, newer)] == [0, 5]


# ---- place, capture, release


def test_a_hold_takes_lots_in_spending_order_and_leaves_what_is_pending() -> None:
    pending, forever, soon = a_lot(5, pends=1), a_lot(5), a_lot(5, expires_in=3)
    opened = Opened(pending, forever, soon)

    placed = hold(opened, 8)

    assert [(part.lot_id, part.units) for part in placed.parts] == [(soon.lot_id, 5), (forever.lot_id, 3)]
    assert (placed.placed_at, placed.expires_at) == (NOW, NOW + 30 * DAY)
    view = opened.book.view(NOW)
    assert (view.posted, view.held, view.pending, view.available) == (15, 8, 5, 2)
    assert opened.entries() == []
    opened.expect_whole()


def test_a_capture_of_nothing_said_spends_all() -> None:
    opened = Opened(a_lot(10))
    placed = hold(opened, 6)

    ended = opened.book.capture(placed.hold_id, 0, NOW)

    assert (ended.state, ended.captured, ended.captured_version) == (HoldState.CAPTURED, 6, 2)
    assert opened.entries() == [("spend", -6)]
    assert opened.available() == 4
    opened.expect_whole()


def test_a_capture_of_a_part_spends_the_parts_in_their_order_and_frees_the_rest() -> None:
    soon, forever = a_lot(5, expires_in=3), a_lot(5)
    opened = Opened(soon, forever)
    placed = hold(opened, 8)

    ended = opened.book.capture(placed.hold_id, 6, NOW)

    assert [part.captured for part in ended.parts] == [5, 1]
    assert [opened.lot(lot).remaining for lot in (soon, forever)] == [0, 4]
    assert opened.available() == 4
    opened.expect_whole()


def test_what_a_capture_frees_of_a_lot_that_is_over_lapses_at_once() -> None:
    lot = a_lot(10, expires_in=1)
    waiting = a_hold((lot, 10))
    opened = Opened(lot, holds=[waiting])
    opened.book.capture(waiting.hold_id, 4, NOW + 2 * DAY)
    assert opened.entries() == [("spend", -4), ("expiry", -6)]
    opened.expect_whole()


def test_what_a_release_frees_of_a_lot_that_is_over_lapses_at_once() -> None:
    lot = a_lot(10, expires_in=1)
    waiting = a_hold((lot, 10))
    opened = Opened(lot, holds=[waiting])
    assert opened.book.release(waiting.hold_id, NOW + 2 * DAY).state is HoldState.RELEASED
    assert opened.entries() == [("expiry", -10)]
    opened.expect_whole()


@pytest.mark.parametrize("end", ["release", "capture"])
def test_what_is_freed_makes_up_for_what_is_below_zero(end: str) -> None:
    lot = a_lot(10)
    waiting = a_hold((lot, 10))
    opened = Opened(lot, holds=[waiting], deficit=4)

    if end == "release":
        opened.book.release(waiting.hold_id, NOW)
    else:
        opened.book.capture(waiting.hold_id, 5, NOW)

    assert opened.changes.account.deficit == 0
    assert opened.available() == (6 if end == "release" else 1)
    opened.expect_whole()


# ---- reverse


def test_a_reversal_returns_units_to_their_lots_and_names_the_entry_it_corrects() -> None:
    soon, forever = a_lot(5, expires_in=3), a_lot(5)
    opened = Opened(soon, forever)
    placed = hold(opened, 8)
    captured = opened.book.capture(placed.hold_id, 6, NOW)

    after = opened.book.reverse_capture(placed.hold_id, "changed their mind", NOW)

    assert (after.state, after.reversed_at) == (HoldState.CAPTURED, NOW)
    assert opened.entries() == [("spend", -6), ("reversal", 6)]
    assert opened.changes.entries[-1].cause.corrects_version == captured.captured_version
    assert [opened.lot(lot).remaining for lot in (soon, forever)] == [5, 5]
    opened.expect_whole()


def test_a_capture_comes_back_in_parts_last_spent_first_and_never_more_than_was_spent() -> None:
    soon, forever = a_lot(5, expires_in=1), a_lot(5)
    opened = Opened(soon, forever)
    placed = hold(opened, 8)
    opened.book.capture(placed.hold_id, 7, NOW)

    def left_in_lots() -> list[int]:
        return [opened.lot(lot).remaining for lot in (soon, forever)]

    assert left_in_lots() == [0, 3]
    after = opened.book.reverse_capture(placed.hold_id, "one of three", NOW, 1)
    assert (left_in_lots(), after.reversed, after.reversed_at) == ([0, 4], 1, None)
    opened.book.reverse_capture(placed.hold_id, "two of three", NOW, 3)
    assert left_in_lots() == [2, 5]
    with pytest.raises(ReversalExceedsCapture) as refused:
        opened.book.reverse_capture(placed.hold_id, "too much", NOW, 4)
    assert refused.value.metadata == {"asked": "4", "left": "3"}
    after = opened.book.reverse_capture(placed.hold_id, "the rest", NOW)
    assert (left_in_lots(), after.reversed, after.reversed_at) == ([5, 5], 7, NOW)
    with pytest.raises(HoldNotCaptured):
        opened.book.reverse_capture(placed.hold_id, "once more", NOW, 1)
    assert opened.entries() == [("spend", -7), ("reversal", 1), ("reversal", 3), ("reversal", 3)]
    opened.expect_whole()


def test_a_reversal_into_a_lot_that_is_over_lapses_at_once() -> None:
    lot = a_lot(10, expires_in=1)
    opened = Opened(lot)
    placed = hold(opened, 10)
    opened.book.capture(placed.hold_id, 0, NOW)
    opened.book.reverse_capture(placed.hold_id, "late", NOW + 2 * DAY)
    assert opened.entries() == [("spend", -10), ("reversal", 10), ("expiry", -10)]
    opened.expect_whole()


def test_a_reversal_is_a_credit_and_pays_what_is_owed() -> None:
    opened = Opened(a_lot(10, purchase_id=PURCHASE, rule_id=RULE))
    placed = hold(opened, 10)
    opened.book.capture(placed.hold_id, 0, NOW)
    take_back(opened, 7)

    opened.book.reverse_capture(placed.hold_id, "changed their mind", NOW)

    assert opened.entries() == [("spend", -10), ("reversal", 10), ("recovery", -7)]
    assert opened.changes.account.owed == 0
    opened.expect_whole()


# ---- take back


def test_a_return_is_paid_by_its_own_lot_first_and_by_what_is_pending_last() -> None:
    soon, pending = a_lot(5, expires_in=1), a_lot(5, pends=1)
    own = a_lot(5, purchase_id=PURCHASE, rule_id=RULE)
    opened = Opened(pending, soon, own)

    assert take_back(opened, 12) == Taken(from_lots=12)

    assert [opened.lot(lot).remaining for lot in (own, soon, pending)] == [0, 0, 3]
    assert opened.entries() == [("return", -12)]
    opened.expect_whole()


def test_a_lot_that_another_rule_made_of_the_purchase_does_not_go_first() -> None:
    other = a_lot(5, purchase_id=PURCHASE, rule_id=uuid.uuid4())
    own = a_lot(5, purchase_id=PURCHASE, rule_id=RULE, available_at=NOW)
    opened = Opened(other, own)
    take_back(opened, 5)
    assert [opened.lot(lot).remaining for lot in (own, other)] == [0, 5]


def test_what_has_lapsed_of_the_own_lot_is_forgiven_once() -> None:
    own = a_lot(10, expires_in=1, remaining=0, lapsed=10, purchase_id=PURCHASE, rule_id=RULE)
    opened = Opened(own, a_lot(9))

    assert take_back(opened, 6) == Taken(forgiven=6)
    assert opened.entries() == []
    assert take_back(opened, 6) == Taken(from_lots=2, forgiven=4)

    assert opened.lot(own).forgiven == 10
    assert opened.available() == 7
    opened.expect_whole()


@pytest.mark.parametrize(
    ("policy", "entries", "posted", "owed"),
    [(Shortfall.CARRY, [("return", -4)], 0, 6), (Shortfall.NEGATIVE, [("return", -10)], -6, 0)],
)
def test_what_is_missing_is_owed_or_below_zero_as_the_policy_says(
    policy: Shortfall, entries: list[tuple[str, int]], posted: int, owed: int
) -> None:
    opened = Opened(a_lot(4))

    assert take_back(opened, 10, policy) == Taken(from_lots=4, shortfall=6)

    assert opened.entries() == entries
    view = opened.book.view(NOW)
    assert (view.posted, view.available, view.owed) == (posted, posted, owed)
    opened.expect_whole()


def test_a_return_that_finds_nothing_and_may_not_overdraw_leaves_no_entry() -> None:
    opened = Opened()
    assert not opened.book.account_changed
    assert take_back(opened, 10) == Taken(shortfall=10)
    assert opened.entries() == []
    assert opened.changes.account.owed == 10
    assert opened.book.account_changed


def test_what_is_held_does_not_pay_a_return() -> None:
    lot = a_lot(10, purchase_id=PURCHASE, rule_id=RULE)
    opened = Opened(lot, holds=[a_hold((lot, 7))])
    assert take_back(opened, 10) == Taken(from_lots=3, shortfall=7)
    opened.expect_whole()


def test_the_shortfall_that_is_foreseen_is_the_one_that_comes() -> None:
    other_rule = uuid.uuid4()
    own = a_lot(10, remaining=0, lapsed=4, purchase_id=PURCHASE, rule_id=RULE)
    opened = Opened(own, a_lot(5))
    dues = [(RULE, 10), (other_rule, 2)]

    preview = opened.book.shortfall_of(dues, PURCHASE, NOW)

    assert opened.entries() == []
    taken = [
        opened.book.take_back(points, PURCHASE, rule_id, RETURN, Shortfall.CARRY, NOW).shortfall
        for rule_id, points in dues
    ]
    assert preview == sum(taken) == 3


# ---- a no changes nothing

LOT = a_lot(10)
WAITING = a_hold((LOT, 6))
RELEASED = a_hold((LOT, 6), state=HoldState.RELEASED, ended_at=NOW)
REVERSED = a_hold(
    parts=(HoldPart(LOT.lot_id, 6, captured=6, reversed=6),),
    amount=6,
    state=HoldState.CAPTURED,
    captured=6,
    captured_version=1,
    ended_at=NOW,
    reversed=6,
    reversed_at=NOW,
)
LATE = a_hold((LOT, 1), ends_in=0)

REFUSED: dict[str, tuple[type[Refusal], Callable[[Book], object]]] = {
    "a hold of more than is available": (
        InsufficientBalance,
        lambda book: book.place_hold(uuid.uuid4(), 5, DAY, "", NOW),
    ),
    "taking more than is available": (InsufficientBalance, lambda book: book.adjust(-5, BY_HAND, None, NOW)),
    "capturing what is not there": (HoldNotFound, lambda book: book.capture(uuid.uuid4(), 0, NOW)),
    "capturing what was released": (HoldNotOpen, lambda book: book.capture(RELEASED.hold_id, 0, NOW)),
    "capturing what has ended by itself": (HoldNotOpen, lambda book: book.capture(LATE.hold_id, 0, NOW)),
    "releasing what is not there": (HoldNotFound, lambda book: book.release(uuid.uuid4(), NOW)),
    "releasing what was released": (HoldNotOpen, lambda book: book.release(RELEASED.hold_id, NOW)),
    "releasing what was captured": (HoldNotOpen, lambda book: book.release(REVERSED.hold_id, NOW)),
    "reversing what is not there": (HoldNotFound, lambda book: book.reverse_capture(uuid.uuid4(), "", NOW)),
    "reversing what is open": (HoldNotCaptured, lambda book: book.reverse_capture(WAITING.hold_id, "", NOW)),
    "reversing what was released": (HoldNotCaptured, lambda book: book.reverse_capture(RELEASED.hold_id, "", NOW)),
    "reversing twice": (HoldNotCaptured, lambda book: book.reverse_capture(REVERSED.hold_id, "", NOW)),
    "reading what is not there": (HoldNotFound, lambda book: book.hold(uuid.uuid4())),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_changes_nothing(case: str) -> None:
    refusal, ask = REFUSED[case]
    opened = Opened(replace(LOT), holds=[WAITING, RELEASED, REVERSED, LATE])
    opened.book.settle(NOW)  # what time alone does is no change of the refused operation's
    before: Changes = opened.changes

    with pytest.raises(refusal):
        ask(opened.book)

    assert opened.changes == before
    opened.expect_whole()


def test_the_refusal_says_how_many_are_missing() -> None:
    opened = Opened(a_lot(10), a_lot(90, pends=1))
    with pytest.raises(InsufficientBalance) as refused:
        hold(opened, 12)
    assert refused.value.metadata == {"required": "12", "available": "10", "missing": "2"}


# ---- view


def test_a_view_takes_time_into_account_and_changes_nothing() -> None:
    lapsing, holding, pending = a_lot(10, expires_in=1), a_lot(10), a_lot(10, pends=5)
    opened = Opened(lapsing, holding, pending, holds=[a_hold((holding, 4), ends_in=2)])

    seen = [opened.book.view(NOW + days * DAY) for days in (0, 1, 2, 5)]

    assert [(view.held, view.pending, view.available) for view in seen] == [
        (4, 10, 16),
        (4, 10, 6),
        (0, 10, 10),
        (0, 0, 20),
    ]
    assert {view.posted for view in seen} == {30}
    assert opened.changes == Opened(lapsing, holding, pending, holds=opened.holds.values()).changes
    assert seen[0].member_id == KEY.member_id


def test_what_is_below_zero_is_missing_from_what_is_available() -> None:
    assert Opened(deficit=4).available() == -4


# ---- any sequence

Step: TypeAlias = "tuple[str, int, int]"
Thing = TypeVar("Thing")

SMALL = st.integers(1, 9)
WHICH = st.integers(0, 99)
# Enough is earned, and there are steps enough, that most of what is asked for finds something to work on.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("earn"), st.integers(3, 20), st.sampled_from([0, 3, 8])),
        st.tuples(st.just("adjust"), st.integers(-8, 12).filter(bool), st.sampled_from([0, 2, 5])),
        st.tuples(st.just("hold"), SMALL, st.sampled_from([1, 3, 6])),
        st.tuples(st.just("spend"), st.integers(50, 100), st.just(0)),
        st.tuples(st.just("capture"), WHICH, st.integers(0, 6)),
        st.tuples(st.just("release"), WHICH, st.just(0)),
        st.tuples(st.just("reverse"), WHICH, st.just(0)),
        st.tuples(st.just("return"), WHICH, st.integers(1, 20)),
        st.tuples(st.just("wait"), st.integers(1, 3), st.just(0)),
    ),
    min_size=20,
    max_size=50,
)
POLICIES = st.sampled_from([Shortfall.CARRY, Shortfall.NEGATIVE])


def chosen(things: Sequence[Thing], which: int) -> Thing | None:
    """One of the things, or nothing when there is none."""
    return things[which % len(things)] if things else None


class Life:
    """An account to which one thing happens after another; `daily` has a job pass by every midnight."""

    def __init__(self, policy: Shortfall, *, daily: bool = False) -> None:
        self.opened = Opened()
        self.now = NOW
        self._policy = policy
        self._daily = daily
        self._left: list[tuple[uuid.UUID, uuid.UUID, int]] = []
        self._holds: list[Hold] = []

    def live(self, step: Step) -> None:
        name, first, second = step
        with contextlib.suppress(Refusal):
            getattr(self, f"_{name}")(first, second)

    def _earn(self, points: int, expiry_days: int) -> None:
        earning = an_earning(points, occurred_at=self.now, pending_days=expiry_days // 4, expiry_days=expiry_days)
        purchase_id = uuid.uuid4()
        self.opened.book.earn(earning, Cause(purchase_id=purchase_id), self.now, self.now)
        self._left.append((purchase_id, earning.rule_id, points))

    def _adjust(self, amount: int, days: int) -> None:
        expires_at = self.now + days * DAY if days and amount > 0 else None
        self.opened.book.adjust(amount, BY_HAND, expires_at, self.now)

    def _hold(self, amount: int, days: int) -> None:
        self._holds.append(self.opened.book.place_hold(uuid.uuid4(), amount, days * DAY, "", self.now))

    def _spend(self, percent: int, _: int) -> None:
        if amount := max(0, self.opened.available(self.now)) * percent // 100:
            held = self.opened.book.place_hold(uuid.uuid4(), amount, DAY, "", self.now)
            self.opened.book.capture(held.hold_id, 0, self.now)
            self._holds.append(held)

    def _capture(self, which: int, part: int) -> None:
        if held := chosen(self._open_holds(), which):
            self.opened.book.capture(held.hold_id, min(part, held.amount), self.now)

    def _release(self, which: int, _: int) -> None:
        if held := chosen(self._open_holds(), which):
            self.opened.book.release(held.hold_id, self.now)

    def _reverse(self, which: int, _: int) -> None:
        if held := chosen(self._holds, which):
            self.opened.book.reverse_capture(held.hold_id, "why not", self.now)

    def _return(self, which: int, wanted: int) -> None:
        if found := chosen(self._left, which):
            purchase_id, rule_id, left = found
            points = min(wanted, left)
            self._left[self._left.index(found)] = (purchase_id, rule_id, left - points)
            taken = self.opened.book.take_back(points, purchase_id, rule_id, RETURN, self._policy, self.now)
            assert taken.from_lots + taken.shortfall + taken.forgiven == points

    def _open_holds(self) -> list[Hold]:
        """Those that can still be ended: one whose time is over has ended by itself, settled or not."""
        lasting = [held for held in self._holds if held.expires_at > self.now]
        return [held for held in lasting if self.opened.book.hold(held.hold_id).state is HoldState.OPEN]

    def _wait(self, days: int, _: int) -> None:
        for _day in range(days):
            self.now += DAY
            if self._daily:
                self.opened.book.settle(self.now)


@given(STEPS, POLICIES)
def test_whatever_happens_the_account_stays_whole(steps: list[Step], policy: Shortfall) -> None:
    life = Life(policy)
    for step in steps:
        life.live(step)
        life.opened.expect_whole()


@given(STEPS, POLICIES)
@example(
    # Two holds with a deficit between them, the later one on the lot that lasts: it matters which is freed first.
    [
        ("earn", 10, 0),
        ("hold", 10, 6),
        ("adjust", 10, 2),
        ("hold", 10, 1),
        ("return", 0, 5),
        ("wait", 5, 0),
        ("wait", 5, 0),
    ],
    Shortfall.NEGATIVE,
)
def test_it_does_not_matter_whether_a_job_has_passed_by(steps: list[Step], policy: Shortfall) -> None:
    alone, tended = Life(policy), Life(policy, daily=True)
    for step in steps:
        alone.live(step)
        tended.live(step)
        now = alone.now
        seen, told = (
            (view.held, view.pending, view.available, view.owed)
            for view in (alone.opened.book.view(now), tended.opened.book.view(now))
        )
        assert seen == told


# ---- lots left closed


def test_lots_left_closed_count_in_the_balance() -> None:
    account = Account(KEY, posted=37, version=3)
    book = Book(account, [], [], counted(), ClosedLots(pending=7, spendable=30))

    book.earn(an_earning(5), BOUGHT, NOW, NOW)

    seen = book.view(NOW)
    assert (seen.posted, seen.pending, seen.available, seen.version) == (42, 7, 35, 4)


def test_nothing_is_taken_past_lots_left_closed() -> None:
    book = Book(Account(KEY, posted=30, version=1), [], [], counted(), ClosedLots(spendable=30))
    takers: list[Callable[[], object]] = [
        lambda: book.place_hold(uuid.uuid4(), 1, DAY, "", NOW),
        lambda: book.adjust(-1, BY_HAND, None, NOW),
        lambda: book.take_back(1, PURCHASE, RULE, RETURN, Shortfall.CARRY, NOW),
    ]
    for take in takers:
        with pytest.raises(RuntimeError, match="credited or looked at"):
            take()
