"""What a program owes, on its real database: exact for any period of a busy history, also a past one."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from kit.errors import Invalid
from services.points import handlers, jobs, tables
from services.points.domain.ledger.accounts import EntryKind
from services.points.domain.ledger.liability import Liability, Valuation
from services.points.domain.ledger.statement import Period
from services.points.domain.program.policy import Shortfall
from services.points.handlers.ledger.reports import LIABILITIES_AT_ONCE_MAX
from tests.factories import points as make
from tests.integration.points.busy import buy, hold, live, spend, started
from tests.integration.points.conftest import TILL, Points
from tests.unit.services.points.domain.histories import net_of

TICK = timedelta(microseconds=1)
WORTH = Valuation(1, 100, 10_000, 0)


@pytest.fixture
def points(databases: Callable[[str], str]) -> Iterator[Points]:
    """The service at the beginning of a busy day."""
    with started(databases("points")) as found:
        yield found


def owed(
    points: Points, period: Period, valuation: Valuation | None = None, program: uuid.UUID = make.PROGRAM
) -> Liability:
    return handlers.ReportHandlers(points.storage).get_liability(program, "points", period, 365, valuation)


def test_a_period_at_the_beginning_of_time_is_answered(points: Points) -> None:
    first = datetime.min.replace(tzinfo=UTC)
    liability = owed(points, Period(first, first + timedelta(days=1)))
    assert (liability.breakage.observed.start, liability.flow.closing) == (first, 0)


def until_now(points: Points) -> Period:
    return Period(make.LONG_AGO, points.clock.now() + TICK)


def history(points: Points) -> list[tuple[EntryKind, int, datetime]]:
    table = tables.entries
    with points.engine.connect() as connection:
        rows = connection.execute(sa.select(table.c.kind, table.c.amount, table.c.recorded_at))
        return [(EntryKind(kind), amount, recorded_at) for kind, amount, recorded_at in rows]


def expect_whole(liability: Liability) -> None:
    """The report agrees with itself."""
    flow, outstanding, outlook = liability.flow, liability.outstanding, liability.outlook
    in_lots = outstanding.pending + sum(outstanding.by_age)
    assert in_lots - outstanding.below_zero == flow.closing
    assert outlook.lapsed + sum(points for _, points in outlook.by_month) + outlook.later + outlook.never == in_lots
    assert min(outstanding.pending, *outstanding.by_age, outstanding.below_zero, outstanding.lapsed_unwritten) >= 0


def busy(points: Points) -> None:
    """A busy day in which something happens every few hours, seen from some days later."""
    live(points)
    points.rule(name="Slow", pending_days=2, expiry_days=40)
    member_id = points.member()
    for hours in (5, 30, 20):
        points.clock.advance(hours=hours)
        buy(points, member_id, 3000)
        points.give(member_id, 9, expiry_days=1)
        spend(points, member_id, 4)
        hold(points, member_id, 2, timeout_s=3600)


def test_any_period_of_a_busy_history_adds_up(points: Points) -> None:
    busy(points)
    entries = history(points)
    instants = sorted({recorded_at + step for *_, recorded_at in entries for step in (TICK * 0, TICK)})
    assert len(instants) > 6
    for start, end in itertools.combinations(instants, 2):
        liability = owed(points, Period(start, end))
        expect_whole(liability)
        assert liability.flow.opening == sum(amount for _, amount, at in entries if at < start)
        assert liability.flow.closing == sum(amount for _, amount, at in entries if at < end)
        moved = [(kind, amount) for kind, amount, at in entries if start <= at < end]
        nets = {kind: sum(each for was, each in moved if was is kind) for kind in EntryKind}
        nets[EntryKind.RETURN] += nets.pop(EntryKind.RECOVERY)
        nets[EntryKind.TRANSFER_OUT] += nets.pop(EntryKind.TRANSFER_IN) + nets.pop(EntryKind.TRANSFER_BACK)
        assert net_of(liability.flow) == nets


def test_the_past_stays_what_it_was_told_to_be(points: Points) -> None:
    """What is told of an instant right away is told again when more has happened."""
    points.policy(Shortfall.NEGATIVE)
    points.rule(pending_days=0, expiry_days=3)
    member_id = points.member()
    told: list[tuple[Period, Liability]] = []
    sales = []
    for _ in range(4):
        points.clock.advance(hours=20)
        sales.append(buy(points, member_id, 1000))
        spend(points, member_id, 7)
        points.clock.advance(seconds=1)
        period = Period(make.LONG_AGO, points.clock.now())
        told.append((period, owed(points, period)))
    points.clock.advance(days=2)
    jobs.settle_overdue_accounts(points.storage, points.committer, limit=100)
    points.returns.record_return(TILL, make.record_return(sales[-1].receipt, ("1", 1000))).unwrap()
    for period, before in told:
        after = owed(points, period)
        assert (after.flow, after.outstanding, after.outlook) == (before.flow, before.outstanding, before.outlook)


def test_it_is_what_the_members_accounts_hold(points: Points) -> None:
    live(points)
    liability = owed(points, until_now(points))
    with points.engine.connect() as connection:
        members = connection.execute(sa.text("SELECT member_id FROM accounts WHERE wallet = 'points'")).scalars().all()
    accounts = [points.account(member_id) for member_id in members]
    assert liability.flow.closing == sum(account.posted for account in accounts)
    assert liability.outstanding.pending == sum(account.pending for account in accounts)
    assert liability.outstanding.below_zero == 8
    spendable = sum(account.available + account.held + account.pending for account in accounts)
    assert liability.flow.closing - liability.outstanding.lapsed_unwritten == spendable


def test_what_lapsed_and_is_not_written_is_told_apart(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 10, expiry_days=1)
    points.give(member_id, 5)
    hold(points, member_id, 4, timeout_s=2 * 86_400)
    points.clock.advance(days=1)
    noon = points.clock.now() + TICK

    before = owed(points, Period(make.LONG_AGO, noon))
    assert (before.flow.closing, before.outstanding.lapsed_unwritten, before.outlook.lapsed) == (15, 6, 10)

    points.clock.advance(minutes=5)
    jobs.settle_overdue_accounts(points.storage, points.committer, limit=100)
    written = owed(points, Period(noon, points.clock.now() + TICK))
    assert (written.flow.opening, written.flow.expired, written.flow.closing) == (15, 6, 9)
    assert (written.outstanding.lapsed_unwritten, written.outlook.lapsed) == (0, 4)
    # Of the noon before it is still told as it was.
    again = owed(points, Period(make.LONG_AGO, noon))
    assert (again.flow, again.outstanding, again.outlook) == (before.flow, before.outstanding, before.outlook)


def test_what_makes_up_for_a_deficit_does_not_lapse_as_well(points: Points) -> None:
    points.policy(Shortfall.NEGATIVE)
    points.rule(expiry_days=1)
    member_id = points.member()
    sale = buy(points, member_id, 1000)
    hold(points, member_id, 10, timeout_s=86_400)
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    assert owed(points, until_now(points)).outstanding.below_zero == 10

    points.clock.advance(days=2)
    liability = owed(points, until_now(points))
    assert (liability.flow.closing, liability.outstanding.lapsed_unwritten) == (0, 0)
    jobs.settle_overdue_accounts(points.storage, points.committer, limit=100)
    assert owed(points, until_now(points)).flow.expired == 0


@pytest.mark.parametrize(
    ("days", "bucket"), [(0, 0), (30, 0), (31, 1), (90, 1), (91, 2), (180, 2), (181, 3), (365, 3), (366, 4), (900, 4)]
)
def test_points_age_from_when_they_could_first_be_spent(points: Points, days: int, bucket: int) -> None:
    points.clock.advance(days=-1000)
    points.give(points.member(), 3)
    points.clock.advance(days=days)
    liability = owed(points, until_now(points))
    assert liability.outstanding.by_age == tuple(3 if number == bucket else 0 for number in range(5))


def test_pending_points_have_no_age_yet_and_expiry_goes_by_calendar_months(points: Points) -> None:
    points.clock.advance(
        seconds=(datetime(2026, 1, 31, 23, tzinfo=points.clock.now().tzinfo) - points.clock.now()).total_seconds()
    )
    member_id = points.member()
    points.rule(pending_days=2, expiry_days=27)
    buy(points, member_id, 1000)
    for days in (1, 28, 760, 0):
        points.give(member_id, max(days, 1), expiry_days=days)
    liability = owed(points, until_now(points))
    assert liability.outstanding.pending == 10
    months = dict(liability.outlook.by_month)
    assert len(months) == 24
    assert next(iter(months)) == "2026-01"
    assert list(months)[-1] == "2027-12"
    # The purchase's lapse on 1 March, the gifts' on 1 and 28 February and in 2028.
    assert {month: units for month, units in months.items() if units} == {"2026-02": 29, "2026-03": 10}
    assert (liability.outlook.later, liability.outlook.never, liability.outlook.lapsed) == (760, 1, 0)


def test_breakage_is_what_expired_of_what_left(points: Points) -> None:
    member_id = points.member()
    assert owed(points, until_now(points)).breakage.breakage_bp is None
    points.give(member_id, 10, expiry_days=1)
    points.give(member_id, 30)
    spend(points, member_id, 7)
    undone = spend(points, member_id, 2)
    points.holds.reverse_capture(TILL, make.reverse_capture(member_id, undone)).unwrap()
    points.clock.advance(days=1)
    jobs.settle_overdue_accounts(points.storage, points.committer, limit=100)
    breakage = owed(points, until_now(points)).breakage
    assert (breakage.expired, breakage.spent, breakage.breakage_bp, breakage.redemption_bp) == (3, 7, 3000, 7000)
    points.clock.advance(days=366)
    assert owed(points, until_now(points)).breakage.breakage_bp is None


def test_revenue_is_deferred_for_points_of_the_period_until_they_are_redeemed(points: Points) -> None:
    """Illustrative Example 52 of IFRS 15, in hundreds: 100 points for 100.00 sold, 45 of them redeemed."""
    points.rule(per_amount_minor=1000)
    member_id = points.member()
    buy(points, member_id, 100_000)
    old = Period(make.LONG_AGO, points.clock.now() + TICK)
    spend(points, member_id, 45)
    undone = spend(points, member_id, 5)
    points.holds.reverse_capture(TILL, make.reverse_capture(member_id, undone)).unwrap()
    deferred = owed(points, old, Valuation(10, 1, 10_000, 9_500)).deferred
    assert deferred is not None
    assert (deferred.points_issued, deferred.points_redeemed, deferred.redemption_bp) == (100, 45, 9_500)
    assert (deferred.standalone_minor, deferred.allocated_minor) == (950, 868)
    assert (deferred.recognised_minor, deferred.deferred_minor) == (411, 457)
    points.clock.advance(hours=1)
    # Points of an earlier period are not this period's, when they are spent in it.
    spend(points, member_id, 5)
    buy(points, member_id, 10_000)
    later = owed(points, Period(old.end, points.clock.now() + TICK), Valuation(10, 1, 10_000, 9_500)).deferred
    assert later is not None
    assert (later.points_issued, later.points_redeemed, later.recognised_minor) == (10, 0, 0)


def test_an_observed_rate_must_have_been_observed(points: Points) -> None:
    with pytest.raises(Invalid) as refused:
        owed(points, until_now(points), WORTH)
    assert refused.value.field == "valuation.redemption_bp"
    member_id = points.member()
    points.give(member_id, 5)
    spend(points, member_id, 5)
    deferred = owed(points, until_now(points), WORTH).deferred
    assert deferred is not None
    assert deferred.redemption_bp == 10_000


def test_programs_and_wallets_are_kept_apart(points: Points) -> None:
    live(points)
    nothing = owed(points, until_now(points), program=uuid.uuid4())
    assert (nothing.flow.closing, sum(nothing.outstanding.by_age), nothing.outlook.never) == (0, 0, 0)
    reports = handlers.ReportHandlers(points.storage)
    assert reports.get_liability(make.PROGRAM, "stars", until_now(points), 365, None).flow.earned == 0


def test_a_period_that_has_not_ended_is_measured_now(points: Points) -> None:
    points.give(points.member(), 5, expiry_days=1)
    period = Period(make.LONG_AGO, points.clock.now() + timedelta(days=30))
    liability = owed(points, period)
    assert (liability.measured_at, liability.read_at) == (points.clock.now(), points.clock.now())
    assert (liability.flow.closing, liability.outlook.lapsed) == (5, 0)


def test_whoever_has_had_a_report_leaves_room_for_the_next(points: Points) -> None:
    reports = handlers.ReportHandlers(points.storage)
    for _ in range(LIABILITIES_AT_ONCE_MAX + 1):
        reports.get_liability(make.PROGRAM, "points", until_now(points), 365, None)
        with pytest.raises(OverflowError):
            reports.get_liability(make.PROGRAM, "points", until_now(points), 10**12, None)
