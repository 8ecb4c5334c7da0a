"""Rehearsals against the real database: what rules would have given, and that nothing is given."""

from __future__ import annotations

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.errors import Invalid
from services.points import jobs, tables
from services.points.conditions import CelConditions
from services.points.domain.commands import ReviseEarningRule
from services.points.domain.earning.counters import LimitCounters
from services.points.domain.earning.limits import Limit, LimitScope, LimitSpan, LimitUnit
from services.points.domain.earning.terms import Effect
from services.points.domain.errors import RehearsalNotFound, TooManyRehearsals
from services.points.domain.program.documents import RuleDefinition
from services.points.domain.program.rehearsals import WINDOW_START, RehearsalState
from services.points.domain.sales.purchases import ClaimPurchase
from services.points.handlers import RehearsalHandlers
from services.points.storage.program import rehearsals as rehearsal_storage
from services.points.storage.program.rehearsals import PAGE_BYTES_MAX
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.rehearsing import CONDITIONS, asked, begun, buy, performed

REHEARSED = {"rehearsals", "rehearsal_counters", "stored_answers", "program_settings"}


@pytest.fixture
def rehearsals(points: Points) -> RehearsalHandlers:
    return RehearsalHandlers(points.storage, CONDITIONS)


def said(key: str, **terms: object) -> RuleDefinition:
    return RuleDefinition(key, make.terms(**terms))


def everything_else(points: Points) -> dict[str, list[str]]:
    """All rows of all tables that a rehearsal has no business with."""
    with points.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in tables.metadata.sorted_tables
            if table.name not in REHEARSED
        }


def test_rules_that_activities_trigger_take_no_part(points: Points, rehearsals: RehearsalHandlers) -> None:
    points.rule(name="Base")
    points.rule(**make.activity_terms())
    buy(points, points.member(), 1000)
    found = performed(points, rehearsals, asked(points))
    assert (found.comparison.given, found.comparison.would) == (10, 10)
    assert list(found.comparison.rules) == ["base"]
    assert [rule.key for rule in found.plan.rules] == ["base"]


def test_a_condition_on_the_tier_is_asked_as_on_that_day(points: Points, rehearsals: RehearsalHandlers) -> None:
    points.rule(name="Base")
    gold, plain = points.member(tier="gold"), points.member()
    for member_id in (gold, plain):
        buy(points, member_id, 1000)
    bonus = said("gold", name="Gold", condition="member.tier == 'gold'", points=2)
    found = performed(points, rehearsals, asked(points, bonus, only=True))
    assert (found.comparison.given, found.comparison.would) == (20, 20)
    assert [(each.member_id, each.would) for each in sorted(found.comparison.top, key=lambda top: top.would)] == [
        (plain, 0),
        (gold, 20),
    ]


def test_it_tells_what_rules_would_have_given_and_moves_no_point(points: Points, rehearsals: RehearsalHandlers) -> None:
    rule = points.rule(name="Base")
    amina, bilal = points.member(), points.member()
    first, small = buy(points, amina, 1000), buy(points, amina, 300)
    second = buy(points, bilal, 2000)
    buy(points, None, 5000)
    buy(points, amina, 9000, days_ago=40)
    before = everything_else(points)

    wish = asked(
        points,
        said("base", points=3, starts_at=points.clock.now() + timedelta(days=9)),
        said("welcome", effect=Effect.FIXED, points=50, per_amount_minor=0, condition="purchase.total_minor >= 1000"),
        value_minor=1,
        per_points=3,
    )
    found = performed(points, rehearsals, wish)

    assert everything_else(points) == before
    seen = found.comparison
    assert (seen.purchases, seen.anonymous, seen.changed, found.members) == (4, 1, 3, 2)
    assert (seen.given, seen.would, seen.gained, seen.lost) == (33, 99 + 100, 166, 0)
    assert {key: (each.given, each.would, each.purchases) for key, each in seen.rules.items()} == {
        rule.key: (33, 99, 3),
        "welcome": (0, 100, 2),
    }
    assert [(each.purchase_id, each.given, each.would) for each in seen.top] == [
        (second.purchase_id, 20, 110),
        (first.purchase_id, 10, 80),
        (small.purchase_id, 3, 9),
    ]
    assert found.cost_minor == 55  # 166 points, a third of a unit each, is 55 1/3


