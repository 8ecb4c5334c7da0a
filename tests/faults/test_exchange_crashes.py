"""A process dies in the midst of an exchange: both parts are recorded or neither, and who asks again gets both.

The process is killed as by kill -9 before the batch is written, before it is committed and after.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from kit import failpoints
from services.points import check, tables
from services.points.domain.program.policy import Shortfall
from services.points.domain.sales.exchanges import RecordExchange
from tests.factories import points as make
from tests.fixtures.dying import expect_killed
from tests.integration.points.busy import buy, spend, started
from tests.integration.points.conftest import TILL, Points


def _exchange(url: str, failpoint: str, command: RecordExchange) -> None:
    failpoints.arm(failpoint)
    with started(url) as points:
        points.exchanges.record_exchange(TILL, command).unwrap()


def _recorded(points: Points) -> tuple[int, int]:
    """How many returns and purchases there are."""
    with points.engine.connect() as connection:
        returns, purchases = (
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (tables.returns, tables.purchases)
        )
    return returns, purchases


@pytest.mark.parametrize("place", ["before_write", "before_commit", "after_commit"])
def test_after_a_crash_there_are_both_parts_or_neither(databases: Callable[[str], str], place: str) -> None:
    url = databases("points")
    with started(url) as points:
        points.rule()
        points.policy(Shortfall.REFUSE)
        member_id = points.member()
        old = buy(points, member_id, 1000)
        hold_id = spend(points, member_id, 10)
        command = make.record_exchange(old.receipt, ("1", 1000), sale=make.a_sale(make.a_line(700)), refunds=[hold_id])
        expect_killed(_exchange, url, f"points.batch.{place}", command)
        happened = place == "after_commit"
        assert _recorded(points) == ((1, 2) if happened else (0, 1))
        assert points.account(member_id).posted == (7 if happened else 0)
        assert list(check.check(points.engine)) == []

        again = points.exchanges.record_exchange(TILL, command)

        assert again.replayed is happened
        assert again.unwrap().returned.recorded.points_restored == 10
        assert _recorded(points) == (1, 2)
        assert points.account(member_id).posted == 7
        assert list(check.check(points.engine)) == []
