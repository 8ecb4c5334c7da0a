"""Who may decide an adjustment, and until when."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from services.points.domain.errors import AdjustmentNeedsApproval, AdjustmentNotOpen, AdjustmentOwnApproval
from services.points.domain.ledger import adjustments
from services.points.domain.ledger.adjustments import OPEN_DAYS, Adjustment, AdjustmentState
from tests.factories import points as make

LATER = make.NOON + timedelta(days=OPEN_DAYS)


def asked() -> Adjustment:
    command = make.request_adjustment(uuid.uuid4(), 500)
    return adjustments.requested(uuid.uuid4(), command, "key-1", make.NOON)


@pytest.mark.parametrize(("amount", "limit"), [(10, 10), (-10, 10), (10**9, None), (-(10**9), None)])
def test_one_person_decides_within_the_limit(amount: int, limit: int | None) -> None:
    adjustments.expect_within_limit(amount, limit)


@pytest.mark.parametrize(("amount", "limit"), [(11, 10), (-11, 10), (1, 0), (-1, 0)])
def test_beyond_the_limit_it_takes_two(amount: int, limit: int) -> None:
    with pytest.raises(AdjustmentNeedsApproval) as heard:
        adjustments.expect_within_limit(amount, limit)
    assert heard.value.metadata == {"limit": str(limit), "amount": str(amount)}


def test_another_person_with_another_key_approves() -> None:
    adjustments.expect_approvable(asked(), "Bashir", "key-2", make.NOON)


@pytest.mark.parametrize(
    ("actor", "key"),
    [
        ("Amina", "key-2"),
        ("AMINA", "key-2"),
        ("Am\u200bina", "key-2"),
        ("Amina\ufeff", "key-2"),
        ("A mina", "key-2"),
        ("Amína", "key-2"),
        ("\u0410mina", "key-2"),
        ("Ａｍｉｎａ", "key-2"),
        ("Bashir", "key-1"),
    ],
)
def test_neither_person_nor_key_approves_its_own(actor: str, key: str) -> None:
    with pytest.raises(AdjustmentOwnApproval):
        adjustments.expect_approvable(asked(), actor, key, make.NOON)


def test_time_ends_a_request_and_nothing_else() -> None:
    request = asked()
    assert request.as_of(LATER - timedelta(microseconds=1)) == request
    assert request.as_of(LATER).state is AdjustmentState.EXPIRED
    ended = adjustments.rejected(request, "Bashir", "key-2", "no", make.NOON)
    assert ended.as_of(LATER) == ended


@pytest.mark.parametrize("state", [each for each in AdjustmentState if each is not AdjustmentState.REQUESTED])
def test_what_has_ended_stays_ended(state: AdjustmentState) -> None:
    ended = replace(asked(), state=state)
    for decide in (
        lambda: adjustments.expect_approvable(ended, "Bashir", "key-2", make.NOON),
        lambda: adjustments.rejected(ended, "Bashir", "key-2", "no", make.NOON),
    ):
        with pytest.raises(AdjustmentNotOpen) as heard:
            decide()
        assert heard.value.metadata == {"state": state.value}


def test_nobody_decides_after_the_time_is_over() -> None:
    with pytest.raises(AdjustmentNotOpen) as heard:
        adjustments.expect_approvable(asked(), "Bashir", "key-2", LATER)
    assert heard.value.metadata == {"state": "expired"}
