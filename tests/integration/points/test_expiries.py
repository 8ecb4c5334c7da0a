"""Expiry by the calendar and by tier against the real database: spent until it lapses, and owed until then."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from kit.outbox import Event
from services.points import listens
from services.points.domain.earning.expiry import Expiry, ExpiryDate, ExpiryKind, TierExpiry
from services.points.domain.program.policy import KnownMember, MemberStatus
from services.points.domain.sales.purchases import GetPurchase
from services.points.domain.sales.sale import Sale
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points


def buy(points: Points, member_id: uuid.UUID) -> Sale:
    sale = make.a_sale(occurred_at=points.clock.now())
    points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    return sale


def moved_to(points: Points, member_id: uuid.UUID, tier: str, version: int) -> None:
    """`members` announces another tier."""
    payload = {"status": "active", "tier": tier}
    event = Event(uuid.uuid4(), "member", member_id, "member.updated", version, make.PROGRAM, make.NOON, payload)
    with points.engine.begin() as connection:
        listens.on_member_event(connection, event)


def test_points_are_there_through_the_last_day_and_gone_with_the_next(points: Points) -> None:
    points.rule(expiry=Expiry(ExpiryKind.MONTH_END), time_zone="Asia/Karachi")
    member_id = points.member()
    buy(points, member_id)

    end = datetime(2026, 3, 31, 19, tzinfo=UTC)
    points.clock.advance(seconds=(end - points.clock.now()).total_seconds() - 1)
    assert points.account(member_id).available == 10
    points.clock.advance(seconds=1)
    assert points.account(member_id).available == 0


def test_what_lapses_on_a_date_is_spent_before_what_lapses_later(points: Points) -> None:
    points.rule(expiry=Expiry(ExpiryKind.DATES, dates=(ExpiryDate(3, 10),)))
    member_id = points.member()
    points.give(member_id, 5, expiry_days=20)
    buy(points, member_id)

    hold = points.holds.place_hold(TILL, make.place_hold(member_id, 10)).unwrap().hold
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold.hold_id)).unwrap()
    points.clock.advance(days=10)

    assert points.account(member_id).available == 5


def test_a_member_of_a_tier_keeps_points_longer_from_when_the_tier_is_known(points: Points) -> None:
    points.rule(expiry_days=10, expiry_by_tier=(TierExpiry("gold", Expiry(ExpiryKind.DAYS, days=100)),))
    member_id = points.member()
    before = buy(points, member_id)
    moved_to(points, member_id, "gold", 2)
    after = buy(points, member_id)
    moved_to(points, member_id, "silver", 1)

    found = [points.purchases.get_purchase(GetPurchase(make.PROGRAM, None, each.receipt)) for each in (before, after)]

    earnings = [each.purchase.earnings[0] for each in found]
    assert [each.explanation.member_tier for each in earnings] == ["", "gold"]
    assert [each.expires_at for each in earnings] == [make.NOON + timedelta(days=days) for days in (10, 100)]
    points.clock.advance(days=10)
    assert points.account(member_id).available == 10


def test_members_may_say_the_tier_when_they_are_asked(points: Points) -> None:
    points.rule(expiry_days=10, expiry_by_tier=(TierExpiry("gold", Expiry(ExpiryKind.NEVER)),))
    member_id = points.member()
    points.people.standings[member_id] = KnownMember(member_id, make.PROGRAM, MemberStatus.ACTIVE, 1, "gold")
    buy(points, member_id)
    points.clock.advance(days=1_000)
    assert points.account(member_id).available == 10
