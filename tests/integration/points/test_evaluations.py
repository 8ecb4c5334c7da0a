"""Long evaluations: done outside of the writer, with what they would have come to in it; and too long ones refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from uuid import UUID

import pytest

from services.points import check
from services.points.batch import GroupCommitter, Rulebook
from services.points.batch import evaluations as module
from services.points.batch.evaluations import Evaluations
from services.points.conditions import CelConditions
from services.points.domain.earning.terms import Trigger
from services.points.domain.errors import EvaluationTooCostly, RulesTooCostly
from services.points.handlers import PurchaseHandlers, ReturnHandlers, RuleHandlers
from services.points.handlers.member_lookup import MemberLookup
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points

LINES = tuple(make.a_line(100 + number, line_id=str(number)) for number in range(60))


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that have worked out long evaluations."""
    threads: list[str] = []
    keep = module.Evaluations._keep

    def kept(*args: object) -> None:
        threads.append(threading.current_thread().name)
        keep(*args)  # type: ignore[arg-type]  # handed through as it came

    monkeypatch.setattr(module.Evaluations, "_keep", kept)
    return threads


@pytest.fixture
def long_ones(points: Points) -> Iterator[Points]:
    """Points whose writer takes every evaluation for a long one."""
    rulebook = Rulebook(10, CelConditions(), evaluations=Evaluations(inline_steps_max=0))
    committer = GroupCommitter(points.storage, rulebook, batch_max=64, queue_max=1_000, queue_wait_s=60)
    member_lookup = MemberLookup(points.storage, points.people)
    points.purchases = PurchaseHandlers(points.storage, committer, member_lookup)
    points.returns = ReturnHandlers(points.storage, committer)
    writer = committer.writer()
    writer.start()
    yield points
    writer.stop()


def buy(points: Points, member_id: UUID, key: str = "") -> int:
    command = make.record_purchase(member_id, make.a_sale(*LINES), key)
    return points.purchases.record_purchase(TILL, command).unwrap().purchase.points_earned


def test_a_long_evaluation_is_done_by_the_thread_of_the_request(long_ones: Points, seen: list[str]) -> None:
    long_ones.rule(trigger=Trigger.LINE, condition="line.amount_minor < 130")
    assert buy(long_ones, long_ones.member()) == sum(range(100, 130)) // 100
    assert seen == [threading.current_thread().name]


def test_a_return_of_much_takes_back_what_it_would_have(long_ones: Points, seen: list[str]) -> None:
    long_ones.rule()
    member_id, sale = long_ones.member(), make.a_sale(*LINES)
    long_ones.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    before = len(seen)
    for line in LINES[:2]:
        back = make.record_return(sale.receipt, (line.line_id, 1000))
        long_ones.returns.record_return(TILL, back).unwrap()
    assert len(seen) > before
    assert long_ones.account(member_id).posted == sum(range(102, 160)) // 100
    assert not list(check.check(long_ones.engine))


def test_a_return_that_waited_is_put_off_with_its_purchase_and_leaves_one_of_each(long_ones: Points) -> None:
    long_ones.rule()
    member_id, sale = long_ones.member(), make.a_sale(*LINES)
    long_ones.returns.record_return(TILL, make.record_return(sale.receipt, ("0", 1000))).unwrap()
    long_ones.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    assert long_ones.account(member_id).posted == sum(range(101, 160)) // 100
    assert not list(check.check(long_ones.engine))


def test_a_preview_of_much_is_what_the_sale_earns(long_ones: Points) -> None:
    long_ones.rule()
    member_id, sale = long_ones.member(), make.a_sale(*LINES)
    command = make.record_purchase(member_id, sale)
    preview = long_ones.purchases.preview_purchase(TILL, command)  # type: ignore[arg-type]  # the same fields
    earned = long_ones.purchases.record_purchase(TILL, command).unwrap()
    assert preview.purchase.points_earned == earned.purchase.points_earned > 0


def test_a_receipt_beyond_the_budget_is_refused_and_leaves_nothing_while_others_go_on(points: Points) -> None:
    points.rule(trigger=Trigger.LINE, condition="member.segments.exists(each, each.startsWith(line.sku))")
    member_id = points.member()
    rulebook = Rulebook(10, CelConditions(), steps_max=10_000)
    committer = GroupCommitter(points.storage, rulebook, batch_max=64, queue_max=1_000, queue_wait_s=60)
    points.purchases = PurchaseHandlers(points.storage, committer, MemberLookup(points.storage, points.people))
    writer = committer.writer()
    writer.start()
    try:
        with pytest.raises(EvaluationTooCostly) as refused:
            buy(points, member_id, "dear")
        assert refused.value.metadata["steps_max"] == "10000"
        small = make.record_purchase(member_id, make.a_sale(LINES[0]))
        assert points.purchases.record_purchase(TILL, small).unwrap().purchase.points_earned == 0
    finally:
        writer.stop()
    assert points.account(member_id).version == 0
    assert not list(check.check(points.engine))


def test_a_version_that_would_make_the_greatest_receipt_too_dear_is_not_activated(points: Points) -> None:
    points.rules = RuleHandlers(points.storage, CelConditions(), evaluation_steps_max=200_000)
    points.rule(name="Cheap")
    with pytest.raises(RulesTooCostly):
        points.rule(trigger=Trigger.LINE, condition="line.sku.startsWith('A')")
    points.rule(name="Of others", currency="PKR")
    points.rule(**make.activity_terms())