def test_goods_that_came_back_count_on_neither_side(points: Points, rehearsals: RehearsalHandlers) -> None:
    points.rule(name="Base")
    purchase = buy(points, points.member(), 1000)
    points.returns.record_return(TILL, make.record_return(purchase.sale.receipt, ("0", 1000))).unwrap()
    found = performed(points, rehearsals, asked(points, said("base", points=3)))
    assert (found.comparison.given, found.comparison.would) == (5, 15)


def test_what_a_sale_takes_back_counts_on_both_sides(points: Points, rehearsals: RehearsalHandlers) -> None:
    points.rule()
    pens = replace(make.a_line(2000, line_id="2", sku="PEN"), quantity_milli=-1000, amount_minor=-2000)
    sale = make.a_sale(make.a_line(5000), pens, occurred_at=points.clock.now() - timedelta(days=1))
    points.purchases.record_purchase(TILL, make.record_purchase(points.member(), sale)).unwrap()

    comparison = performed(points, rehearsals, asked(points, said("twice", points=2), only=True)).comparison

    assert (comparison.given, comparison.would) == (30, 60)


def test_a_claimed_purchase_is_its_claimants(points: Points, rehearsals: RehearsalHandlers) -> None:
    points.rule(name="Base")
    purchase = buy(points, None, 1000)
    claim = ClaimPurchase(make.PROGRAM, "c", points.member(), purchase.sale.receipt)
    points.purchases.claim_purchase(TILL, claim).unwrap()
    found = performed(points, rehearsals, asked(points, said("base", points=2)))
    assert (found.comparison.anonymous, found.comparison.given, found.comparison.would) == (0, 10, 20)


def test_without_a_document_the_programs_drafts_are_rehearsed(points: Points, rehearsals: RehearsalHandlers) -> None:
    rule = points.rule(name="Base")
    points.rule(name="Tea", points=5)
    buy(points, points.member(), 1000)
    revision = ReviseEarningRule(make.PROGRAM, "r", rule.rule_id, 1, make.terms(points=2))
    points.rules.revise_earning_rule(TILL, revision).unwrap()
    found = performed(points, rehearsals, asked(points))
    assert (found.comparison.given, found.comparison.would) == (60, 70)


def test_the_other_rules_take_part_unless_told_otherwise(points: Points, rehearsals: RehearsalHandlers) -> None:
    points.rule(name="Base")
    points.rule(name="Tea", points=5)
    buy(points, points.member(), 1000)
    beside = performed(points, rehearsals, asked(points, said("base", points=2)))
    alone = performed(points, rehearsals, asked(points, said("base", points=2), only=True))
    assert (beside.comparison.would, alone.comparison.would) == (70, 20)
    assert alone.comparison.lost == 40
    assert alone.comparison.rules["tea"].given == 50


@pytest.mark.parametrize("page_bytes", [PAGE_BYTES_MAX, 1_000, 1])
def test_the_same_rules_make_no_difference_however_the_pages_fall(
    points: Points, rehearsals: RehearsalHandlers, monkeypatch: pytest.MonkeyPatch, page_bytes: int
) -> None:
    # Receipts that are too long to be held in memory together make shorter pages.
    monkeypatch.setattr(rehearsal_storage, "PAGE_BYTES_MAX", page_bytes)
    points.rule(name="Base")
    at_once = [buy(points, points.member(), 100 * number, days_ago=3) for number in range(1, 6)]
    later = [buy(points, points.member(), 1000, days_ago=days) for days in (1, 2, 20)]
    for limit in (1, 2, 3, 5, 8, 100):
        found = performed(points, rehearsals, asked(points), limit)
        assert (found.comparison.purchases, found.comparison.changed, found.members) == (8, 0, 0)
        assert found.comparison.given == found.comparison.would == sum(p.points_earned for p in (*at_once, *later))


