"""A process dies between the two sides of a transfer; another one finishes it, and who asks again gets the same one.

The process is killed as by kill -9 where a failpoint stands in the source. Leases last no time here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from kit import failpoints
from kit.page import PageRequest
from services.points import check, handlers, jobs
from services.points.domain.ledger.transfers import TransferPoints, TransferPolicy, TransferState
from services.points.handlers.member_lookup import MemberLookup
from tests.factories import points as make
from tests.fixtures.dying import expect_killed
from tests.integration.points.busy import started
from tests.integration.points.conftest import TILL, Points


@pytest.fixture
def url(databases: Callable[[str], str]) -> str:
    return databases("points")


@pytest.fixture
def points(url: str) -> Iterator[Points]:
    with started(url) as found:
        found.policy(transfers=TransferPolicy())
        yield found


def transfers_of(points: Points) -> handlers.TransferHandlers:
    known = MemberLookup(points.storage, points.people)
    return handlers.TransferHandlers(points.storage, points.committer, known, lease_s=0)


def _transfer(url: str, failpoint: str, command: TransferPoints) -> None:
    failpoints.arm(failpoint)
    with started(url) as points:
        transfers_of(points).transfer_points(TILL, command).unwrap()


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("failpoint", ["points.transfer.after_sending", "points.transfer.after_arriving"])
def test_a_crash_between_the_sides_is_made_good(points: Points, url: str, failpoint: str, closes: bool) -> None:
    sender, recipient = points.member(), points.member()
    for member_id in (sender, recipient):
        points.give(member_id, 100)
    command = make.transfer_points(sender, recipient, 30)
    expect_killed(_transfer, url, failpoint, command)
    (left,) = points.transfers.list_transfers(make.PROGRAM, sender, PageRequest(9)).items
    assert left.state is TransferState.SENT
    assert list(check.check(points.engine)) == []
    if closes:
        points.leaves(recipient)

    points.clock.advance(hours=1)
    transfers = transfers_of(points)
    jobs.finish_transfers(transfers, limit=10)

    # What the recipient's side decided before the crash stands; what it had not decided is decided now.
    comes_back = closes and failpoint == "points.transfer.after_sending"
    again = transfers.transfer_points(TILL, command)
    assert again.replayed
    assert again.unwrap().state is (TransferState.RETURNED if comes_back else TransferState.DONE)
    assert points.account(sender).posted == (100 if comes_back else 70)
    assert points.account(recipient).posted == (100 if comes_back else 130)
    assert list(check.check(points.engine)) == []
