"""Receipts that contradict themselves are refused by the field that does."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date
from fractions import Fraction

import pytest

from kit.digests import field_digests
from kit.errors import Invalid
from services.points.domain.sales import (
    PurchaseLine,
    ReceiptKey,
    Sale,
    Tender,
    TenderKind,
    add_returned,
    check_sale,
    kept_amount,
)
from tests.factories import points as make


def refused_field(sale: Sale) -> str:
    with pytest.raises(Invalid) as refused:
        check_sale(sale)
    return refused.value.field


def weighed(amount_minor: int, *, quantity_milli: int, unit_price_minor: int, discount_minor: int = 0) -> PurchaseLine:
    return PurchaseLine("1", "TEA", "", quantity_milli, unit_price_minor, discount_minor, amount_minor)


# 0.333 kg at 1.99 is 0.66267, 0.125 kg at 1.00 exactly 0.125; the last one takes goods back.
@pytest.mark.parametrize(
    ("quantity_milli", "unit_price_minor", "discount_minor", "amounts"),
    [
        (1000, 250, 0, [249, 250, 251]),
        (3000, 250, 100, [649, 650, 651]),
        (333, 199, 0, [66, 67]),
        (125, 100, 0, [12, 13]),
        (500, 1, 0, [0, 1]),
        (1000, 0, 500, [-501, -500, -499]),
        (-1000, 250, 0, [-251, -250, -249]),
    ],
)
def test_a_line_may_differ_from_its_parts_by_one_minor_unit(
    quantity_milli: int, unit_price_minor: int, discount_minor: int, amounts: list[int]
) -> None:
    def line(amount_minor: int) -> PurchaseLine:
        return weighed(
            amount_minor,
            quantity_milli=quantity_milli,
            unit_price_minor=unit_price_minor,
            discount_minor=discount_minor,
        )

    for amount in amounts:
        check_sale(make.a_sale(line(amount)))
    for amount in (amounts[0] - 1, amounts[-1] + 1):
        assert refused_field(make.a_sale(line(amount))) == "sale.lines[0].amount_minor"


def test_the_refusal_says_what_the_line_should_have_been() -> None:
    with pytest.raises(Invalid, match=r"is 900, quantity × unit price − discount is 1000$"):
        check_sale(make.a_sale(replace(make.a_line(1000), amount_minor=900)))


def test_the_line_that_is_wrong_is_named_by_its_place() -> None:
    wrong = replace(make.a_line(1000, line_id="2"), amount_minor=1)
    assert refused_field(make.a_sale(make.a_line(1000), wrong)) == "sale.lines[1].amount_minor"


@pytest.mark.parametrize(("amount_minor", "taxes"), [(1000, (0, 167, 1000)), (0, (0,)), (-500, (-500, -83, 0))])
def test_tax_is_within_what_was_paid(amount_minor: int, taxes: tuple[int, ...]) -> None:
    def sale(tax_minor: int) -> Sale:
        return make.a_sale(replace(make.a_line(amount_minor), tax_minor=tax_minor))

    for tax_minor in taxes:
        check_sale(sale(tax_minor))
    for tax_minor in (min(taxes) - 1, max(taxes) + 1):
        assert refused_field(sale(tax_minor)) == "sale.lines[0].tax_minor"


def test_a_line_id_stands_on_a_receipt_once() -> None:
    assert refused_field(make.a_sale(make.a_line(100), make.a_line(200))) == "sale.lines[1].line_id"
    check_sale(make.a_sale(make.a_line(100), make.a_line(200, line_id="2")))


def test_tenders_add_up_to_the_lines_or_are_not_told() -> None:
    lines = (make.a_line(1000), make.a_line(500, line_id="2"))
    card, cash = Tender(TenderKind.PAYMENT_CARD, 2000), Tender(TenderKind.CASH, -500)
    check_sale(make.a_sale(*lines))
    check_sale(make.a_sale(*lines, tenders=(card, cash)))
    for tenders in [(card,), (card, cash, Tender(TenderKind.OTHER, 1))]:
        assert refused_field(make.a_sale(*lines, tenders=tenders)) == "sale.tenders"


def test_a_receipt_of_nothing_may_be_paid_with_nothing() -> None:
    check_sale(make.a_sale(make.a_line(0), tenders=(Tender(TenderKind.CASH, 0),)))


def test_the_total_is_what_was_paid_for_all_lines() -> None:
    assert make.a_sale(make.a_line(1000), make.a_line(-300, line_id="2")).total_minor == 700


def test_the_parts_of_a_receipt_key_are_told_apart() -> None:
    key = ReceiptKey("pos", "S1", "T1", date(2026, 3, 2), "R1")
    assert key.parts() == ("pos", "S1", "T1", "2026-03-02", "R1")


def test_what_comes_back_is_added_up_line_by_line() -> None:
    returned = {"1": 500}
    assert add_returned(returned, [("1", 250), ("2", 1000), ("1", 250)]) == {"1": 1000, "2": 1000}
    assert returned == {"1": 500}


def test_what_is_kept_of_a_line_is_exact() -> None:
    line = make.a_line(1000, quantity=3)
    assert kept_amount(line, {}) == 1000
    assert kept_amount(line, {"1": 1000, "2": 3000}) == Fraction(2000, 3)
    assert kept_amount(line, {"1": 3000}) == 0


def test_goods_taken_back_within_the_sale_stay_taken_back() -> None:
    line = weighed(-250, quantity_milli=-1000, unit_price_minor=250)
    assert kept_amount(line, {}) == -250


def test_what_a_line_takes_off_does_not_change_when_it_comes_back() -> None:
    rebate = weighed(-500, quantity_milli=1000, unit_price_minor=0, discount_minor=500)
    assert kept_amount(rebate, {"1": 1000}) == -500


# ---- what the same receipt is


@dataclass(frozen=True)
class FirstLine:
    """A line as the first receipts had it."""

    line_id: str
    sku: str
    category: str
    quantity_milli: int
    unit_price_minor: int
    discount_minor: int
    amount_minor: int


@dataclass(frozen=True)
class FirstSale:
    """What is compared of a receipt when it comes again."""

    lines: tuple[FirstLine, ...]


def test_a_receipt_recorded_before_lines_had_brands_and_taxes_is_the_same_when_it_comes_again() -> None:
    sale = make.a_sale(make.a_line(1000), make.a_line(300, line_id="2"))
    told = [asdict(line) for line in sale.lines]
    first = FirstSale(tuple(FirstLine(**{name: each[name] for name in FirstLine.__annotations__}) for each in told))
    branded = replace(sale, lines=(replace(sale.lines[0], brand="Tapal"), sale.lines[1]))
    taxed = replace(sale, lines=(sale.lines[0], replace(sale.lines[1], tax_minor=1)))

    assert field_digests(sale)["lines"] == field_digests(first)["lines"]
    assert len({field_digests(each)["lines"] for each in (sale, branded, taxed)}) == 3
