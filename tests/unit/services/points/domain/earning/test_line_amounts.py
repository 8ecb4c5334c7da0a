"""A line's amount is the fact; it is refused where no way of rounding explains it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kit.errors import Invalid
from services.points.domain.sales.sale import PurchaseLine, check_sale, explained_amounts
from tests.factories import points as make

Rounding = Callable[[Fraction], int]


def half_up(exact: Fraction) -> int:
    return math.floor(exact + Fraction(1, 2))


def half_down(exact: Fraction) -> int:
    return math.ceil(exact - Fraction(1, 2))


ROUNDINGS: tuple[Rounding, ...] = (half_up, half_down, round, math.trunc, math.floor, math.ceil)


def a_line(
    amount_minor: int,
    quantity_milli: int,
    unit_price_minor: int | None,
    discount_minor: int = 0,
    tax_minor: int = 0,
    *,
    price_includes_tax: bool | None = None,
) -> PurchaseLine:
    line = PurchaseLine("1", "TEA", "", quantity_milli, unit_price_minor, discount_minor, amount_minor)
    return replace(line, tax_minor=tax_minor, price_includes_tax=price_includes_tax)


def is_taken(line: PurchaseLine) -> bool:
    try:
        check_sale(make.a_sale(line))
    except Invalid as problem:
        assert problem.field == "sale.lines[0].amount_minor"
        return False
    return True


# ---- any way of rounding

prices = st.fractions(min_value=-100_000, max_value=100_000, max_denominator=10_000)
quantities = st.integers(-2_000_000, 2_000_000).filter(bool)


@given(prices, quantities, st.integers(-5_000, 5_000), st.sampled_from(ROUNDINGS), st.sampled_from(ROUNDINGS))
@example(Fraction(675, 10), 4_000, 0, half_up, half_up)  # 4 × 0.675 sold at 0.68
@example(Fraction(256, 10), 500_000, 0, half_up, half_up)
@example(Fraction(7546, 6), 6_000, 0, math.floor, half_up)  # six for 75.46
@example(Fraction(3459, 10), 12_345, 0, math.trunc, round)  # gallons
def test_an_amount_of_an_exact_price_is_taken_however_price_and_amount_are_rounded(
    price: Fraction, quantity_milli: int, discount_minor: int, of_price: Rounding, of_amount: Rounding
) -> None:
    sign = 1 if quantity_milli > 0 else -1
    amount = of_amount(price * quantity_milli / 1000) - sign * discount_minor
    assert is_taken(a_line(amount, quantity_milli, of_price(price), discount_minor))


@given(st.integers(-100_000, 100_000), quantities, st.integers(-5_000, 5_000), st.data())
def test_an_amount_that_is_taken_is_that_of_a_price_that_rounds_to_the_one_told(
    price_minor: int, quantity_milli: int, discount_minor: int, data: st.DataObject
) -> None:
    (amounts,) = explained_amounts(a_line(0, quantity_milli, price_minor, discount_minor))
    amount = data.draw(st.sampled_from([amounts[0], amounts[-1], amounts[len(amounts) // 2]]))
    goods = amount + (1 if quantity_milli > 0 else -1) * discount_minor
    # One of the exact amounts between the two whole ones beside it belongs to a price less than one minor unit off.
    exact_prices = sorted(Fraction((goods + off) * 1000, quantity_milli) for off in (-1, 1))
    assert exact_prices[0] < price_minor + 1
    assert exact_prices[1] > price_minor - 1


@given(st.integers(-100_000, 100_000), quantities, st.integers(-5_000, 5_000))
def test_what_lies_beside_the_amounts_that_are_taken_is_refused(
    price_minor: int, quantity_milli: int, discount_minor: int
) -> None:
    (amounts,) = explained_amounts(a_line(0, quantity_milli, price_minor, discount_minor))
    exact = Fraction(quantity_milli * price_minor, 1000) - (1 if quantity_milli > 0 else -1) * discount_minor
    for amount in (amounts[0] - 1, amounts[-1] + 1):
        assert not is_taken(a_line(amount, quantity_milli, price_minor, discount_minor))
        assert abs(amount - exact) >= Fraction(abs(quantity_milli), 1000) + 1


@pytest.mark.parametrize(
    ("quantity_milli", "unit_price_minor", "discount_minor", "taken"),
    [
        (1_000, 1000, 0, (999, 1001)),  # of a single piece the price is the amount
        (2_000, 250, 0, (498, 502)),
        (4_000, 68, 0, (268, 276)),
        (333, 199, 0, (65, 67)),
        (1_000, 0, 500, (-501, -499)),  # a rebate
        (1_000, -500, 0, (-501, -499)),  # the same, told as a price
        (1_000, 1000, 1200, (-201, -199)),  # a discount larger than the price
        (1_000, 1000, -150, (1149, 1151)),  # a surcharge
        (-1_000, 1000, 100, (-901, -899)),  # a discounted article taken back within the sale
        (-1_000, 1000, -100, (-1101, -1099)),
        (0, 500, 100, (0, 0)),  # a voided line
    ],
)
def test_these_amounts_are_taken_and_no_others(
    quantity_milli: int, unit_price_minor: int, discount_minor: int, taken: tuple[int, int]
) -> None:
    least, most = taken
    for amount, expected in ((least - 1, False), (least, True), (most, True), (most + 1, False)):
        assert is_taken(a_line(amount, quantity_milli, unit_price_minor, discount_minor)) is expected


def test_a_discount_of_goods_taken_back_makes_them_cheaper_and_not_dearer() -> None:
    assert is_taken(a_line(-900, -1_000, 1000, 100))
    assert not is_taken(a_line(-1100, -1_000, 1000, 100))


@pytest.mark.parametrize("amount_minor", [-1_062, 0, 7_546])
@pytest.mark.parametrize("quantity_milli", [-1_000, 0, 6_000])
def test_without_a_price_the_amount_stands_for_itself(amount_minor: int, quantity_milli: int) -> None:
    assert is_taken(a_line(amount_minor, quantity_milli, None))
    assert is_taken(a_line(amount_minor, 0, 0)), "nothing at no price says as little"


def test_a_price_of_nothing_is_a_price() -> None:
    assert not is_taken(a_line(7_546, 6_000, 0))


# ---- tax


def test_tax_on_top_of_the_price_is_within_the_amount() -> None:
    assert is_taken(a_line(1_508, 7_000, 199, 0, 115))
    assert is_taken(a_line(1_508, 7_000, 199, 0, 115, price_includes_tax=False))
    assert not is_taken(a_line(1_508, 7_000, 199, 0, 115, price_includes_tax=True))
    assert is_taken(a_line(1_393, 7_000, 199, 0, 115, price_includes_tax=True))
    assert not is_taken(a_line(1_393, 7_000, 199, 0, 115, price_includes_tax=False))


def test_a_till_that_does_not_say_may_mean_either_and_nothing_between() -> None:
    taken = [amount for amount in range(800, 1_300) if is_taken(a_line(amount, 1_000, 1_000, 0, 160))]
    assert taken == [999, 1_000, 1_001, 1_159, 1_160, 1_161]


def test_net_and_gross_prices_stand_on_one_receipt() -> None:
    net = a_line(1_508, 7_000, 199, 0, 115, price_includes_tax=False)
    check_sale(make.a_sale(net, replace(a_line(500, 1_000, 500, 0, 80, price_includes_tax=True), line_id="2")))


def test_net_goods_taken_back_take_their_tax_with_them() -> None:
    assert is_taken(a_line(-1_508, -7_000, 199, 0, -115, price_includes_tax=False))


# ---- what is said


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (a_line(900, 1_000, 1000), "is 900; quantity × unit price − discount, however rounded, is 999 to 1001"),
        (a_line(7, 0, 1000), "is 7; quantity × unit price − discount, however rounded, is 0"),
        (a_line(900, 1_000, 1000, 0, 160), "is 999 to 1001, or 1159 to 1161 with the tax on top"),
        (a_line(900, 1_000, 1000, 0, 160, price_includes_tax=False), "rounded, is 1159 to 1161 with the tax on top"),
        (a_line(2, 1_000_000_000, 1_000_000_000_000), "is 999999999999000000 to 1000000000001000000"),
    ],
)
def test_the_refusal_says_what_the_amount_may_be(line: PurchaseLine, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_sale(make.a_sale(line))
    assert refused.value.problem.endswith(words)


# ---- the price that conditions ask for


@pytest.mark.parametrize(
    ("line", "price_minor"),
    [
        (a_line(1_000, 3_000, 333), 333),
        (a_line(7_546, 6_000, None), 1_258),
        (a_line(900, 1_000, None, 100), 1_000),
        (a_line(-900, -1_000, None, 100), 1_000),
        (a_line(500, 0, None), 0),
        (a_line(0, 2_000, 0), 0),
    ],
)
def test_the_price_of_one_is_as_told_or_what_the_amount_makes_it(line: PurchaseLine, price_minor: int) -> None:
    assert line.price_minor == price_minor
