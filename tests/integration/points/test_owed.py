"""What is owed is written down, though no entry tells of it before it is paid."""

from __future__ import annotations

import pytest

from kit.page import PageRequest
from services.points.domain.ledger.accounts import EntryKind
from services.points.domain.program.policy import Shortfall
from tests.factories import points as make
from tests.integration.points.busy import buy, spend
from tests.integration.points.conftest import TILL, Points


def test_a_return_that_finds_nothing_left_is_owed_in_full(points: Points) -> None:
    points.rule()
    points.policy(Shortfall.CARRY)
    member_id = points.member()
    sale = buy(points, member_id, 1000)
    spend(points, member_id, 10)

    answer = points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()

    assert (answer.recorded.points_returned, answer.recorded.shortfall) == (10, 10)
    assert answer.account == points.account(member_id)
    assert (points.account(member_id).posted, points.account(member_id).owed) == (0, 10)
    points.give(member_id, 12)
    assert (points.account(member_id).available, points.account(member_id).owed) == (2, 0)


def test_what_is_owed_adds_up_over_returns_and_is_paid_over_credits(points: Points) -> None:
    points.rule()
    member_id = points.member()
    sales = [buy(points, member_id, 1000) for _ in range(2)]
    spend(points, member_id, 20)
    for sale in sales:
        points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    assert points.account(member_id).owed == 20

    owed = []
    for _ in range(3):
        points.give(member_id, 8)
        owed.append(points.account(member_id).owed)

    assert owed == [12, 4, 0]
    assert points.account(member_id).available == 4
    page = points.accounts.list_entries(make.PROGRAM, member_id, "points", PageRequest(50))
    assert [entry.amount for entry in page.items if entry.kind is EntryKind.RECOVERY] == [-4, -8, -8]


@pytest.mark.parametrize("how", ["released", "expired", "captured in part"])
def test_what_a_hold_sets_free_pays_what_is_owed_first(points: Points, how: str) -> None:
    points.rule()
    member_id = points.member()
    sale = buy(points, member_id, 1000)
    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 10, timeout_s=60)).unwrap().hold
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    assert (points.account(member_id).held, points.account(member_id).owed) == (10, 10)

    if how == "released":
        points.holds.release_hold(TILL, make.release_hold(member_id, hold.hold_id)).unwrap()
    elif how == "expired":
        points.clock.advance(seconds=60)
    else:
        points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id, 4)).unwrap()

    account = points.account(member_id)
    assert (account.available, account.owed) == (0, 4 if how == "captured in part" else 0)
    points.give(member_id, 5)
    assert points.account(member_id).available == (1 if how == "captured in part" else 5)
    assert points.findings() == []
