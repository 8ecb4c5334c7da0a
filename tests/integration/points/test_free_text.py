"""What staff write stands in the ledger, and in no stored answer; a replay tells it all the same."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from kit.call import Call
from kit.page import PageRequest
from services.points import tables
from services.points.domain.ledger.transfers import TransferPolicy
from tests.factories import points as make
from tests.integration.points.conftest import TILL, Points

OTHER = Call("till-2")
WORDS = "spoke with her sister, who was upset"
NOTE = "no such sale in the till's journal"


def answers(points: Points) -> bytes:
    with points.engine.connect() as connection:
        return b"".join(connection.scalars(sa.select(tables.stored_answers.c.answer)))


def test_an_adjustment_is_replayed_with_its_reason_and_stored_without(points: Points) -> None:
    command = replace(make.adjust_points(points.member(), 10), reason=WORDS)
    first, again = (points.accounts.adjust_points(TILL, command) for _ in range(2))
    assert (first.replayed, again.replayed) == (False, True)
    assert again.unwrap() == first.unwrap()
    assert first.unwrap().entry.cause.reason == WORDS
    assert answers(points) and WORDS.encode() not in answers(points)


def test_an_approval_is_replayed_with_the_reason_of_its_request_and_stored_without(points: Points) -> None:
    asking = replace(make.request_adjustment(points.member(), 500), reason=WORDS)
    asked, asked_again = (points.adjustments.request_adjustment(TILL, asking).unwrap() for _ in range(2))
    assert asked_again == asked
    assert asked.reason == WORDS
    approving = make.approve_adjustment(asked.adjustment_id)
    first, again = (points.adjustments.approve_adjustment(OTHER, approving).unwrap() for _ in range(2))
    assert again == first
    assert (first.adjustment.reason, first.entry.cause.reason) == (WORDS, WORDS)
    assert WORDS.encode() not in answers(points)


def test_a_rejection_is_replayed_with_both_texts_and_stored_with_neither(points: Points) -> None:
    asking = replace(make.request_adjustment(points.member(), 500), reason=WORDS)
    asked = points.adjustments.request_adjustment(TILL, asking).unwrap()
    rejecting = replace(make.reject_adjustment(asked.adjustment_id), reason=NOTE)
    first, again = (points.adjustments.reject_adjustment(OTHER, rejecting).unwrap() for _ in range(2))
    assert again == first
    assert (first.reason, first.decision_reason) == (WORDS, NOTE)
    assert not any(text.encode() in answers(points) for text in (WORDS, NOTE))


def test_no_operation_of_the_ledger_stores_what_people_wrote(points: Points) -> None:
    amina, bilal = points.member(), points.member()
    points.policy(transfers=TransferPolicy())
    points.give(amina, 100)
    sending = replace(make.transfer_points(amina, bilal, 10), reason=WORDS)
    assert points.transfers.transfer_points(TILL, sending).unwrap().reason == WORDS
    hold = points.holds.place_hold(TILL, make.place_hold(amina, 20)).unwrap().hold
    points.holds.capture_hold(TILL, make.capture_hold(amina, hold.hold_id)).unwrap()
    reversing = replace(make.reverse_capture(amina, hold.hold_id), reason=WORDS)
    points.holds.reverse_capture(TILL, reversing).unwrap()
    assert WORDS.encode() not in answers(points)
    entries = points.accounts.list_entries(make.PROGRAM, amina, "points", PageRequest(10)).items
    assert [entry.cause.reason for entry in entries].count(WORDS) == 2
