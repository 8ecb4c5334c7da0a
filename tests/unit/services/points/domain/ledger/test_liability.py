"""What a program owes: the identity for any history and any cut in time, and the arithmetic of money."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.points.domain.ledger.accounts import Entry, EntryKind
from services.points.domain.ledger.liability import (
    LAPSED,
    OUTLOOK_MONTHS,
    PENDING,
    Breakage,
    Flow,
    FlowSum,
    LotSum,
    Valuation,
    breakage_of,
    deferred_revenue,
    flow_of,
    half_up,
    outlook_of,
    outstanding_of,
)
from services.points.domain.ledger.statement import Period
from tests.unit.services.points.domain.histories import flow_sums_of, histories, net_of, periods
from tests.unit.services.points.domain.opened import NOW

EVER = Period(NOW - timedelta(days=365), NOW)


def flow(entries: list[Entry], period: Period) -> Flow:
    return flow_of(sum(entry.amount for entry in entries), flow_sums_of(entries, period, period))


@given(entries=histories, period=periods)
def test_what_was_outstanding_and_what_happened_is_what_is_outstanding(entries: list[Entry], period: Period) -> None:
    told = flow(entries, period)
    assert told.opening == sum(entry.amount for entry in entries if entry.recorded_at < period.start)
    assert told.closing == sum(entry.amount for entry in entries if entry.recorded_at < period.end)
    assert told.opening + sum(net_of(told).values()) == told.closing


@given(entries=histories, period=periods)
def test_a_days_closing_is_the_next_days_opening(entries: list[Entry], period: Period) -> None:
    middle = period.start + (period.end - period.start) / 2
    first, second = (flow(entries, each) for each in (Period(period.start, middle), Period(middle, period.end)))
    assert first.closing == second.opening
    assert second.closing == flow(entries, period).closing


lots = st.lists(
    st.builds(
        LotSum,
        age=st.sampled_from([PENDING, 0, 1, 2, 3, 4]),
        month=st.none() | st.integers(LAPSED, OUTLOOK_MONTHS),
        units=st.integers(1, 10**9),
    ),
    max_size=20,
)


@given(lots=lots, deficit=st.integers(0, 100))
def test_the_lots_by_age_and_by_expiry_are_the_same_lots(lots: list[LotSum], deficit: int) -> None:
    whole = sum(lot.units for lot in lots)
    outstanding, outlook = outstanding_of(lots, whole - deficit, 0), outlook_of(lots, NOW)
    assert outstanding.pending + sum(outstanding.by_age) - outstanding.below_zero == whole - deficit
    assert outstanding.below_zero == deficit
    assert outlook.lapsed + sum(units for _, units in outlook.by_month) + outlook.later + outlook.never == whole


def test_the_months_are_those_of_the_calendar() -> None:
    months = [month for month, _ in outlook_of([], datetime(2026, 11, 30, tzinfo=NOW.tzinfo)).by_month]
    assert (months[:3], months[-1], len(months)) == (["2026-11", "2026-12", "2027-01"], "2028-10", 24)


def test_breakage_is_net_of_what_was_given_back() -> None:
    sums = [
        FlowSum(kind, observed=moved)
        for kind, moved in zip(EntryKind, (99, -9, -80, 5, -25, 7, -3, -4, 2, 1), strict=True)
    ]
    told = breakage_of(EVER, sums)
    assert (told.expired, told.spent, told.breakage_bp, told.redemption_bp) == (25, 75, 2_500, 7_500)


@pytest.mark.parametrize(
    ("expired", "spent", "rate"), [(0, 0, None), (0, 5, 0), (5, 0, 10_000), (0, -5, None), (5, -5, 10_000)]
)
def test_breakage_at_its_ends(expired: int, spent: int, rate: int | None) -> None:
    assert Breakage(EVER, expired, spent).breakage_bp == rate


# ---- money


def test_illustrative_example_52_of_ifrs_15() -> None:
    """100,000 sold with 10,000 points worth 1 each; 9,500 expected, then 9,700; 4,500 redeemed, then 8,500."""
    worth = Valuation(value_minor=1, per_points=1, revenue_minor=100_000)
    first = deferred_revenue(worth, 9_500, 10_000, 4_500)
    assert (first.standalone_minor, first.allocated_minor) == (9_500, 8_676)
    assert (first.recognised_minor, first.deferred_minor) == (4_110, 4_566)


def test_all_of_it_is_recognised_when_as_many_are_redeemed_as_were_expected() -> None:
    worth = Valuation(1, 100, 1_000_000)
    for redeemed in (9_000, 9_001, 10_000):
        told = deferred_revenue(worth, 9_000, 10_000, redeemed)
        assert (told.recognised_minor, told.deferred_minor) == (told.allocated_minor, 0)


@pytest.mark.parametrize(("issued", "revenue_minor"), [(0, 100), (-5, 100), (10, 0)])
def test_without_points_or_sales_nothing_is_deferred(issued: int, revenue_minor: int) -> None:
    told = deferred_revenue(Valuation(1, 1, revenue_minor), 9_500, issued, 3)
    assert (told.allocated_minor, told.recognised_minor, told.deferred_minor) == (0, 0, 0)
    assert told.points_issued == max(0, issued)


worths = st.builds(
    Valuation,
    value_minor=st.integers(1, 10**9),
    per_points=st.integers(1, 10**9),
    revenue_minor=st.integers(0, 10**15),
)


@given(worth=worths, rate=st.integers(1, 10_000), issued=st.integers(0, 10**15), redeemed=st.integers(0, 10**15))
def test_the_split_is_the_exact_one_rounded_half_up(worth: Valuation, rate: int, issued: int, redeemed: int) -> None:
    told = deferred_revenue(worth, rate, issued, redeemed)
    standalone = Fraction(issued * worth.value_minor * rate, worth.per_points * 10_000)
    exact = worth.revenue_minor * standalone / (worth.revenue_minor + standalone) if standalone else Fraction(0)
    assert told.allocated_minor - exact <= Fraction(1, 2)
    assert exact - told.allocated_minor < Fraction(1, 2)
    assert 0 <= told.recognised_minor <= told.allocated_minor <= worth.revenue_minor
    more = deferred_revenue(worth, rate, issued, redeemed + 1)
    assert more.recognised_minor >= told.recognised_minor
    assert replace(more, points_redeemed=0, recognised_minor=0) == replace(told, points_redeemed=0, recognised_minor=0)


@pytest.mark.parametrize(("dividend", "divisor", "quotient"), [(0, 3, 0), (1, 2, 1), (1, 3, 0), (2, 3, 1), (5, 2, 3)])
def test_halves_go_up(dividend: int, divisor: int, quotient: int) -> None:
    assert half_up(dividend, divisor) == quotient