LIMITS = (
    Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.POINTS, 15),
    Limit(LimitScope.PROGRAM, LimitSpan.EVER, LimitUnit.POINTS, 40),
)


def test_limits_count_what_is_rehearsed_and_not_what_is_in_the_books(
    points: Points, rehearsals: RehearsalHandlers
) -> None:
    points.rule(name="Base", limits=LIMITS)
    amina, bilal = points.member(), points.member()
    for member_id, days_ago in ((amina, 3), (amina, 3), (bilal, 3), (amina, 2), (bilal, 1)):
        buy(points, member_id, 1000, days_ago=days_ago)
    before = everything_else(points)
    for limit in (1, 2, 100):
        found = performed(points, rehearsals, asked(points, said("base", points=2, limits=LIMITS)), limit)
        # Amina 15 on her first day, Bilal 15, and 10 are left of the budget.
        assert (found.comparison.given, found.comparison.would) == (40, 40)
        untouched = performed(points, rehearsals, asked(points, said("base", points=2)), limit)
        assert untouched.comparison.would == 100
    assert everything_else(points) == before


def test_what_it_foretells_within_limits_is_what_was_given_within_them(
    points: Points, rehearsals: RehearsalHandlers
) -> None:
    points.rule(name="Base", limits=LIMITS)
    members = [points.member() for _ in range(3)]
    for number in range(9):
        buy(points, members[number % 3], 100 * number + 300, days_ago=9 - number)
    for limit in (1, 4, 100):
        found = performed(points, rehearsals, asked(points), limit)
        assert (found.comparison.given, found.comparison.changed) == (40, 0)


def test_it_looks_at_so_many_purchases_and_says_how_far_it_came(points: Points, rehearsals: RehearsalHandlers) -> None:
    points.rule(name="Base")
    bought = [buy(points, points.member(), 1000, days_ago=days) for days in (5, 4, 3)]
    found = performed(points, rehearsals, asked(points, purchases_max=2), limit=500)
    assert (found.comparison.purchases, found.position.at) == (2, bought[1].sale.occurred_at)


def test_what_is_recorded_after_it_was_asked_for_is_left_out(points: Points, rehearsals: RehearsalHandlers) -> None:
    points.rule(name="Base")
    buy(points, points.member(), 1000)
    rehearsal_id = begun(rehearsals, asked(points))
    points.clock.advance(seconds=1)
    buy(points, points.member(), 1000, days_ago=2)
    while jobs.rehearse_rules(points.storage, CONDITIONS, limit=10):
        pass
    assert rehearsals.get_rehearsal(make.PROGRAM, rehearsal_id).comparison.purchases == 1


def test_many_at_the_same_work_hear_each_purchase_once(points: Points, rehearsals: RehearsalHandlers) -> None:
    points.rule(name="Base")
    for _ in range(20):
        buy(points, points.member(), 1000)
    wishes = [begun(rehearsals, asked(points, said("base", points=2))) for _ in range(2)]

    def work(_: int) -> None:
        while any(rehearsals.get_rehearsal(make.PROGRAM, each).state is RehearsalState.RUNNING for each in wishes):
            jobs.rehearse_rules(points.storage, CONDITIONS, limit=3)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    for rehearsal_id in wishes:
        found = rehearsals.get_rehearsal(make.PROGRAM, rehearsal_id)
        assert (found.comparison.purchases, found.comparison.would, found.members) == (20, 400, 20)


class Dies(CelConditions):
    """Takes the whole process with it, as far as a rehearsal can tell."""

    def prepare(self, purchase: Any, lines: Any) -> Any:
        raise RuntimeError("gone")


