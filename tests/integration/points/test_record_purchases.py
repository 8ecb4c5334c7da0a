"""Many purchases in one call: each has the outcome that it would have had alone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from kit.call import Call
from kit.errors import Invalid, Refusal
from kit.idempotency import IdempotencyKeyReused, Outcome
from services.points.batch import HANDED_OVER_MAX, DirectCommitter, Operation, Result, Rulebook
from services.points.conditions import CelConditions
from services.points.domain.errors import (
    LedgerBusy,
    MemberMayNotEarn,
    MemberNotFound,
    MemberUnknownForNow,
    ReceiptConflict,
)
from services.points.domain.program.policy import KnownMember, MemberStatus
from services.points.domain.sales.purchases import PurchaseAnswer, RecordPurchase, RecordPurchases
from services.points.handlers import PurchaseHandlers
from services.points.handlers.member_lookup import MemberLookup
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points


def record(
    points: Points, *items: RecordPurchase | Invalid, handlers: PurchaseHandlers | None = None
) -> Sequence[Outcome[PurchaseAnswer] | Exception]:
    return (handlers or points.purchases).record_purchases(TILL, RecordPurchases(make.PROGRAM, items))


def singly(points: Points) -> PurchaseHandlers:
    """The same handlers over transactions of one operation."""
    return PurchaseHandlers(
        points.storage,
        DirectCommitter(points.storage, Rulebook(10, CelConditions())),
        MemberLookup(points.storage, points.people),
    )


def answer(result: Outcome[PurchaseAnswer] | Exception) -> PurchaseAnswer:
    assert isinstance(result, Outcome), result
    return result.unwrap()


def refusal(result: Outcome[PurchaseAnswer] | Exception) -> Refusal:
    found = result.refusal if isinstance(result, Outcome) else result
    assert isinstance(found, Refusal), result
    return found


def a_backlog(points: Points) -> list[RecordPurchase | Invalid]:
    """500 purchases of all sorts: good, on receipts that came before, refused, unknown, malformed, anonymous."""
    good = [points.member() for _ in range(41)]
    suspended, stranger = points.member(MemberStatus.SUSPENDED), uuid.uuid4()
    items: list[RecordPurchase | Invalid] = []
    for number in range(500):
        buyer = good[number % len(good)]
        match number % 10:
            case 4:
                earlier = items[number - 1]
                assert isinstance(earlier, RecordPurchase)
                items.append(make.record_purchase(earlier.member_id, earlier.sale))
            case 5:
                items.append(make.record_purchase(suspended))
            case 6:
                items.append(Invalid("sale.currency", "is missing"))
            case 7:
                items.append(make.record_purchase(None))
            case 8:
                items.append(make.record_purchase(stranger))
            case 9:
                unequal = make.a_sale(make.a_line(1000), make.a_line(500))  # two lines of one id
                items.append(make.record_purchase(buyer, unequal))
            case _:
                items.append(make.record_purchase(buyer))
    return items


@pytest.mark.parametrize("grouped", [True, False], ids=["in groups", "one by one"])
def test_a_backlog_of_all_sorts_has_an_outcome_an_item_and_the_same_again(points: Points, grouped: bool) -> None:
    points.rule()
    items, handlers = a_backlog(points), None if grouped else singly(points)

    results = record(points, *items, handlers=handlers)

    assert len(results) == 500
    for number, (item, result) in enumerate(zip(items, results, strict=True)):
        match number % 10:
            case 4:
                assert isinstance(result, Outcome)
                assert result.replayed
                assert answer(result) == answer(results[number - 1])
            case 5:
                assert isinstance(refusal(result), MemberMayNotEarn)
            case 6 | 9:
                assert isinstance(refusal(result), Invalid)
            case 8:
                assert isinstance(refusal(result), MemberNotFound)
            case _:
                assert isinstance(result, Outcome)
                assert isinstance(item, RecordPurchase)
                assert not result.replayed
                assert answer(result).purchase.sale == item.sale
                assert (answer(result).account is None) == (number % 10 == 7)
    # 41 good members, one suspended, one unknown: each was asked for once.
    asked = points.people.questions
    assert asked == 43

    again = record(points, *items, handlers=handlers)

    for first, second in zip(results, again, strict=True):
        if isinstance(first, Outcome):
            assert isinstance(second, Outcome)
            assert second.replayed
            if first.refusal is None:
                assert second.unwrap() == first.unwrap()
            else:
                assert (second.refusal.reason if second.refusal else "") == first.refusal.reason
        else:
            assert str(second) == str(first)
    # Only the stranger is asked for again: nobody is remembered as missing.
    assert points.people.questions == asked + 1


def test_purchases_of_one_member_are_recorded_in_their_order(points: Points) -> None:
    points.rule()
    members = [points.member() for _ in range(3)]
    sale = make.a_sale(make.a_line(100))
    items = [
        make.record_purchase(members[number % 3], make.a_sale(make.a_line(100 * number))) for number in range(1, 300)
    ]
    # One that must wait for another batch, and what comes after it of the same member waits with it.
    items[10:10] = [make.record_purchase(members[0], sale), make.record_purchase(members[0], sale)]

    results = record(points, *items)

    for member_id in members:
        own = [answer(result) for item, result in zip(items, results, strict=True) if item.member_id == member_id]
        versions = [each.account.version for each in own if each.account]
        assert versions == sorted(versions)
        assert [each.purchase.sale.receipt for each in own] == [
            item.sale.receipt for item in items if item.member_id == member_id
        ]


def test_one_key_twice_in_a_call_is_one_wish(points: Points) -> None:
    points.rule()
    wish = make.record_purchase(points.member(), key="same")
    other = make.record_purchase(wish.member_id, key="same")

    first, again, misused = record(points, wish, wish, other)

    assert isinstance(again, Outcome)
    assert (answer(again), again.replayed) == (answer(first), True)
    assert isinstance(misused, IdempotencyKeyReused)


def test_a_key_of_a_single_call_is_the_same_key_here(points: Points) -> None:
    points.rule()
    wish = make.record_purchase(points.member())
    alone = points.purchases.record_purchase(TILL, wish).unwrap()

    (result,) = record(points, wish)

    assert isinstance(result, Outcome)
    assert (result.unwrap(), result.replayed) == (alone, True)


def test_a_receipt_with_two_contents_conflicts_for_the_second_alone(points: Points) -> None:
    points.rule()
    member_id, sale = points.member(), make.a_sale()
    other = make.a_sale(make.a_line(2000), receipt=sale.receipt)

    first, second = record(points, make.record_purchase(member_id, sale), make.record_purchase(member_id, other))

    assert answer(first).purchase.points_earned == 10
    assert isinstance(refusal(second), ReceiptConflict)


def test_a_sale_of_tomorrow_week_is_malformed_and_its_neighbours_are_not(points: Points) -> None:
    points.rule()
    ahead = make.a_sale(occurred_at=make.NOON + timedelta(days=7))
    first, second = record(points, make.record_purchase(points.member(), ahead), make.record_purchase(points.member()))
    assert isinstance(first, Invalid)
    assert first.field == "sale.occurred_at"
    assert answer(second).purchase.points_earned == 10


class Away:
    """`members` while it cannot be asked."""

    questions = 0

    def member(self, call: Call, program_id: uuid.UUID, member_id: uuid.UUID) -> KnownMember:
        self.questions += 1
        raise MemberUnknownForNow("the member is new here and cannot be looked up now, try again")


def test_while_members_is_away_newcomers_wait_and_the_others_do_not(points: Points) -> None:
    points.rule()
    known, newcomers = points.member(), [points.member() for _ in range(5)]
    points.give(known, 1)
    away = Away()
    handlers = PurchaseHandlers(points.storage, points.committer, MemberLookup(points.storage, away))
    items = [make.record_purchase(member_id) for member_id in (newcomers[0], known, *newcomers)]

    results = record(points, *items, handlers=handlers)

    assert answer(results[1]).purchase.points_earned == 10
    assert all(isinstance(result, MemberUnknownForNow) for result in (results[0], *results[2:]))
    assert away.questions == 1
    # When it is back, the same call finds its way.
    assert all(answer(result).purchase.points_earned == 10 for result in record(points, *items))


class Full:
    """A queue that has room for so many operations."""

    def __init__(self, points: Points, room: int) -> None:
        self._behind = points.committer
        self._room = room

    def submit_all(self, call: Call, operations: Sequence[Operation[Any, object]]) -> list[Result]:
        if self._room < len(operations):
            raise LedgerBusy("more is waiting to be written than can be, try again")
        self._room -= len(operations)
        return self._behind.submit_all(call, operations)

    def __getattr__(self, name: str) -> object:
        return getattr(self._behind, name)


def test_a_full_queue_turns_the_call_away_or_what_is_left_of_it(points: Points) -> None:
    points.rule()
    member_id = points.member()
    items = [make.record_purchase(member_id) for _ in range(HANDED_OVER_MAX + 2)]
    known = MemberLookup(points.storage, points.people)

    with pytest.raises(LedgerBusy):
        record(points, *items, handlers=PurchaseHandlers(points.storage, Full(points, 0), known))  # type: ignore[arg-type]  # a committer that is full
    assert points.account(member_id).version == 0

    room = Full(points, HANDED_OVER_MAX)
    results = record(points, *items, handlers=PurchaseHandlers(points.storage, room, known))  # type: ignore[arg-type]  # a committer that is full
    assert sum(isinstance(result, LedgerBusy) for result in results) == 2
    assert points.account(member_id).version == HANDED_OVER_MAX
    assert sum(answer(result).purchase.points_earned for result in record(points, *items)) == 10 * len(items)
