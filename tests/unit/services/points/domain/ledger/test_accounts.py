"""Lots: when they can be spent, and in which order."""

from __future__ import annotations

import random
from datetime import timedelta

from services.points.domain.ledger.accounts import CONTRA_OF, Contra, EntryKind, spending_order
from tests.unit.services.points.domain.opened import DAY, NOW, a_lot

MOMENT = timedelta(microseconds=1)


def test_a_lot_can_be_spent_from_when_it_is_available_until_it_expires() -> None:
    lot = a_lot(1, pends=1, expires_in=3)
    instants = [NOW, NOW + DAY - MOMENT, NOW + DAY, NOW + 3 * DAY - MOMENT, NOW + 3 * DAY]
    assert [lot.is_spendable(now, None) for now in instants] == [False, False, True, True, False]
    assert [lot.has_lapsed(now, None) for now in instants] == [False, False, False, False, True]
    assert not a_lot(1).has_lapsed(NOW + 100_000 * DAY, None)


def test_lots_are_spent_by_expiry_then_age_then_identity() -> None:
    older, newer = a_lot(1, available_at=NOW - 9 * DAY), a_lot(1)
    same = a_lot(1)
    ordered = [a_lot(1, expires_in=1), a_lot(1, expires_in=2), older, newer, same]
    shuffled = random.Random(1).sample(ordered, len(ordered))
    assert sorted(shuffled, key=lambda lot: spending_order(lot, None)) == ordered


def test_every_kind_of_entry_has_its_other_side() -> None:
    assert CONTRA_OF.keys() == set(EntryKind)
    assert set(CONTRA_OF.values()) == set(Contra)
