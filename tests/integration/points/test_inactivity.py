"""Points that lapse when their owner has not been active, on the real database, with and without the job."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from kit.page import PageRequest
from services.points import handlers, jobs, tables
from services.points.domain.earning.expiry import Expiry, ExpiryKind, TierExpiry
from services.points.domain.ledger.accounts import AccountKey, Entry, EntryKind
from services.points.domain.ledger.liability import Outlook
from services.points.domain.ledger.statement import Period
from services.points.domain.ledger.transfers import TransferPolicy
from services.points.domain.program.policy import KnownMember, MemberStatus
from services.points.domain.sales.sale import Sale
from services.points.storage import BookRequest
from tests.factories import points as make
from tests.integration.points.busy import spend
from tests.integration.points.conftest import TILL, Points

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
TEN_DAYS = Expiry(ExpiryKind.INACTIVITY, days=10)


def buy(points: Points, member_id: uuid.UUID, *, days_ago: int = 0, currency: str = "GBP") -> Sale:
    """Ten points of every rule that says so."""
    sale = replace(make.a_sale(occurred_at=points.clock.now() - days_ago * DAY), currency=currency)
    points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    return sale


def available(points: Points, member_id: uuid.UUID) -> int:
    return points.account(member_id).available


def run_job(points: Points) -> None:
    while jobs.settle_overdue_accounts(points.storage, points.committer, limit=2):
        pass


def entries(points: Points, member_id: uuid.UUID) -> list[Entry]:
    """Oldest first."""
    key = AccountKey(make.PROGRAM, member_id, "points")
    with points.storage.transaction() as tx:
        return tx.accounts.entries(key, PageRequest(50))[::-1]


def due_at(points: Points, member_id: uuid.UUID) -> datetime | None:
    table = tables.accounts
    with points.engine.connect() as connection:
        found: datetime | None = connection.scalar(
            sa.select(table.c.inactivity_due_at).where(table.c.member_id == member_id)
        )
        return found


# ---- Ends ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("job", [False, True])
def test_points_last_while_something_is_earned_or_spent_and_lapse_when_nothing_is(points: Points, job: bool) -> None:
    points.rule(expiry=TEN_DAYS)
    member_id = points.member()
    seen = []
    for days, act in ((0, True), (9, True), (9, False), (1, True), (5, False), (5, False)):
        points.clock.advance(days=days)
        if job:
            run_job(points)
        seen.append(available(points, member_id))
        if act:
            buy(points, member_id)
    assert seen == [0, 10, 20, 0, 10, 0]

    run_job(points)
    told = [(entry.kind.value, entry.amount, entry.counted) for entry in entries(points, member_id)]
    assert told == [
        ("earn", 10, True),
        ("earn", 10, True),
        *[("expiry", -10, False)] * 2,
        ("earn", 10, True),
        ("expiry", -10, False),
    ]
    assert {entry.occurred_at for entry in entries(points, member_id) if entry.inactivity_days} == {
        make.NOON + 19 * DAY,
        make.NOON + 29 * DAY,
    }


def test_spending_is_activity_and_so_keeps_the_rest(points: Points) -> None:
    points.rule(expiry=TEN_DAYS)
    member_id = points.member()
    buy(points, member_id)
    points.clock.advance(days=9)
    spend(points, member_id, 3)
    points.clock.advance(days=9)
    assert available(points, member_id) == 7
    assert points.account(member_id).active_at == make.NOON + 9 * DAY
    points.clock.advance(days=1)
    assert available(points, member_id) == 0


def test_what_the_program_does_not_count_keeps_nothing(points: Points) -> None:
    points.rule(expiry=TEN_DAYS)
    member_id = points.member()
    buy(points, member_id)
    points.clock.advance(days=9)
    points.give(member_id, 1)
    points.clock.advance(days=1)
    assert available(points, member_id) == 1


def test_a_program_may_count_something_else_for_what_comes_from_now_on(points: Points) -> None:
    points.rule(expiry=TEN_DAYS)
    member_id = points.member()
    buy(points, member_id)
    points.policy(inactivity_activities=(EntryKind.ADJUSTMENT,))
    points.clock.advance(days=9)
    points.give(member_id, 1)
    points.clock.advance(days=9)
    spend(points, member_id, 1)
    assert [entry.counted for entry in entries(points, member_id)] == [True, True, False]
    points.clock.advance(days=1)
    assert available(points, member_id) == 1
    assert points.policies.get_program_policy(make.PROGRAM).counted_kinds == {EntryKind.ADJUSTMENT}


def test_members_of_a_tier_may_keep_points_whatever_they_do(points: Points) -> None:
    points.rule(expiry=Expiry(ExpiryKind.NEVER), expiry_by_tier=(TierExpiry("basic", TEN_DAYS),))
    basic, other = points.member(), points.member()
    points.people.standings[basic] = KnownMember(basic, make.PROGRAM, MemberStatus.ACTIVE, 1, "basic")
    for member_id in (basic, other):
        buy(points, member_id)
    points.clock.advance(days=10)
    assert (available(points, basic), available(points, other)) == (0, 10)


def test_a_late_upload_counts_from_when_it_occurred_and_revives_nothing(points: Points) -> None:
    points.rule(expiry=TEN_DAYS)
    late, too_late = points.member(), points.member()
    for member_id in (late, too_late):
        buy(points, member_id)
    points.clock.advance(days=9)
    buy(points, late, days_ago=4)
    points.clock.advance(days=2)
    buy(points, too_late, days_ago=4)
    assert (available(points, late), available(points, too_late)) == (20, 10)
    points.clock.advance(days=4)
    assert (available(points, late), available(points, too_late)) == (0, 10)


def test_what_is_told_of_when_it_is_long_over_lapses_at_once(points: Points) -> None:
    points.rule(expiry=TEN_DAYS, starts_at=make.LONG_AGO)
    member_id = points.member()
    buy(points, member_id, days_ago=11)
    assert available(points, member_id) == 0
    run_job(points)
    assert [entry.amount for entry in entries(points, member_id)] == [10, -10]


def test_a_wallet_is_active_by_itself(points: Points) -> None:
    points.rule(expiry=TEN_DAYS)
    points.rule(name="Stars", wallet="stars", currency="PKR")
    member_id = points.member()
    buy(points, member_id)
    points.clock.advance(days=9)
    buy(points, member_id, currency="PKR")
    points.clock.advance(days=1)
    assert available(points, member_id) == 0


# ---- Spending, giving back, giving away ------------------------------------------------------------------------------


def test_what_ends_first_is_spent_first_whatever_it_ends_for(points: Points) -> None:
    points.rule(expiry=TEN_DAYS)
    member_id = points.member()
    points.give(member_id, 1)
    points.give(member_id, 2, expiry_days=5)
    points.give(member_id, 3, expiry_days=15)
    buy(points, member_id)
    spend(points, member_id, 7)
    assert remaining(points, member_id) == {1: 1, 2: 0, 3: 3, 10: 5}
    points.clock.advance(days=9)
    # This takes what would end tomorrow, and puts its end off.
    spend(points, member_id, 1)
    assert remaining(points, member_id) == {1: 1, 2: 0, 3: 3, 10: 4}
    spend(points, member_id, 4)
    assert remaining(points, member_id) == {1: 1, 2: 0, 3: 0, 10: 3}


def remaining(points: Points, member_id: uuid.UUID) -> dict[int, int]:
    """What is left of lots by what they began with."""
    table = tables.lots
    with points.engine.connect() as connection:
        query = sa.select(table.c.units, table.c.remaining).where(table.c.member_id == member_id)
        return {row.units: row.remaining for row in connection.execute(query)}


def test_what_comes_back_to_a_lot_that_has_ended_lapses_at_once(points: Points) -> None:
    points.rule(expiry=TEN_DAYS)
    member_id = points.member()
    buy(points, member_id)
    hold_id = spend(points, member_id, 3)
    points.clock.advance(days=11)
    buy(points, member_id)
    points.holds.reverse_capture(TILL, make.reverse_capture(member_id, hold_id)).unwrap()
    assert available(points, member_id) == 10
    assert [entry.amount for entry in entries(points, member_id)] == [10, -3, -7, 10, 3, -3]


def test_given_points_last_by_the_activity_of_whoever_has_them(points: Points) -> None:
    points.policy(transfers=TransferPolicy())
    points.rule(expiry=TEN_DAYS)
    sender, idle, busy = points.member(), points.member(), points.member()
    buy(points, sender)
    points.clock.advance(days=4)
    for recipient in (idle, busy):
        points.transfers.transfer_points(TILL, make.transfer_points(sender, recipient, 4)).unwrap()
    points.clock.advance(days=5)
    buy(points, busy)
    points.clock.advance(days=1)
    assert [available(points, each) for each in (sender, idle, busy)] == [0, 0, 14]
    run_job(points)


# ---- The job ---------------------------------------------------------------------------------------------------------


def test_the_job_looks_when_something_may_end_and_then_not_before_the_next_time(points: Points) -> None:
    points.rule(expiry=TEN_DAYS)
    member_id = points.member()
    buy(points, member_id)
    points.clock.advance(days=4)
    buy(points, member_id)
    assert due_at(points, member_id) == make.NOON + 10 * DAY

    points.clock.advance(days=6)
    with points.storage.transaction() as tx:
        assert len(tx.accounts.overdue(tx.now, 10)[0]) == 1
    run_job(points)
    assert due_at(points, member_id) == make.NOON + 14 * DAY
    assert len(entries(points, member_id)) == 2
    with points.storage.transaction() as tx:
        assert tx.accounts.overdue(tx.now, 10) == ([], False)

    points.clock.advance(days=4)
    run_job(points)
    assert due_at(points, member_id) is None
    assert [entry.kind for entry in entries(points, member_id)][2:] == [EntryKind.EXPIRY] * 2


def test_the_job_comes_to_an_end_while_a_hold_keeps_what_is_over(points: Points) -> None:
    points.rule(expiry=TEN_DAYS)
    member_id = points.member()
    buy(points, member_id)
    command = make.place_hold(member_id, 10, timeout_s=20 * 86_400)
    points.holds.place_hold(TILL, command).unwrap()
    points.clock.advance(days=10)
    run_job(points)
    with points.storage.transaction() as tx:
        assert tx.accounts.overdue(tx.now, 10) == ([], False)
    buy(points, member_id)
    points.clock.advance(days=10)
    run_job(points)
    assert points.account(member_id).posted == 0


def test_a_purchase_and_the_job_at_the_same_instant_agree_on_what_has_lapsed(points: Points) -> None:
    points.rule(expiry=TEN_DAYS)
    members = [points.member() for _ in range(8)]
    for member_id in members:
        buy(points, member_id)
    points.clock.advance(days=10)
    barrier = threading.Barrier(len(members) + 1)

    def purchase(member_id: uuid.UUID) -> None:
        barrier.wait()
        buy(points, member_id)

    def job() -> None:
        barrier.wait()
        run_job(points)

    threads = [threading.Thread(target=purchase, args=(member_id,)) for member_id in members]
    threads.append(threading.Thread(target=job))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for member_id in members:
        assert sorted(entry.amount for entry in entries(points, member_id)) == [-10, 10, 10]
        assert available(points, member_id) == 10


def test_who_only_earns_opens_no_lot_but_what_is_due(points: Points) -> None:
    points.rule(expiry=TEN_DAYS)
    points.rule(name="Short", expiry=Expiry(ExpiryKind.INACTIVITY, days=3), currency="PKR")
    member_id = points.member()
    buy(points, member_id)
    buy(points, member_id, currency="PKR")
    points.clock.advance(days=1)
    assert opened_lots(points, member_id) == (0, 20)
    points.clock.advance(days=2)
    assert opened_lots(points, member_id) == (1, 10)
    points.clock.advance(days=7)
    assert opened_lots(points, member_id) == (2, 0)


def opened_lots(points: Points, member_id: uuid.UUID) -> tuple[int, int]:
    """How many lots a purchase would open, and what lies in those that stay closed."""
    key = AccountKey(make.PROGRAM, member_id, "points")
    with points.storage.transaction() as tx:
        book = tx.accounts.open([BookRequest(key, only_credited=True)], tx.now, lock=False)[key]
    return len(book._lots), book._closed.spendable


# ---- What is owed ----------------------------------------------------------------------------------------------------


def outlook(points: Points, end: datetime) -> Outlook:
    reports = handlers.ReportHandlers(points.storage)
    return reports.get_liability(make.PROGRAM, "points", Period(make.LONG_AGO, end), 365, None).outlook


def months(told: Outlook) -> dict[str, int]:
    return {month: units for month, units in told.by_month if units}


def test_it_is_told_when_points_will_lapse_if_nobody_is_active_again(points: Points) -> None:
    points.rule(expiry=Expiry(ExpiryKind.INACTIVITY, days=40))
    lasting, over = points.member(), points.member()
    buy(points, lasting)
    buy(points, over)
    first = points.clock.now() + TICK
    assert months(outlook(points, first)) == {"2026-04": 20}

    points.clock.advance(days=35)
    buy(points, lasting)
    second = points.clock.now() + TICK
    assert months(outlook(points, second)) == {"2026-04": 10, "2026-05": 20}

    points.clock.advance(days=6)
    third = points.clock.now() + TICK
    before = outlook(points, third)
    assert (before.lapsed, months(before)) == (10, {"2026-05": 20})
    points.clock.advance(seconds=1)
    run_job(points)
    points.clock.advance(days=50)
    run_job(points)

    # What was told of a day is told of it for good.
    assert months(outlook(points, first)) == {"2026-04": 20}
    assert months(outlook(points, second)) == {"2026-04": 10, "2026-05": 20}
    assert outlook(points, third) == before


def test_what_is_pending_is_not_told_to_lapse_before_it_could_be_spent(points: Points) -> None:
    points.rule(pending_days=5, expiry=Expiry(ExpiryKind.INACTIVITY, days=3))
    buy(points, points.member())
    points.clock.advance(days=4)
    told = outlook(points, points.clock.now() + TICK)
    assert (told.lapsed, sum(months(told).values())) == (0, 10)
