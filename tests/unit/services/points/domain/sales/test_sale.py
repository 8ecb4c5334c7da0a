"""Receipts that contradict themselves are refused by the field that does."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date
from fractions import Fraction

import pytest

from kit.digests import field_digests
from kit.errors import Invalid
from services.points.domain.sales.sale import (
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


def weighed(
    amount_minor: int, *, quantity_milli: int, unit_price_minor: int | None, discount_minor: int = 0
) -> PurchaseLine:
    return PurchaseLine("1", "TEA", "", quantity_milli, unit_price_minor, discount_minor, amount_minor)


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
    for tenders in [(card,), (card, replace(cash, kind=TenderKind.OTHER), Tender(TenderKind.OTHER, 1))]:
        assert refused_field(make.a_sale(*lines, tenders=tenders)) == "sale.tenders"


def test_a_total_paid_in_cash_may_be_rounded_to_the_coins_there_are() -> None:
    def sale(kind: TenderKind, amount_minor: int, rounding: int = 0) -> Sale:
        tenders = (Tender(TenderKind.VOUCHER, 500), Tender(kind, amount_minor))
        return replace(make.a_sale(make.a_line(1997), tenders=tenders), cash_rounding_minor=rounding)

    for amount in (1492, 1495, 1497, 1500, 1502):
        check_sale(sale(TenderKind.CASH, amount))
    for refused in (sale(TenderKind.CASH, 1491), sale(TenderKind.CASH, 1503), sale(TenderKind.PAYMENT_CARD, 1495)):
        assert refused_field(refused) == "sale.tenders"


@pytest.mark.parametrize(("kind", "off"), [(TenderKind.PAYMENT_CARD, 1), (TenderKind.CASH, 6)])
def test_cash_rounding_that_is_told_is_added_to_the_lines(kind: TenderKind, off: int) -> None:
    def sale(amount_minor: int) -> Sale:
        return replace(make.a_sale(make.a_line(1949), tenders=(Tender(kind, amount_minor),)), cash_rounding_minor=-49)

    check_sale(sale(1900))
    for amount in (1900 - off, 1900 + off):
        assert refused_field(sale(amount)) == "sale.tenders"


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


def test_a_line_without_goods_is_kept_in_full() -> None:
    fee = weighed(250, quantity_milli=0, unit_price_minor=None)
    assert kept_amount(fee, {}) == kept_amount(fee, {"1": 1000}) == 250


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
