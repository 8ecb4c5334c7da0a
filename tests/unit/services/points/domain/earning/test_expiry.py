"""When points lapse: in days, with a period of the calendar, or on dates; in the rule's time zone, by tier."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.points.domain.earning.earners import Earner
from services.points.domain.earning.evaluation import assess, evaluate, untouched
from services.points.domain.earning.expiry import Expiry, ExpiryDate, ExpiryKind, TierExpiry
from services.points.domain.earning.rule_sets import rule_set
from tests.factories import points as make

KARACHI, UTC_ZONE = ZoneInfo("Asia/Karachi"), ZoneInfo("UTC")
MARCH_31 = ExpiryDate(3, 31)


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def lapses(expiry: Expiry, available_at: str, zone: ZoneInfo = UTC_ZONE) -> datetime | None:
    return expiry.of(on(available_at), zone)


def test_some_points_never_lapse() -> None:
    assert lapses(Expiry(ExpiryKind.NEVER), "2026-03-02T12:00") is None


def test_days_are_reckoned_to_the_instant() -> None:
    assert lapses(Expiry(ExpiryKind.DAYS, days=10), "2026-03-02T12:34") == on("2026-03-12T12:34")


@pytest.mark.parametrize(
    ("kind", "later", "available_at", "expected"),
    [
        (ExpiryKind.MONTH_END, 0, "2026-03-02T12:00", "2026-04-01"),
        (ExpiryKind.MONTH_END, 0, "2026-03-31T23:59", "2026-04-01"),
        (ExpiryKind.MONTH_END, 1, "2026-01-31T00:00", "2026-03-01"),
        (ExpiryKind.MONTH_END, 11, "2026-02-28T12:00", "2027-02-01"),
        (ExpiryKind.MONTH_END, 0, "2026-12-01T00:00", "2027-01-01"),
        (ExpiryKind.QUARTER_END, 0, "2026-01-01T00:00", "2026-04-01"),
        (ExpiryKind.QUARTER_END, 0, "2026-03-31T23:59", "2026-04-01"),
        (ExpiryKind.QUARTER_END, 1, "2026-11-15T12:00", "2027-04-01"),
        (ExpiryKind.YEAR_END, 0, "2026-12-31T23:59", "2027-01-01"),
        (ExpiryKind.YEAR_END, 2, "2026-01-01T00:00", "2029-01-01"),
    ],
)
def test_points_lapse_as_the_period_ends(kind: ExpiryKind, later: int, available_at: str, expected: str) -> None:
    assert lapses(Expiry(kind, periods_later=later), available_at) == on(expected)


def test_a_month_ends_where_the_rule_says() -> None:
    """19:30 in UTC is half past midnight in Karachi, on the first of the next month."""
    month = Expiry(ExpiryKind.MONTH_END)
    assert lapses(month, "2026-03-31T18:59", KARACHI) == on("2026-03-31T19:00")
    assert lapses(month, "2026-03-31T19:00", KARACHI) == on("2026-04-30T19:00")


@pytest.mark.parametrize(
    ("available_at", "days", "expected"),
    [
        ("2026-03-02T12:00", 0, "2026-04-01"),
        ("2026-03-31T23:59", 0, "2026-04-01"),
        ("2026-04-01T00:00", 0, "2026-10-01"),
        ("2026-03-02T12:00", 29, "2026-04-01"),
        ("2026-03-02T12:00", 30, "2026-10-01"),
        ("2026-10-01T12:00", 0, "2027-04-01"),
        ("2026-03-02T12:00", 365, "2027-04-01"),
    ],
)
def test_points_last_through_the_next_date_that_lies_far_enough_ahead(
    available_at: str, days: int, expected: str
) -> None:
    dates = (ExpiryDate(9, 30), MARCH_31)
    assert lapses(Expiry(ExpiryKind.DATES, days=days, dates=dates), available_at) == on(expected)


def test_after_the_last_date_points_do_not_lapse() -> None:
    once = Expiry(ExpiryKind.DATES, dates=(ExpiryDate(6, 30, 2026), ExpiryDate(12, 31, 2026)))
    assert lapses(once, "2026-03-02T12:00") == on("2026-07-01")
    assert lapses(once, "2026-07-01T00:00") == on("2027-01-01")
    assert lapses(once, "2027-01-01T00:00") is None


def test_the_last_of_february_is_there_every_year() -> None:
    leap = Expiry(ExpiryKind.DATES, dates=(ExpiryDate(2, 29),))
    assert lapses(leap, "2026-01-01T12:00") == on("2026-03-01")
    assert lapses(leap, "2028-01-01T12:00") == on("2028-03-01")


def test_nobody_knows_beforehand_when_points_lapse_for_inactivity() -> None:
    idle = Expiry(ExpiryKind.INACTIVITY, days=90)
    assert lapses(idle, "2026-03-02T12:00") is None
    assert idle.inactivity_days == 90
    assert Expiry(ExpiryKind.DAYS, days=90).inactivity_days is None


def test_a_tier_may_keep_points_while_it_is_active() -> None:
    idle = Expiry(ExpiryKind.INACTIVITY, days=90)
    terms = make.terms(expiry_days=30, expiry_by_tier=(TierExpiry("gold", idle),))
    assert (terms.inactivity_days("gold"), terms.expires_at(make.NOON, "gold")) == (90, None)
    assert (terms.inactivity_days(""), terms.expires_at(make.NOON, "")) == (None, make.NOON + timedelta(days=30))
    assert make.terms(expiry=idle).inactivity_days("silver") == 90


zones = st.sampled_from(["UTC", "Asia/Karachi", "America/Santiago", "Pacific/Apia", "Asia/Beirut"]).map(ZoneInfo)
days_of_year = st.dates(date(2000, 1, 1), date(2000, 12, 31)).map(lambda day: ExpiryDate(day.month, day.day))
expiries = st.one_of(
    st.integers(1, 36_500).map(lambda days: Expiry(ExpiryKind.DAYS, days=days)),
    st.builds(
        Expiry,
        st.sampled_from([kind for kind in ExpiryKind if kind.months]),
        periods_later=st.integers(0, 120),
    ),
    st.builds(
        Expiry,
        st.just(ExpiryKind.DATES),
        days=st.integers(0, 1_000),
        dates=st.lists(days_of_year, min_size=1, max_size=4).map(tuple),
    ),
)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given one


@given(expiries, instants, zones)
def test_points_can_always_be_spent_before_they_lapse(expiry: Expiry, available_at: datetime, zone: ZoneInfo) -> None:
    """The ledger has no lots that lapse before they can be spent."""
    lapse = expiry.of(available_at, zone)
    assert lapse is not None
    assert lapse > available_at
    if expiry.kind is ExpiryKind.DATES:
        assert lapse >= available_at + timedelta(days=expiry.days)


@given(expiries, instants, st.timedeltas(timedelta(0), timedelta(days=400)), zones)
def test_points_that_come_later_do_not_lapse_sooner(
    expiry: Expiry, available_at: datetime, later: timedelta, zone: ZoneInfo
) -> None:
    first, second = expiry.of(available_at, zone), expiry.of(available_at + later, zone)
    assert first is not None
    assert second is not None
    assert first <= second


# ---- What a rule says ------------------------------------------------------------------------------------------------


def test_a_rule_goes_by_its_days_unless_it_says_more() -> None:
    days, more = make.terms(expiry_days=5), make.terms(expiry=Expiry(ExpiryKind.MONTH_END), time_zone="Asia/Karachi")
    assert days.expires_at(make.NOON, "") == make.NOON + timedelta(days=5)
    assert more.expires_at(make.NOON, "") == on("2026-03-31T19:00")
    assert make.terms().expires_at(make.NOON, "") is None


def test_a_tier_may_keep_its_points_for_another_time() -> None:
    by_tier = (TierExpiry("gold", Expiry(ExpiryKind.NEVER)), TierExpiry("silver", Expiry(ExpiryKind.DAYS, days=90)))
    rule = make.a_rule(expiry_days=30, expiry_by_tier=by_tier)

    def lapse(tier: str) -> datetime | None:
        earning = assess(rule_set(rule), make.a_sale(), {}, Earner("active", tier)).earnings(untouched)[0]
        assert earning.explanation.member_tier == tier
        return earning.expires_at

    assert lapse("gold") is None
    assert lapse("silver") == make.NOON + timedelta(days=90)
    assert lapse("") == lapse("bronze") == make.NOON + timedelta(days=30)


def test_the_calendar_counts_from_when_points_can_be_spent() -> None:
    rule = make.a_rule(pending_days=30, expiry=Expiry(ExpiryKind.MONTH_END))
    (earning,) = evaluate(rule_set(rule), make.a_sale(occurred_at=on("2026-03-02T12:00")), {})
    assert (earning.available_at, earning.expires_at) == (on("2026-04-01T12:00"), on("2026-05-01"))
