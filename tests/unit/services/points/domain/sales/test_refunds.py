"""Which holds a return may give back, and how its movements count as one."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.points.domain.errors import HoldNotFound, HoldOfRedemption
from services.points.domain.ledger.accounts import Account, AccountKey, Cause, Hold, HoldPart, HoldState
from services.points.domain.ledger.combining import CombiningBook
from services.points.domain.program.policy import Shortfall
from services.points.domain.sales.refunds import PlacedHold, PointsRefund, expect_refundable
from tests.unit.services.points.domain.opened import DAY, KEY, NOW, a_lot, counted

ASKED = PointsRefund(uuid.uuid4(), 0)


def placed(reference: str = "", key: AccountKey = KEY) -> PlacedHold:
    return PlacedHold(ASKED.hold_id, key, reference)


def test_a_hold_of_the_member_may_come_back_and_so_may_one_of_whoever_it_is() -> None:
    assert expect_refundable(placed(), ASKED, KEY.member_id) == placed()
    assert expect_refundable(placed(), ASKED, None) == placed()


def test_a_hold_of_somebody_else_or_nobody_is_not_found() -> None:
    for hold, member_id in ((placed(), uuid.uuid4()), (None, KEY.member_id), (None, None)):
        with pytest.raises(HoldNotFound) as no:
            expect_refundable(hold, ASKED, member_id)
        assert no.value.metadata["hold_id"] == str(ASKED.hold_id)


def test_only_a_reference_to_a_redemption_by_its_id_is_one() -> None:
    for reference in ("redemption 4711", f"Redemption {ASKED.hold_id}", f"redemption {ASKED.hold_id} again", "mug"):
        assert expect_refundable(placed(reference), ASKED, None).reference == reference
    with pytest.raises(HoldOfRedemption):
        expect_refundable(placed(f"redemption {ASKED.hold_id}"), ASKED, None)


def a_book(*, lapses_in: int = 0, captured: int = 10, deficit: int = 0, owed: int = 0) -> tuple[CombiningBook, Hold]:
    """A book whose only lot of 20 is spent, `captured` of it by the hold."""
    lot = a_lot(20, remaining=0, expires_in=lapses_in)
    hold = Hold(
        ASKED.hold_id,
        KEY,
        captured,
        (HoldPart(lot.lot_id, captured, captured),),
        "",
        NOW - DAY,
        NOW,
        HoldState.CAPTURED,
        captured,
        NOW - DAY,
        1,
    )
    return CombiningBook(Account(KEY, -deficit, deficit, owed, 1), [lot], [hold], counted()), hold


@given(back=st.integers(1, 10), due=st.integers(1, 20), owed=st.integers(0, 20), lapsed=st.booleans())
def test_what_comes_back_pays_for_the_goods_then_debts_and_only_then_lapses(
    back: int, due: int, owed: int, lapsed: bool
) -> None:
    book, hold = a_book(owed=owed, lapses_in=1 if lapsed else 0)
    now = NOW + 2 * DAY

    with book.as_one(now):
        book.reverse_capture(hold.hold_id, "return 1", now, back)
        taken = book.take_back(due, uuid.uuid4(), uuid.uuid4(), Cause(return_id=uuid.uuid4()), Shortfall.CARRY, now)

    assert (taken.from_lots, taken.shortfall) == (min(back, due), max(0, due - back))
    left = max(0, back - due - owed)
    assert book.account.owed == max(0, owed + due - back)
    assert book.account.posted == book.view(now).available == (0 if lapsed else left)


@given(back=st.integers(1, 10), due=st.integers(1, 20), deficit=st.integers(0, 20))
def test_below_zero_the_sum_is_the_same(back: int, due: int, deficit: int) -> None:
    book, hold = a_book(deficit=deficit)

    with book.as_one(NOW):
        book.reverse_capture(hold.hold_id, "return 1", NOW, back)
        book.take_back(due, uuid.uuid4(), uuid.uuid4(), Cause(return_id=uuid.uuid4()), Shortfall.NEGATIVE, NOW)

    assert book.account.posted == back - due - deficit
    assert book.account.deficit == max(0, due + deficit - back)


def test_what_is_not_combined_is_settled_each_for_itself() -> None:
    book, hold = a_book(owed=10)
    book.reverse_capture(hold.hold_id, "a mistake", NOW, 10)
    assert (book.account.posted, book.account.owed) == (0, 0)
    with book.as_one(NOW):
        pass