def test_what_a_dead_process_left_is_taken_up_and_in_the_end_given_up(
    points: Points, rehearsals: RehearsalHandlers
) -> None:
    points.rule(name="Base")
    buy(points, points.member(), 1000)
    wish = asked(points, said("base", points=2, condition="purchase.total_minor > 0"))
    first = begun(rehearsals, wish)
    with pytest.raises(RuntimeError):
        jobs.rehearse_rules(points.storage, Dies(), limit=10)
    # Its lease is not over.
    assert not jobs.rehearse_rules(points.storage, CONDITIONS, limit=10)
    points.clock.advance(minutes=2)
    while jobs.rehearse_rules(points.storage, CONDITIONS, limit=10):
        pass
    assert rehearsals.get_rehearsal(make.PROGRAM, first).comparison.would == 20

    second = begun(rehearsals, replace(wish, request_id="again"))
    for _ in range(5):
        with pytest.raises(RuntimeError):
            jobs.rehearse_rules(points.storage, Dies(), limit=10)
        points.clock.advance(minutes=2)
    assert not jobs.rehearse_rules(points.storage, CONDITIONS, limit=10)
    found = rehearsals.get_rehearsal(make.PROGRAM, second)
    assert (found.state, found.ended_at) == (RehearsalState.FAILED, points.clock.now())


def test_a_page_heard_under_a_lease_that_is_over_is_not_written(points: Points, rehearsals: RehearsalHandlers) -> None:
    points.rule(name="Base")
    buy(points, points.member(), 1000)
    rehearsal_id = begun(rehearsals, asked(points))
    with points.storage.transaction() as tx:
        slow = tx.rehearsals.take(tx.now, timedelta(seconds=60), 5)
    assert slow is not None
    points.clock.advance(minutes=2)
    while jobs.rehearse_rules(points.storage, CONDITIONS, limit=10):
        pass
    done = rehearsals.get_rehearsal(make.PROGRAM, rehearsal_id)
    with points.storage.transaction() as tx:
        assert not tx.rehearsals.put(slow, slow.rehearsal, slow.members, LimitCounters({}), tx.now)
    assert rehearsals.get_rehearsal(make.PROGRAM, rehearsal_id) == done


def test_what_was_given_up_stays_so_though_its_last_page_is_heard_after_all(
    points: Points, rehearsals: RehearsalHandlers
) -> None:
    points.rule(name="Base")
    rehearsal_id = begun(rehearsals, asked(points))
    with points.storage.transaction() as tx:
        slow = tx.rehearsals.take(tx.now, timedelta(seconds=60), 1)
    assert slow is not None
    points.clock.advance(minutes=2)
    with points.storage.transaction() as tx:
        assert tx.rehearsals.give_up(tx.now, 1) == 1
    with points.storage.transaction() as tx:
        assert not tx.rehearsals.put(slow, slow.rehearsal, slow.members, LimitCounters({}), tx.now)
    assert rehearsals.get_rehearsal(make.PROGRAM, rehearsal_id).state is RehearsalState.FAILED


def test_a_page_that_failed_is_taken_up_with_a_shorter_window(points: Points, rehearsals: RehearsalHandlers) -> None:
    begun(rehearsals, asked(points))
    for window in (WINDOW_START, WINDOW_START / 2, WINDOW_START / 4):
        with points.storage.transaction() as tx:
            taken = tx.rehearsals.take(tx.now, timedelta(seconds=60), 5)
        assert taken is not None
        assert taken.rehearsal.position.window == window
        points.clock.advance(minutes=2)
    with points.storage.transaction() as tx:
        again = tx.rehearsals.take(tx.now, timedelta(seconds=60), 5)
        assert again is not None
        assert tx.rehearsals.put(again, again.rehearsal, again.members, LimitCounters({}), tx.now)
        # It has come further: what failed before is forgotten, and what it learned of windows is not.
        after = tx.rehearsals.take(tx.now, timedelta(seconds=60), 5)
    assert after is not None
    assert after.rehearsal.position.window == WINDOW_START / 8


