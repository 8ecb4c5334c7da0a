"""What goods that come back had cost."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from services.points.domain.sales.returned_goods import ReturnedGoods, returned_goods
from services.points.domain.sales.returns import ReturnLine
from services.points.domain.sales.sale import add_returned
from tests.factories import points as make


def test_goods_are_told_with_what_was_paid_for_them() -> None:
    line = replace(make.a_line(1_200, quantity=2, category="DRINKS"), brand="Halo", tax_minor=200)
    (goods,) = returned_goods(make.a_sale(line), {}, [ReturnLine("1", 1_000)])
    assert goods == ReturnedGoods("1", 1_000, "TEA", "DRINKS", "Halo", 600, 100)


def test_a_discount_on_the_order_is_taken_off() -> None:
    sale = make.a_sale(make.a_line(3_000), make.a_line(1_000, line_id="2"), make.a_discount(400))
    first, second = returned_goods(sale, {}, [ReturnLine("1", 1_000), ReturnLine("2", 1_000)])
    assert (first.amount_minor, second.amount_minor) == (2_700, 900)


def test_a_line_that_stands_in_a_return_twice_comes_back_in_two_parts() -> None:
    sale = make.a_sale(make.a_line(101, quantity=2))
    first, second = returned_goods(sale, {}, [ReturnLine("1", 1_000), ReturnLine("1", 1_000)])
    assert first.amount_minor + second.amount_minor == 101


@given(st.integers(0, 10_000), st.integers(0, 1_000), st.lists(st.integers(1, 999), min_size=1, max_size=5))
def test_parts_that_come_back_add_up_to_what_was_paid(amount_minor: int, tax_minor: int, parts: list[int]) -> None:
    tax_minor = min(tax_minor, amount_minor)
    line = replace(make.a_line(amount_minor), quantity_milli=sum(parts), unit_price_minor=None, tax_minor=tax_minor)
    before: dict[str, int] = {}
    back: list[ReturnedGoods] = []
    for milli in parts:
        back += returned_goods(make.a_sale(line), before, [ReturnLine("1", milli)])
        before = add_returned(before, [("1", milli)])
    assert sum(goods.amount_minor for goods in back) == amount_minor
    assert sum(goods.tax_minor for goods in back) == tax_minor
