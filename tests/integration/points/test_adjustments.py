"""Adjustments by four eyes: asked for by one person, approved by another, posted once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from kit.call import Call
from kit.page import PageRequest
from services.points import handlers, jobs
from services.points.batch import DirectCommitter, Rulebook
from services.points.conditions import CelConditions
from services.points.domain.errors import (
    AdjustmentNeedsApproval,
    AdjustmentNotFound,
    AdjustmentNotOpen,
    AdjustmentOwnApproval,
    InsufficientBalance,
)
from services.points.domain.ledger.accounts import EntryKind
from services.points.domain.ledger.adjustments import OPEN_DAYS, Adjustment, AdjustmentState, ApprovalAnswer
from services.points.handlers.member_lookup import MemberLookup
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points

OTHER = Call("till-2")
THIRD = Call("till-3")
ALL = PageRequest(50)


def ask(points: Points, member_id: UUID, amount: int, *, expiry_days: int = 0) -> Adjustment:
    command = make.request_adjustment(member_id, amount, expiry_days=expiry_days)
    return points.adjustments.request_adjustment(TILL, command).unwrap()


def approve(points: Points, asked: Adjustment, actor: str = "Bashir", call: Call = OTHER) -> ApprovalAnswer:
    command = make.approve_adjustment(asked.adjustment_id, actor=actor)
    return points.adjustments.approve_adjustment(call, command).unwrap()


def reject(points: Points, asked: Adjustment, actor: str = "Bashir", call: Call = OTHER) -> Adjustment:
    command = make.reject_adjustment(asked.adjustment_id, actor=actor)
    return points.adjustments.reject_adjustment(call, command).unwrap()


def stored(points: Points, asked: Adjustment) -> Adjustment:
    return points.adjustments.get_adjustment(make.PROGRAM, asked.adjustment_id)


# ---- The limit


def test_one_person_adjusts_up_to_the_limit_either_way(points: Points) -> None:
    member_id = points.member()
    points.policy(adjustment_limit=100)
    points.give(member_id, 100)
    points.give(member_id, -100)
    for amount in (101, -101):
        with pytest.raises(AdjustmentNeedsApproval) as heard:
            points.give(member_id, amount)
        assert heard.value.metadata == {"limit": "100", "amount": str(amount)}
    assert points.account(member_id).version == 2


def test_with_a_limit_of_nothing_every_adjustment_takes_two(points: Points) -> None:
    member_id = points.member()
    points.policy(adjustment_limit=0)
    with pytest.raises(AdjustmentNeedsApproval):
        points.give(member_id, 1)
    assert approve(points, ask(points, member_id, 1)).account.available == 1


def test_without_a_limit_one_person_adjusts_whatever_they_like(points: Points) -> None:
    member_id = points.member()
    points.policy(adjustment_limit=5)
    points.policy()
    points.give(member_id, 1_000_000)
    assert points.account(member_id).posted == 1_000_000


# ---- ApproveAdjustmentOperation


def test_asking_moves_nothing_and_approving_posts_with_both_names(points: Points) -> None:
    member_id = points.member()
    asked = ask(points, member_id, 500, expiry_days=30)
    assert (asked.state, points.account(member_id).version) == (AdjustmentState.REQUESTED, 0)
    points.clock.advance(days=2)

    answer = approve(points, asked)

    assert (answer.adjustment.state, answer.adjustment.decided_by) == (AdjustmentState.APPROVED, "Bashir")
    assert stored(points, asked) == answer.adjustment
    entry, cause = answer.entry, answer.entry.cause
    assert (entry.kind, entry.amount, entry.version) == (EntryKind.ADJUSTMENT, 500, answer.adjustment.entry_version)
    assert (cause.actor, cause.approved_by, cause.adjustment_id) == ("Amina", "Bashir", asked.adjustment_id)
    (listed,) = points.accounts.list_entries(make.PROGRAM, member_id, "points", ALL).items
    assert listed == entry
    # The days until expiry count from the approval.
    points.clock.advance(days=29)
    assert points.account(member_id).available == 500
    points.clock.advance(days=1)
    assert points.account(member_id).available == 0


@pytest.mark.parametrize(("actor", "call"), [("Amina", OTHER), (" aMINA ", OTHER), ("Bashir", TILL), ("Amina", TILL)])
def test_nobody_approves_what_they_asked_for(points: Points, actor: str, call: Call) -> None:
    """Neither under their own name nor with the key that asked, whoever it says holds it now."""
    member_id = points.member()
    asked = ask(points, member_id, 500)
    with pytest.raises(AdjustmentOwnApproval):
        approve(points, asked, actor, call)
    assert (stored(points, asked), points.account(member_id).version) == (asked, 0)
    assert approve(points, asked).account.available == 500


def test_what_cannot_be_taken_leaves_the_request_open(points: Points) -> None:
    member_id = points.member()
    points.give(member_id, 10)
    asked = ask(points, member_id, -30)
    with pytest.raises(InsufficientBalance) as heard:
        approve(points, asked)
    assert heard.value.metadata["missing"] == "20"
    assert stored(points, asked).state is AdjustmentState.REQUESTED

    points.give(member_id, 20)
    assert approve(points, asked).account.available == 0


def test_the_answer_to_an_approval_can_be_had_again(points: Points) -> None:
    asked = ask(points, points.member(), 500)
    command = make.approve_adjustment(asked.adjustment_id)
    first = points.adjustments.approve_adjustment(OTHER, command)
    again = points.adjustments.approve_adjustment(OTHER, command)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.unwrap() == first.unwrap()


# ---- It ends once


def test_what_has_ended_is_not_decided_again(points: Points) -> None:
    member_id = points.member()
    approved, rejected = ask(points, member_id, 5), ask(points, member_id, 7)
    approve(points, approved)
    reject(points, rejected)
    for asked, state in ((approved, "approved"), (rejected, "rejected")):
        for decide in (approve, reject):
            with pytest.raises(AdjustmentNotOpen) as heard:
                decide(points, asked)
            assert heard.value.metadata == {"state": state}
    assert (points.account(member_id).posted, points.account(member_id).version) == (5, 1)


def test_whoever_asked_may_withdraw(points: Points) -> None:
    asked = ask(points, points.member(), 5)
    ended = reject(points, asked, "Amina", TILL)
    assert (ended.state, ended.decision_reason) == (AdjustmentState.REJECTED, "asked for twice")


def test_a_request_that_nobody_decides_expires_whether_a_job_passes_or_not(points: Points) -> None:
    member_id = points.member()
    asked, waiting = ask(points, member_id, 5), points.adjustments
    points.clock.advance(days=OPEN_DAYS)
    assert stored(points, asked).state is AdjustmentState.EXPIRED
    with pytest.raises(AdjustmentNotOpen):
        approve(points, asked)
    listed = waiting.list_adjustments(make.PROGRAM, AdjustmentState.EXPIRED, ALL).items
    assert [each.adjustment_id for each in listed] == [asked.adjustment_id]
    assert not waiting.list_adjustments(make.PROGRAM, AdjustmentState.REQUESTED, ALL).items

    assert jobs.expire_adjustments(points.storage, limit=1) is True
    assert jobs.expire_adjustments(points.storage, limit=1) is False
    assert waiting.list_adjustments(make.PROGRAM, AdjustmentState.EXPIRED, ALL).items == listed
    assert points.account(member_id).version == 0


def test_an_adjustment_that_nobody_asked_for_is_not_there(points: Points) -> None:
    with pytest.raises(AdjustmentNotFound):
        points.adjustments.get_adjustment(make.PROGRAM, uuid4())
    asked = ask(points, points.member(), 5)
    with pytest.raises(AdjustmentNotFound):
        points.adjustments.get_adjustment(uuid4(), asked.adjustment_id)


def test_a_list_is_in_pages_newest_first(points: Points) -> None:
    asked = [ask(points, points.member(), number) for number in (1, 2, 3, 4, 5)]
    found: list[Adjustment] = []
    for _ in range(3):
        after = (str(found[-1].adjustment_id),) if found else ()
        page = points.adjustments.list_adjustments(make.PROGRAM, AdjustmentState.REQUESTED, PageRequest(2, after))
        found += page.items
    assert (found, page.next_token) == (asked[::-1], "")


# ---- Two at once


def decisions(points: Points, kind: str) -> list[handlers.AdjustmentHandlers]:
    """One process that writes in groups, twice; or two processes that each write by themselves."""
    if kind == "one process":
        return [points.adjustments] * 2
    alone = DirectCommitter(points.storage, Rulebook(10, CelConditions()))
    return [handlers.AdjustmentHandlers(points.storage, alone, MemberLookup(points.storage, points.people))] * 2


@pytest.mark.parametrize("kind", ["one process", "two processes"])
def test_two_approvals_at_once_post_once(points: Points, kind: str) -> None:
    member_id = points.member()
    for _ in range(10):
        asked = ask(points, member_id, 5)
        outcomes = _together(points, kind, asked, both_approve=True)
        assert sorted(outcomes) == ["ADJUSTMENT_NOT_OPEN", "approved"]
    account = points.account(member_id)
    assert (account.posted, account.version) == (50, 10)


@pytest.mark.parametrize("kind", ["one process", "two processes"])
def test_an_approval_and_a_rejection_at_once_come_to_one_of_them(points: Points, kind: str) -> None:
    member_id, approvals = points.member(), 0
    for _ in range(10):
        asked = ask(points, member_id, 5)
        outcomes = _together(points, kind, asked, both_approve=False)
        assert outcomes.count("ADJUSTMENT_NOT_OPEN") == 1
        assert stored(points, asked).state.value in outcomes
        approvals += outcomes.count("approved")
    assert points.account(member_id).posted == 5 * approvals


def _together(points: Points, kind: str, asked: Adjustment, *, both_approve: bool) -> list[str]:
    barrier = threading.Barrier(2)

    def decide(number: int) -> str:
        barrier.wait()
        by, call = decisions(points, kind)[number], (OTHER, THIRD)[number]
        if number == 0 or both_approve:
            approval = make.approve_adjustment(asked.adjustment_id, actor=("Bashir", "Chandni")[number])
            outcome = by.approve_adjustment(call, approval).map(lambda answer: answer.adjustment)
        else:
            outcome = by.reject_adjustment(call, make.reject_adjustment(asked.adjustment_id))
        return outcome.refusal.reason if outcome.refusal else outcome.unwrap().state.value

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(decide, range(2)))


# ---- The database keeps it, too


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE adjustments SET decided_by = requested_by",
        "UPDATE adjustments SET decided_caller = requested_caller",
        "UPDATE adjustments SET entry_version = NULL",
        "UPDATE adjustments SET state = 'requested'",
        "UPDATE entries SET approved_by = actor",
        "UPDATE entries SET approved_by = ''",
        "UPDATE entries SET adjustment_id = NULL",
        "UPDATE entries SET hold_id = adjustment_id",
        "INSERT INTO entries (member_id, wallet, version, program_id, kind, contra, amount, balance_after, reason, "
        "actor, adjustment_id, approved_by, occurred_at, recorded_at) SELECT member_id, wallet, version + 1, "
        "program_id, kind, contra, amount, balance_after, reason, actor, adjustment_id, approved_by, occurred_at, "
        "recorded_at FROM entries",
    ],
)
def test_the_database_keeps_what_two_people_decide(points: Points, change: str) -> None:
    approve(points, ask(points, points.member(), 5))
    with pytest.raises(exc.IntegrityError), points.engine.begin() as connection:
        connection.execute(sa.text(change))