def test_what_it_counted_is_deleted_few_at_a_time_once_it_is_over(
    points: Points, rehearsals: RehearsalHandlers
) -> None:
    points.rule(name="Base", limits=LIMITS)
    for days_ago in range(5):
        buy(points, points.member(), 1000, days_ago=days_ago)
    found = performed(points, rehearsals, asked(points), limit=1)
    rehearsal_id = begun(rehearsals, asked(points))
    for _ in range(3):
        jobs.rehearse_rules(points.storage, CONDITIONS, limit=1)
    running = counters(points)[rehearsal_id]
    ended = counters(points)[found.rehearsal_id]
    assert running > 0
    assert ended > 2

    points.clock.advance(days=31)
    assert jobs.prune_rehearsals(points.storage, limit=2)
    assert counters(points) == {found.rehearsal_id: ended - 2, rehearsal_id: running}
    # As long as it has counters it is there.
    assert rehearsals.get_rehearsal(make.PROGRAM, found.rehearsal_id) == found
    while jobs.prune_rehearsals(points.storage, limit=2):
        pass
    assert counters(points) == {rehearsal_id: running}
    with pytest.raises(RehearsalNotFound):
        rehearsals.get_rehearsal(make.PROGRAM, found.rehearsal_id)


def counters(points: Points) -> Counter[uuid.UUID]:
    """How many each rehearsal has."""
    with points.engine.connect() as connection:
        return Counter(connection.scalars(sa.select(tables.rehearsal_counters.c.rehearsal_id)))


def test_three_of_a_program_run_at_the_same_time(points: Points, rehearsals: RehearsalHandlers) -> None:
    for _ in range(3):
        begun(rehearsals, asked(points))
    with pytest.raises(TooManyRehearsals):
        begun(rehearsals, asked(points))
    begun(rehearsals, asked(points, program_id=uuid.uuid4()))


def test_it_is_begun_once_and_forgotten_after_a_month(points: Points, rehearsals: RehearsalHandlers) -> None:
    wish = asked(points)
    rehearsal_id = begun(rehearsals, wish)
    again = rehearsals.rehearse_earning_rules(TILL, wish)
    assert (again.replayed, again.unwrap().rehearsal_id) == (True, rehearsal_id)
    with pytest.raises(RehearsalNotFound):
        rehearsals.get_rehearsal(uuid.uuid4(), rehearsal_id)
    while jobs.rehearse_rules(points.storage, CONDITIONS, limit=10):
        pass
    points.clock.advance(days=29)
    jobs.prune_rehearsals(points.storage, limit=10)
    assert rehearsals.get_rehearsal(make.PROGRAM, rehearsal_id).state is RehearsalState.DONE
    points.clock.advance(days=2)
    jobs.prune_rehearsals(points.storage, limit=10)
    with pytest.raises(RehearsalNotFound):
        rehearsals.get_rehearsal(make.PROGRAM, rehearsal_id)


def test_a_rule_that_could_not_be_saved_is_not_rehearsed(points: Points, rehearsals: RehearsalHandlers) -> None:
    with pytest.raises(Invalid) as refused:
        begun(rehearsals, asked(points, said("good"), said("bad", condition="purchase.total > 1")))
    assert refused.value.field == "rules[1].terms.condition"


def test_a_rehearsal_can_write_nothing_by_itself(points: Points) -> None:
    with pytest.raises(sa.exc.InternalError), points.storage.reading() as tx:
        tx.rules.lock(make.PROGRAM)


AMOUNTS = st.lists(st.integers(1, 5_000), min_size=1, max_size=4)


@given(AMOUNTS, st.integers(1, 5), st.integers(1, 4))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_it_foretells_is_what_a_sale_then_earns(
    points: Points, rehearsals: RehearsalHandlers, amounts: list[int], rate: int, limit: int
) -> None:
    """The same sale, recorded once the rule is active, earns what the rehearsal said."""
    program = uuid.uuid4()
    member_id = points.member()
    points.people.standings[member_id] = replace(points.people.standings[member_id], program_id=program)
    sales = [make.a_sale(make.a_line(amount), occurred_at=points.clock.now() - timedelta(days=1)) for amount in amounts]
    for sale in sales:
        command = replace(make.record_purchase(member_id, sale), program_id=program)
        points.purchases.record_purchase(TILL, command).unwrap()
    wish = asked(points, said("base", points=rate, per_amount_minor=7), program_id=program)
    rehearsal_id = begun(rehearsals, wish)
    while jobs.rehearse_rules(points.storage, CONDITIONS, limit=limit):
        pass
    found = rehearsals.get_rehearsal(program, rehearsal_id)
    assert found.comparison.would == sum(amount // 7 * rate for amount in amounts)
