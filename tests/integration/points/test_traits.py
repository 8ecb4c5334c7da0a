"""What `members` tells of a member, from its events or when it is asked, in rules, in returns and in rehearsals."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from kit.outbox import Event
from services.points import listens, tables
from services.points.conditions import CelConditions
from services.points.domain.earning.earners import Earner
from services.points.domain.earning.earnings import Earning, Reason, earner_of
from services.points.domain.earning.terms import Trigger
from services.points.domain.program.documents import RuleDefinition
from services.points.domain.program.policy import KnownMember, MemberStatus
from services.points.domain.sales.purchases import GetPurchase
from services.points.domain.sales.sale import Sale
from services.points.handlers import RehearsalHandlers
from tests.factories import points as make
from tests.fixtures.digests import digest_anew
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.rehearsing import asked, buy, performed

TOLD = {"tier": "gold", "segments": ["old", "vip"], "attributes": {"city": "Lahore"}}
VIP = Earner("active", "gold", ("old", "vip"), {"city": "Lahore"})
NEEDS_VIP = "'vip' in member.segments && member.attributes['city'] == 'Lahore'"


def told(points: Points, member_id: uuid.UUID, version: int, **traits: object) -> None:
    """`members` announces a change; no traits are those of a `members` that knows of none."""
    payload = {"status": "active"} | traits
    event = Event(uuid.uuid4(), "member", member_id, "member.traits_changed", version, make.PROGRAM, make.NOON, payload)
    with points.engine.begin() as connection:
        listens.on_member_event(connection, event)


def known(points: Points, member_id: uuid.UUID) -> Earner:
    with points.storage.transaction() as tx:
        member = tx.known_members.settings([(make.PROGRAM, member_id)])[make.PROGRAM, member_id].member
    assert member is not None
    return member.earner


def somebody(points: Points) -> uuid.UUID:
    member_id = points.member()
    told(points, member_id, 2, **TOLD)
    return member_id


def bought(points: Points, member_id: uuid.UUID, sale: Sale) -> tuple[Earning, ...]:
    answer = points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    return answer.purchase.earnings


def brought_back(points: Points, sale: Sale, *lines: tuple[str, int]) -> int:
    command = make.record_return(sale.receipt, *lines)
    return points.returns.record_return(TILL, command).unwrap().recorded.points_returned


def two_lines() -> Sale:
    return make.a_sale(make.a_line(1000), make.a_line(500, line_id="2"))


# ---- known


def test_the_newest_event_says_what_a_member_has(points: Points) -> None:
    member_id = somebody(points)
    assert known(points, member_id) == VIP
    told(points, member_id, 1, tier="silver", segments=["new"], attributes={})
    assert known(points, member_id) == VIP
    told(points, member_id, 3, tier="", segments=["new"], attributes={"city": "Quetta"})
    assert known(points, member_id) == Earner("active", "", ("new",), {"city": "Quetta"})


def test_an_event_that_tells_no_traits_is_of_a_member_who_has_none(points: Points) -> None:
    member_id = somebody(points)
    told(points, member_id, 3)
    assert known(points, member_id) == Earner("active")


def test_members_tells_the_traits_when_it_is_asked(points: Points) -> None:
    points.rule(condition=NEEDS_VIP)
    member_id = points.member()
    member = KnownMember(member_id, make.PROGRAM, MemberStatus.ACTIVE, 4, VIP.tier, VIP.segments, VIP.attributes)
    points.people.standings[member_id] = member
    (earning,) = bought(points, member_id, make.a_sale())
    assert earning.points == 10
    assert known(points, member_id) == VIP


def test_code_that_knows_no_traits_goes_on_beside(points: Points) -> None:
    old = "INSERT INTO standings (member_id, program_id, status, member_version, tier) VALUES (:m, :p, 'active', 1, '')"
    member_id = uuid.uuid4()
    with points.engine.begin() as connection:
        connection.execute(sa.text(old), {"m": member_id, "p": make.PROGRAM})
        digest_anew(connection, tables.standings)
    assert known(points, member_id) == Earner("active")


def test_attributes_have_names(points: Points) -> None:
    member_id = somebody(points)
    table = tables.standings
    change = sa.update(table).where(table.c.member_id == member_id).values(attributes=["Lahore"])
    with pytest.raises(exc.IntegrityError, match="ck_standings_attributes"), points.engine.begin() as connection:
        connection.execute(change)


# ---- asked


def test_a_rule_gives_to_the_members_of_a_segment(points: Points) -> None:
    points.rule(condition=NEEDS_VIP)
    (vip,) = bought(points, somebody(points), make.a_sale())
    (stranger,) = bought(points, points.member(), make.a_sale())
    other = somebody(points)
    told(points, other, 3, **TOLD | {"attributes": {}})
    (homeless,) = bought(points, other, make.a_sale())
    assert (vip.points, stranger.points, homeless.points) == (10, 0, 0)
    reasons = [each.explanation.reason for each in (vip, stranger, homeless)]
    assert reasons == [Reason.APPLIED, Reason.CONDITION_NOT_MET, Reason.CONDITION_FAILED]


def test_a_line_is_asked_about_with_its_buyer(points: Points) -> None:
    points.rule(trigger=Trigger.LINE, condition=f"line.amount_minor >= 1000 && {NEEDS_VIP}")
    (earning,) = bought(points, somebody(points), two_lines())
    assert earning.points == 10


def test_an_activity_is_asked_about_with_its_member(points: Points) -> None:
    points.rule(**make.activity_terms(condition=NEEDS_VIP))
    member_id = somebody(points)
    answer = points.activities.record_activity(TILL, make.record_activity(member_id)).unwrap()
    assert answer.activity.points_earned == 50
    told(points, member_id, 3)
    kept = points.activities.get_activity(make.PROGRAM, answer.activity.activity_id)
    assert earner_of(kept.earnings) == VIP
    again = points.activities.record_activity(TILL, make.record_activity(member_id)).unwrap()
    assert again.activity.points_earned == 0


def test_a_claim_is_judged_by_the_traits_of_the_claimant(points: Points) -> None:
    points.rule(condition=NEEDS_VIP)
    sale = two_lines()
    points.purchases.record_purchase(TILL, make.record_purchase(None, sale)).unwrap()
    member_id = somebody(points)
    claimed = points.purchases.claim_purchase(TILL, make.claim_purchase(member_id, sale.receipt)).unwrap().purchase
    told(points, member_id, 3)
    assert (claimed.points_earned, earner_of(claimed.earnings)) == (15, VIP)
    assert brought_back(points, sale, ("2", 1000)) == 5


# ---- asked again


def test_a_member_who_left_the_segment_keeps_what_the_kept_goods_earned(points: Points) -> None:
    """Returns of a part of the goods took everything, since the customer was no VIP any more."""
    points.rule(condition=NEEDS_VIP)
    member_id, sale = somebody(points), two_lines()
    assert bought(points, member_id, sale)[0].points == 15
    told(points, member_id, 3, tier="", segments=["new"], attributes={"city": "Quetta"})
    assert brought_back(points, sale, ("2", 1000)) == 5
    assert points.account(member_id).posted == 10
    assert brought_back(points, sale, ("1", 1000)) == 10
    assert points.account(member_id).posted == 0


def test_a_member_who_joined_the_segment_later_is_judged_without_it(points: Points) -> None:
    """The other rule had earned; by the new segment it would not have, and all of it was taken for a part."""
    points.rule(condition="!('vip' in member.segments) && !('city' in member.attributes)")
    member_id, sale = points.member(), two_lines()
    assert bought(points, member_id, sale)[0].points == 15
    told(points, member_id, 2, **TOLD)
    assert brought_back(points, sale, ("2", 1000)) == 5


def test_traits_are_kept_whole_with_the_first_earning_and_no_other(points: Points) -> None:
    for name in ("One", "Two", "Three"):
        points.rule(name=name, condition=NEEDS_VIP)
    member_id, sale = somebody(points), two_lines()
    bought(points, member_id, sale)
    with points.engine.connect() as connection:
        [stored] = connection.execute(sa.select(tables.purchases.c.earnings)).scalars()
    assert [each["explanation"]["member_segments"] for each in stored] == [["old", "vip"], [], []]
    told(points, member_id, 3)
    assert brought_back(points, sale, ("2", 1000)) == 15
    found = points.purchases.get_purchase(GetPurchase(make.PROGRAM, None, sale.receipt))
    assert earner_of(found.purchase.earnings) == VIP


def test_a_purchase_that_was_kept_without_traits_is_judged_without_them(points: Points) -> None:
    """What was recorded before traits were kept stays readable, and comes back as it was earned."""
    points.rule(condition="member.status == 'active' && member.tier == 'gold'")
    member_id, sale = somebody(points), two_lines()
    bought(points, member_id, sale)
    with points.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE purchases SET earnings = "
                "earnings #- '{0,explanation,member_segments}' #- '{0,explanation,member_attributes}'"
            )
        )
        connection.execute(
            sa.text(
                "UPDATE entries SET earning = "
                "earning #- '{explanation,member_segments}' #- '{explanation,member_attributes}'"
            )
        )
        digest_anew(connection, tables.purchases, tables.entries)
    told(points, member_id, 3)
    assert brought_back(points, sale, ("2", 1000)) == 5


def test_a_rehearsal_asks_of_members_as_they_were_whatever_earned_then(points: Points) -> None:
    points.rule(name="Base")
    vip, plain = somebody(points), points.member()
    for member_id in (vip, plain):
        buy(points, member_id, 1000)
    told(points, vip, 3)
    told(points, plain, 3, **TOLD)
    rehearsals = RehearsalHandlers(points.storage, CelConditions())
    rule = RuleDefinition("vip", make.terms(name="VIP", condition=NEEDS_VIP, points=2))
    found = performed(points, rehearsals, asked(points, rule, only=True))
    assert {each.member_id: each.would for each in found.comparison.top} == {vip: 20, plain: 0}
