"""The order in which tills send the receipts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from wafa.demo.plan import make_plan, shift_to
from wafa.demo.receipts import END, read_receipts

TODAY = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_every_receipt_is_planned_once() -> None:
    receipts = read_receipts()
    planned = [task.receipt.number for lane in make_plan(receipts, 6, TODAY).lanes for task in lane]
    assert sorted(planned) == sorted(receipt.number for receipt in receipts)


def test_a_customer_keeps_to_one_lane_and_in_order() -> None:
    lane_of: dict[str, int] = {}
    for place, lane in enumerate(make_plan(read_receipts(), 6, TODAY).lanes):
        times = [task.receipt.occurred_at for task in lane]
        assert times == sorted(times)
        for task in lane:
            if task.receipt.customer:
                assert lane_of.setdefault(task.receipt.customer, place) == place


def test_returns_come_in_parts_and_sales_in_none() -> None:
    tasks = [task for lane in make_plan(read_receipts(), 6, TODAY).lanes for task in lane]
    assert all(bool(task.parts) == task.receipt.is_return for task in tasks)


def test_receipts_move_by_whole_weeks_to_end_before_today() -> None:
    shift = shift_to(TODAY)
    assert shift % timedelta(weeks=1) == timedelta(0)
    assert TODAY - timedelta(weeks=1) < END + shift <= TODAY


def test_a_part_of_the_receipts_moves_as_all_of_them_do() -> None:
    assert make_plan(read_receipts(limit=10), 6, TODAY).shift == make_plan(read_receipts(), 3, TODAY).shift


def test_the_end_is_past_the_last_receipt() -> None:
    assert timedelta(0) < END - read_receipts()[-1].occurred_at < timedelta(days=1)
